//! What the messages of a run have in common, and how one is put together.

use serde_json::{Value, json};

use super::advice::next_step;
use super::facts::{self, LISTED};
use super::{Backup, Event, Message, Severity, console_link, words};
use crate::domain::set::{Reason, SetStatus};
use jiff::Timestamp;

/// What differs from message to message.
pub struct Parts<'a> {
    pub event: Event,
    pub severity: Severity,
    pub subject: &'a str,
    pub happened: &'a str,
    pub means: &'a str,
    pub steps: &'a [String],
    pub reasons: &'a [Reason],
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
                "Whether its set is sealed, and which set could be restored today, could not be read. To look: holdfast sets {}",
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

    /// One step for each reason, each said once; first of all, an application that is still at rest.
    pub(super) fn steps(&self, reasons: &[Reason]) -> Vec<String> {
        let mut steps = Vec::new();
        if let Some(at) = facts::left_quiesced(self.run) {
            steps.push(format!(
                "FIRST: {} was brought to rest at {} and was not brought back. Bring it back by hand, by what {} to resume.",
                self.name(),
                words::time(at),
                facts::hooks_do(self.run)
            ));
        }
        if self.unreadable.is_some() {
            steps.push(format!(
                "FIRST: see whether {} is at rest, which could not be read either. If it is, bring it back by hand, by what its hooks do to resume.",
                self.name()
            ));
        }
        for reason in reasons {
            let step = next_step(&words::name(&reason.error), &words::name(&reason.subject), self.name());
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
        steps.truncate(LISTED);
        steps
    }

    pub(super) fn message(&self, parts: Parts<'_>) -> Message {
        let Parts {
            event,
            severity,
            subject,
            happened,
            means,
            steps,
            reasons,
        } = parts;
        let subject = words::subject(subject);
        let link = console_link(self.execution);
        let body = [
            ("What happened", words::part(happened, facts::HAPPENED)),
            ("What it means", means.to_owned()),
        ];
        let text = text(&subject, &body, steps, self.execution, self.started_at);
        let (available, planned) = facts::tally(self.set, self.points);
        let set = self.set;
        let json = json!({
            "event": event,
            "severity": severity,
            "deployment": self.deployment,
            "execution": self.execution,
            "console": link,
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
            "next_steps": steps,
        });
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

/// A message for people: its subject, its parts under their titles, the steps, and the execution.
pub fn text(
    subject: &str,
    parts: &[(&str, String)],
    steps: &[String],
    execution: &str,
    started_at: Timestamp,
) -> String {
    let parts: String = parts
        .iter()
        .map(|(title, part)| format!("{title}\n{part}\n\n"))
        .collect();
    let numbered: Vec<String> = (1..)
        .zip(steps)
        .map(|(number, step)| format!("{number}. {step}"))
        .collect();
    format!(
        "{subject}\n\n{parts}What to do next\n{}\n\nThe execution, begun {}:\n{}\n",
        words::part(&numbered.join("\n"), facts::STEPS),
        words::time(started_at),
        console_link(execution)
    )
}
