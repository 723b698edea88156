//! The common parts of the messages of restores, and how a message is assembled.

use jiff::Timestamp;
use serde_json::json;

use super::{commands, copies, facts};
use crate::domain::machine::Machine;
use crate::domain::message::builder::{MessageParts, RenderedMessage};
use crate::domain::message::command_options;
use crate::domain::message::facts as common;
use crate::domain::message::layout::NextStep;
use crate::domain::message::{Message, advice, console_link, words};
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::{About, RestoreRecord, RestoreStatus};
use crate::domain::set::{BackupSet, Reason, RunRecord};

/// Bytes of the JSON.
const JSON: usize = 24 * 1024;

/// What is known about a restore when on-call is notified.
#[derive(Debug, Clone, Copy)]
pub struct RestoreReport<'a> {
    /// `None` if the execution's input names no deployment.
    pub deployment: Option<&'a str>,
    /// ARN of the reported execution: the restore's own, or that of its undo.
    pub execution: &'a str,
    pub started_at: Timestamp,
    pub now: Timestamp,
    /// That execution's run; `None` if planning did not get that far.
    pub run: Option<&'a RunRecord>,
    /// `None` if planning did not get that far.
    pub record: Option<&'a RestoreRecord>,
    pub items: &'a [RestoreItem],
    /// The error that stopped the machine.
    pub failure: Option<&'a Reason>,
    /// The deployment's newest sealed set.
    pub newest_sealed: Option<&'a BackupSet>,
    /// Why only the execution is known: a record in the catalog cannot be read.
    pub unreadable: Option<&'a Reason>,
}

