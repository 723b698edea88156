//! What the messages of a run have in common, and how one is put together.

use serde_json::{Value, json};

use super::facts::{self, LISTED};
use super::layout::{Page, Section, Step, text};
use super::{Backup, Event, Message, Severity, advice, console_link, placing, words};
use crate::domain::machine::Machine;
use crate::domain::set::{Reason, SetStatus};
use jiff::Timestamp;

/// What differs from message to message.
pub struct Parts<'a> {
    pub event: Event,
    pub severity: Severity,
    pub subject: &'a str,
    /// What happened, in a sentence or two.
    pub happened: &'a str,
    /// Whether it can be trusted, and what is used now.
    pub means: &'a str,
    /// What to do: now the first.
    pub steps: &'a [Step],
    /// What went wrong.
    pub reasons: &'a [Reason],
    /// What else there is to know, what matters most first.
    pub sections: Vec<Section>,
}

/// What of a message is for people, and its steps for machines.
pub struct LaidOut {
    pub subject: String,
    pub text: String,
    pub next_steps: Vec<String>,
}

impl Parts<'_> {
    /// Its page, with every command of ours in the stack and the Region of the execution (see [`placing`]); `all` shows what has no room.
    pub fn laid_out(self, execution: &str, started_at: Timestamp, all: Option<String>) -> LaidOut {
        let subject = words::subject(self.subject);
        let place = placing::place(execution);
        let placed = |text: &str| placing::sentences(text, &place);
        let steps: Vec<Step> = self.steps.iter().map(|step| step.placed(&place)).collect();
        let text = text(&Page {
            subject: &subject,
            happened: &placed(self.happened),
            means: &placed(self.means),
            steps: &steps,
            why: why(self.event, self.reasons).placed(&place),
            sections: self
                .sections
                .into_iter()
                .map(|section| section.placed(&place))
                .collect(),
            all: all.map(|all| placing::command(&all, &place)),
            foot: foot(execution, started_at),
        });
        LaidOut {
            subject,
            text,
            next_steps: steps.iter().map(Step::line).collect(),
        }
    }
}

impl Backup<'_> {
    pub(super) fn name(&self) -> &str {
        self.deployment.unwrap_or("(no deployment)")
    }

    /// Why the set is not sealed: what the set says, and what took the machine from its way.
    pub(super) fn reasons(&self) -> Vec<Reason> {
        let mut reasons = self.set.map(|set| set.reasons.clone()).unwrap_or_default();
        if let Some(failure) = self.failure
            && !failure.is_told_by(&reasons)
        {
            reasons.push(failure.clone());
        }
        reasons.extend(self.unreadable.cloned());
        reasons
    }

    /// What a restore could take today.
    pub(super) fn standing(&self) -> String {
        match self.unreadable {
            Some(_) => format!(
                "Whether its set is sealed, and which set could be restored today, could not be read. To look: `holdfast sets {}`",
                self.name()
            ),
            None => facts::newest_sealed(self.name(), self.newest_sealed, self.now),
        }
    }

    /// What went wrong beside the set.
    pub(super) fn warnings(&self) -> Vec<Reason> {
        let mut warnings = self.run.map(|run| run.warnings.clone()).unwrap_or_default();
        warnings.extend(
            self.set
                .map(|set| facts::probe_warnings(&set.probes))
                .unwrap_or_default(),
        );
        // A machine that left its way after sealing: pruning, or closing the run.
        if let (Some(set), Some(failure)) = (self.set, self.failure)
            && set.status == SetStatus::Sealed
            && !warnings.contains(failure)
        {
            warnings.push(failure.clone());
        }
        warnings
    }

    /// One step for each cause; first of all, an application that is still at rest.
    pub(super) fn steps(&self, reasons: &[Reason]) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Some(at) = facts::left_quiesced(self.run) {
            steps.push(Step::say(format!(
                "See whether {} serves its users: it was brought to rest at {} and was not brought back. If it does not, bring it back by hand, by what {hooks} to resume. Holdfast tries once more, and tells if that helps.",
                self.name(),
                words::time(at),
                hooks = facts::hooks_do(self.run)
            )));
        }
        if self.unreadable.is_some() {
            steps.push(Step::say(format!(
                "See whether {} serves its users: whether it is at rest could not be read either. If it does not, bring it back by \
                 hand, by what its hooks do to resume.",
                self.name()
            )));
        }
        steps.extend(advice::steps(Machine::Backup, reasons, self.name()));
        steps
    }

    pub(super) fn message(&self, parts: Parts<'_>) -> Message {
        let set = self.set;
        let (event, severity, reasons) = (parts.event, parts.severity, parts.reasons);
        let all = set.map(|set| format!("holdfast show {} {}", self.name(), set.id));
        let LaidOut {
            subject,
            text,
            next_steps,
        } = parts.laid_out(self.execution, self.started_at, all);
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
            "left_quiesced_at": facts::left_quiesced(self.run),
            "probes": set.map_or(Value::Null, |set| set.probes.iter().take(LISTED).map(|probe| json!({"name": words::name(&probe.name), "count": probe.count})).collect()),
            "reasons": facts::reasons_json(reasons),
            "newest_sealed": facts::newest_sealed_json(self.newest_sealed, self.now),
            "next_steps": next_steps,
        });
        let json = placing::json(json, &placing::place(self.execution));
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

/// The last lines: where the execution is, and of which account.
fn foot(execution: &str, started_at: Timestamp) -> [String; 2] {
    let account = execution.split(':').nth(4).filter(|account| !account.is_empty());
    let account = account
        .map(|account| format!(" in account {account}"))
        .unwrap_or_default();
    let begun = format!("The execution{account}, begun {}:", words::time(started_at));
    [begun, console_link(execution)]
}

/// What went wrong: the whole of it, or beside what went well.
fn why(event: Event, reasons: &[Reason]) -> Section {
    let title = match event {
        Event::BackupSealed
        | Event::RestoreVerified
        | Event::RestoreUnproven
        | Event::RestoreCutOver
        | Event::CutOverUndone => "But look at this",
        _ => "Why",
    };
    Section::list(title, facts::reasons(reasons))
}
