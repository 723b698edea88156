//! The common parts of the messages of a backup, and how a message is assembled.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::machine::Machine;
use crate::domain::message::builder::{MessageParts, RenderedMessage};
use crate::domain::message::facts::{self, LISTED};
use crate::domain::message::layout::NextStep;
use crate::domain::message::{Message, advice, command_options, console_link, words};
use crate::domain::set::{BackupSet, Point, Reason, RunRecord, SetStatus};

/// What is known about a run when on-call is notified.
#[derive(Debug, Clone, Copy)]
pub struct BackupReport<'a> {
    /// `None` if the execution's input names no deployment.
    pub deployment: Option<&'a str>,
    /// ARN of the execution.
    pub execution: &'a str,
    pub started_at: Timestamp,
    pub now: Timestamp,
    /// `None` if planning did not get that far.
    pub run: Option<&'a RunRecord>,
    /// The run's own set; `None` if planning did not get that far.
    pub set: Option<&'a BackupSet>,
    pub points: &'a [Point],
    /// The deployment's newest sealed set, which may be the run's own.
    pub newest_sealed: Option<&'a BackupSet>,
    /// The error that stopped the machine.
    pub failure: Option<&'a Reason>,
    /// Why only the execution is known: a record in the catalog cannot be read.
    pub unreadable: Option<&'a Reason>,
}

impl BackupReport<'_> {
    pub(in crate::domain::message) fn name(&self) -> &str {
        self.deployment.unwrap_or("(no deployment)")
    }

    /// Why the set is not sealed: the set's own reasons, and the error that stopped the machine.
    pub(in crate::domain::message) fn reasons(&self) -> Vec<Reason> {
        let mut reasons = self.set.map(|set| set.reasons.clone()).unwrap_or_default();
        if let Some(failure) = self.failure
            && !failure.is_repeated_in(&reasons)
        {
            reasons.push(failure.clone());
        }
        reasons.extend(self.unreadable.cloned());
        reasons
    }

    /// Which set a restore could use today.
    pub(in crate::domain::message) fn restorable_now(&self) -> String {
        match self.unreadable {
            Some(_) => format!(
                "Whether its set is sealed, and which set could be restored today, could not be read. To check: `holdfast sets {}`",
                self.name()
            ),
            None => facts::newest_sealed(self.name(), self.newest_sealed, self.now),
        }
    }

    /// What went wrong apart from the set.
    pub(in crate::domain::message) fn warnings(&self) -> Vec<Reason> {
        let mut warnings = self.run.map(|run| run.warnings.clone()).unwrap_or_default();
        warnings.extend(
            self.set
                .map(|set| facts::probe_warnings(&set.probes))
                .unwrap_or_default(),
        );
        // The machine stopped after sealing: while pruning, or closing the run.
        if let (Some(set), Some(failure)) = (self.set, self.failure)
            && set.status == SetStatus::Sealed
            && !warnings.contains(failure)
        {
            warnings.push(failure.clone());
        }
        warnings
    }

    /// One step for each cause, after one for an application that is still quiesced.
    pub(in crate::domain::message) fn steps(&self, reasons: &[Reason]) -> Vec<NextStep> {
        let mut steps = Vec::new();
        if let Some(at) = facts::left_quiesced(self.run) {
            steps.push(NextStep::say(format!(
                "See whether {} serves its users: it was quiesced at {} and was not resumed. If it does not, resume it by \
                 hand: {by_hand}. Holdfast tries once more, and notifies you if that helps.",
                self.name(),
                words::time(at),
                by_hand = facts::resume_by_hand(self.run)
            )));
        }
        if self.unreadable.is_some() {
            steps.push(NextStep::say(format!(
                "See whether {} serves its users: whether it is quiesced could not be read either. If it does not, resume it by \
                 hand: do what its hooks do to resume.",
                self.name()
            )));
        }
        steps.extend(advice::steps(Machine::Backup, reasons, self.name()));
        steps
    }

    pub(in crate::domain::message) fn message(&self, parts: MessageParts<'_>) -> Message {
        let set = self.set;
        let (event, severity, reasons) = (parts.event, parts.severity, parts.reasons);
        let all = set.map(|set| format!("holdfast show {} {}", self.name(), set.id));
        let RenderedMessage {
            subject,
            text,
            next_steps,
        } = parts.render(self.execution, self.started_at, all);
        let (available, planned) = facts::tally(self.set, self.points);
        let json = json!({
            "event": event,
            "severity": severity,
            "deployment": self.deployment,
            "execution": self.execution,
            "console": console_link(self.execution),
            "started_at": self.started_at,
            "told_at": self.now,
            "set": set.map(|set| &set.id),
            "status": set.map(|set| set.status),
            "recovery_points": {"available": available, "planned": planned},
            "points": facts::points_json(self.points),
            "skew_seconds": set.and_then(|set| set.skew_seconds),
            "quiesced_seconds": set.and_then(|set| set.quiesced_seconds),
            "quiesced_throughout": set.and_then(|set| set.quiesced_throughout),
            "left_quiesced_at": facts::left_quiesced(self.run),
            "probes": set.map_or(Value::Null, |set| set.probes.iter().take(LISTED).map(|probe| json!({"name": words::name(&probe.name), "count": probe.count})).collect()),
            "reasons": facts::reasons_json(reasons),
            "newest_sealed": facts::newest_sealed_json(self.newest_sealed, self.now),
            "next_steps": next_steps,
        });
        let json = command_options::add_in_json(json, &command_options::of_execution(self.execution));
        let json = words::fit(json, &["points", "probes", "next_steps", "reasons"], facts::JSON);
        Message {
            subject,
            text,
            json,
            event,
            severity,
        }
    }
}