impl<'a> RestoreReport<'a> {
    pub(super) fn name(&self) -> &'a str {
        self.deployment.unwrap_or("(no deployment)")
    }

    /// Why it failed: the record's own reasons, and the error that stopped the machine.
    pub(super) fn reasons(&self) -> Vec<Reason> {
        let mut reasons = self.record.map(|record| record.reasons.clone()).unwrap_or_default();
        if let Some(failure) = self.failure
            && !failure.is_repeated_in(&reasons)
        {
            reasons.push(failure.clone());
        }
        reasons.extend(self.unreadable.cloned());
        reasons
    }

    /// What went wrong apart from the restore itself, which succeeded.
    pub(super) fn warnings(&self) -> Vec<Reason> {
        let mut warnings = self.run.map(|run| run.warnings.clone()).unwrap_or_default();
        let others = self.reasons().into_iter().filter(|reason| refused(reason).is_none());
        for reason in others {
            if !warnings.contains(&reason) {
                warnings.push(reason);
            }
        }
        warnings
    }

    /// What a person was asked about and did not approve.
    pub(super) fn refused(&self) -> Option<About> {
        let recorded = self.record.into_iter().flat_map(|record| &record.reasons);
        recorded.chain(self.failure).find_map(refused)
    }

    /// Whether it failed during planning, with or without a plan in the catalog: nothing was started.
    pub(super) fn stopped_planning(&self) -> bool {
        self.failure
            .is_some_and(|failure| ["PlanRestore", "DescribeSecurityGroups"].contains(&failure.subject.as_str()))
    }

    /// Why a hook failed that had to follow the restore: what was restored is in use nevertheless.
    pub(super) fn failed_follow_up(&self) -> Option<&'a Reason> {
        self.failure.filter(|failure| failure.subject == "FollowRestore")
    }

    /// Whether a requested cut-over failed, other than because somebody said no.
    pub(super) fn stopped_switching(&self, record: &RestoreRecord) -> bool {
        let in_cut_over =
            |failure: &Reason| ["CutOver", "UndoCutOver", "AskCutOver"].contains(&failure.subject.as_str());
        let machine_failed = self.failure.is_some_and(in_cut_over) && self.refused().is_none();
        machine_failed
            || record
                .reasons
                .iter()
                .any(|reason| reason.subject.starts_with("switch "))
    }

    /// One step for each cause, after one for an application that is still quiesced.
    pub(super) fn steps(&self, reasons: &[Reason]) -> Vec<NextStep> {
        let mut steps = Vec::new();
        if let Some(at) = common::left_quiesced(self.run) {
            steps.push(NextStep::say(format!(
                "See whether {} serves its users: it was quiesced at {} and was not resumed. If it does not, resume it by \
                 hand: {by_hand}. Holdfast tries once more, and notifies you if that helps.",
                self.name(),
                words::time(at),
                by_hand = common::resume_by_hand(self.run)
            )));
        }
        if self.unreadable.is_some() {
            steps.push(NextStep::run(
                format!(
                    "See whether {} serves its users, and what it uses: neither could be read. To list what is known about its \
                     restores",
                    self.name()
                ),
                commands::restores(self.name()),
            ));
        }
        steps.extend(self.remedies(reasons));
        steps
    }

    /// How to resolve a half-finished cut-over: with the undo, which continues where it stopped, after fixing what blocks it, if
    /// anything does. By hand only what the switch has changed.
    pub(super) fn switch_back_steps(&self, record: &RestoreRecord, reasons: &[Reason]) -> Vec<NextStep> {
        let undo = commands::undo_cut_over(record);
        let is_retryable =
            |reason: &Reason| !["Conflict", "NotFound", "VerificationFailed"].contains(&reason.error.as_str());
        let mut steps = match reasons.iter().all(is_retryable) {
            true => {
                let mut steps = vec![NextStep::run(
                    "Keep users out, and switch back what is left, which can be repeated as often as needed",
                    undo,
                )];
                steps.extend(self.remedies(reasons));
                steps
            }
            false => NextStep::finally(
                self.remedies(reasons),
                NextStep::run("Keep users out, and switch back what is left", undo),
            ),
        };
        steps.push(NextStep::say(
            "If that does not help, set each switch below by hand to what it had before: of a secret or a parameter, restore only \
             what the switch names from that version, and leave the rest, above all a password, as it is now.",
        ));
        steps
    }

    /// One step for each cause.
    pub(super) fn remedies(&self, reasons: &[Reason]) -> Vec<NextStep> {
        let machine = Machine::of(self.execution).unwrap_or(Machine::Restore);
        advice::steps(machine, reasons, self.name())
    }

    /// For a message's subject: the first reason, and how many more there are.
    pub(super) fn why(&self, reasons: &[Reason]) -> String {
        match reasons {
            [] => "for a reason that was not recorded".to_owned(),
            [one] => format!("{}: {}", one.subject, one.error),
            [one, others @ ..] => format!("{}: {} and {} more", one.subject, one.error, others.len()),
        }
    }

    /// How long it took, as text.
    pub(super) fn took(&self) -> String {
        crate::domain::duration::friendly(common::seconds_since(self.started_at, self.now))
    }

    /// What was restored, as text: a set, or a point in time.
    pub(super) fn what(&self, record: &RestoreRecord) -> String {
        match (record.plan.at, &record.plan.set) {
            (Some(at), _) => format!("the point in time {}", words::time(at)),
            (None, Some(set)) => format!("set {}", words::name(set)),
            (None, None) => "retained backups".to_owned(),
        }
    }

    pub(super) fn message(&self, parts: MessageParts<'_>) -> Message {
        let (event, severity, reasons) = (parts.event, parts.severity, parts.reasons);
        let RenderedMessage {
            subject,
            text,
            next_steps,
        } = parts.render(self.execution, self.started_at, self.record.map(commands::show));
        let record = self.record;
        let verification = record.and_then(|record| record.verification.as_ref());
        let json = json!({
            "event": event,
            "severity": severity,
            "deployment": self.deployment,
            "execution": self.execution,
            "console": console_link(self.execution),
            "started_at": self.started_at,
            "told_at": self.now,
            "restore": record.map(|record| &record.id),
            "status": record.map(|record| record.status),
            "set": record.and_then(|record| record.plan.set.as_ref()),
            "at": record.and_then(|record| record.plan.at),
            "verification": verification.map(|verification| verification.outcome),
            "checks": facts::checks_json(verification),
            "copies": copies::copies_json(self.items),
            "switched": record.map(|record| facts::switched_json(&record.switched)),
            "live": record
                .filter(|record| record.status == RestoreStatus::CutOver)
                .map(|record| record.live().iter().map(|name| words::name(name)).collect::<Vec<_>>()),
            "left": record.map(|record| common::reasons_json(&record.left)),
            "left_quiesced_at": common::left_quiesced(self.run),
            "reasons": common::reasons_json(reasons),
            "newest_sealed": common::newest_sealed_json(self.newest_sealed, self.now),
            "next_steps": next_steps,
        });
        let json = command_options::add_in_json(json, &command_options::of_execution(self.execution));
        let json = words::fit(
            json,
            &["copies", "checks", "next_steps", "switched", "live", "left", "reasons"],
            JSON,
        );
        Message {
            subject,
            text,
            json,
            event,
            severity,
        }
    }
}

/// What on-call was asked about, if the answer was no, or did not arrive in time.
pub fn refused(reason: &Reason) -> Option<About> {
    let about = match reason.subject.as_str() {
        "AskApproval" => About::Plan,
        "AskCutOver" => About::CutOver,
        _ => return None,
    };
    ["Rejected", "States.Timeout", "States.HeartbeatTimeout"]
        .contains(&reason.error.as_str())
        .then_some(about)
}
