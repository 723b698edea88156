//! Executions of `restore`, and of what takes one back, that ended before they could report.

use super::cut_over::to_bring_in;
use super::{RestoreReport, commands, copies, facts};
use crate::domain::machine::{Activity, Machine};
use crate::domain::message::builder::MessageParts;
use crate::domain::message::facts as common;
use crate::domain::message::layout::{NextStep, Section};
use crate::domain::message::{EarlyEnd, Event, Message, Severity, words};
use crate::domain::restore::plan::OnFailure;
use crate::domain::restore::switch_progress::{SwitchRecord, SwitchState};
use crate::domain::restore::{RestoreRecord, RestoreStatus};
use crate::domain::set::Reason;

/// What the clean-up began for a restore whose execution ended early.
#[derive(Debug, Clone, Copy)]
pub enum CleanUpAction<'a> {
    /// There is nothing to take back.
    Nothing,
    /// An execution of this machine takes it back, and will tell what it came to.
    Begun(Machine),
    /// It has to be taken back, and the machine could not be started.
    NotBegun(Machine, &'a Reason),
}

/// The message of the clean-up after an execution that never reached its own Notify: of `restore`, or (`machine`) of what
/// takes one back.
pub fn restore_ended(
    restore: &RestoreReport<'_>,
    machine: Machine,
    ended: &EarlyEnd<'_>,
    after: CleanUpAction<'_>,
) -> Message {
    let name = restore.name();
    let reasons = restore.reasons();
    let what = machine.facts().noun;
    let how = match ended.status {
        "ABORTED" => "was aborted, in the console or by a command",
        "TIMED_OUT" => "ran out of its time",
        _ => "broke off",
    };
    let resumed = restore
        .run
        .and_then(|run| run.resumed_at.filter(|_| run.rested_at().is_some()));
    let record = restore.record;
    let mut happened = format!("The {what} of {name} {how} before it could report.");
    if let Some(cause) = ended.cause {
        happened.push_str(&format!(" Step Functions says: {}", words::line(cause)));
    }
    let mixed = record.is_some_and(|record| is_switched(record) && half_way(record));
    let since = [
        resumed.map(|at| format!("The application was brought back at {}.", words::time(at))),
        (ended.lease_released && !mixed).then(|| "The deployment is free for another run.".to_owned()),
        mixed.then(|| format!("Start nothing on {name} until all leads to one side.")),
        match after {
            CleanUpAction::Nothing => None,
            CleanUpAction::Begun(machine) if machine.activity() == Activity::SwitchBack => {
                Some("What had been switched is being switched back; you will be told what came of it.".to_owned())
            }
            CleanUpAction::Begun(_) => {
                Some("What it made is being removed; you will be told what came of it.".to_owned())
            }
            CleanUpAction::NotBegun(machine, reason) => Some(format!(
                "THE STATE MACHINE {} COULD NOT BE STARTED: {}: {}",
                machine.name(),
                words::name(&reason.error),
                words::line(&reason.message)
            )),
        },
    ];
    let sections = vec![
        Section::list("Since then", since.into_iter().flatten()),
        Section::list(
            "EXACTLY WHAT LEADS WHERE",
            record
                .map(|record| facts::switched(&record.switched))
                .unwrap_or_default(),
        ),
        Section::list(
            "Left, and where",
            record.map(|record| common::reasons(&record.left)).unwrap_or_default(),
        ),
        Section::list("Its copies", copies::copies(restore.items)),
    ];
    let mut steps = restore.steps(&[]);
    steps.extend(record.map_or_else(Vec::new, |record| next(restore, record, machine, after)));
    if record.is_none() {
        steps.push(match restore.unreadable {
            Some(_) => NextStep::say(
                "Look in the execution, linked below, for the last state that ended well: it says what was made and what was switched.",
            ),
            None => NextStep::run(
                "Unless it was stopped on purpose, start it again",
                format!("holdfast restore {name} --dry-run"),
            ),
        });
    }
    let status = words::name(ended.status);
    let mut means = state_in_full(restore, after).to_owned();
    if let Some(record) = record.filter(|record| record.status == RestoreStatus::CutOver && !mixed) {
        means.push_str(&format!(" {}", facts::trust(record.verification.as_ref())));
    }
    let mut message = restore.message(MessageParts {
        event: Event::RestoreEnded,
        severity: Severity::Critical,
        subject: &format!(
            "Holdfast: {what} of {name} ended {status}{}",
            state_in_short(restore, after)
        ),
        happened: &happened,
        means: &means,
        steps: &steps,
        reasons: &reasons,
        sections,
    });
    message.json["execution_status"] = status.into();
    message
}

/// What to do about a restore as the early end left it.
fn next(
    restore: &RestoreReport<'_>,
    record: &RestoreRecord,
    machine: Machine,
    after: CleanUpAction<'_>,
) -> Vec<NextStep> {
    let remove = |words: &str| NextStep::run(words, commands::undo_restore(record));
    let back = |words: &str| NextStep::run(words, commands::undo_cut_over(record));
    let again = NextStep::run(
        "Unless it was stopped on purpose, restore again",
        format!("{} --dry-run", commands::again(record)),
    );
    let there = restore.items.iter().any(copies::may_be_there);
    match (after, record.status) {
        (CleanUpAction::Begun(machine), _) if machine.activity() == Activity::SwitchBack => vec![back(
            "Keep users out until it is said that all is switched back. If nothing is heard in half an hour",
        )],
        (CleanUpAction::Begun(_), _) => vec![
            remove("Wait for the message that all is removed. If nothing is heard in some hours"),
            again,
        ],
        (CleanUpAction::NotBegun(machine, _), _) if machine.activity() == Activity::SwitchBack => {
            vec![back("Keep users out, and switch back what was switched")]
        }
        (CleanUpAction::NotBegun(..), _) => vec![remove("Remove what it made"), again],
        (CleanUpAction::Nothing, RestoreStatus::Switching | RestoreStatus::CutOver) if half_way(record) => {
            vec![back("Keep users out, and switch back what was switched")]
        }
        (CleanUpAction::Nothing, RestoreStatus::CutOver) if machine.activity() == Activity::SwitchBack => {
            vec![back("Nothing was switched back yet. Start again")]
        }
        (CleanUpAction::Nothing, RestoreStatus::CutOver) => {
            let way_back = back("See whether the application works: it uses the copies. If not, the way back");
            std::iter::once(way_back).chain(to_bring_in(record)).collect()
        }
        (CleanUpAction::Nothing, RestoreStatus::Undone) if record.left.is_empty() && !there => vec![again],
        (CleanUpAction::Nothing, RestoreStatus::Planned) => vec![again],
        (CleanUpAction::Nothing, RestoreStatus::Failed) if !there => vec![again],
        (CleanUpAction::Nothing, _) => vec![remove("When its copies are no longer needed, remove them"), again],
    }
}

/// Whether some switches may lead to the copies and some to what was there before: `undo-cut-over` leaves a restore as cut
/// over until all is switched back.
fn half_way(record: &RestoreRecord) -> bool {
    let done = |switched: &SwitchRecord| switched.state == SwitchState::Done;
    record.status == RestoreStatus::Switching || !record.switched.iter().all(done)
}

fn is_switched(record: &RestoreRecord) -> bool {
    matches!(record.status, RestoreStatus::Switching | RestoreStatus::CutOver)
}

/// The same in a subject, which is all that a telephone shows.
fn state_in_short<'a>(restore: &RestoreReport<'_>, after: CleanUpAction<'_>) -> &'a str {
    let there = restore.items.iter().any(copies::may_be_there);
    match (restore.record, after) {
        (None, _) => "",
        (Some(record), _) if is_switched(record) && half_way(record) => ": THE APPLICATION MAY BE HALF-SWITCHED",
        (Some(record), _) if record.status == RestoreStatus::CutOver => ": the application uses the copies",
        (_, CleanUpAction::NotBegun(..)) => ": ITS COPIES ARE NOT REMOVED, the application is as it was",
        (_, CleanUpAction::Begun(_)) => ": its copies are being removed, the application is as it was",
        _ if there => ": its copies are there, the application is as it was",
        _ => ": the application is as it was",
    }
}

/// What the application uses.
fn state_in_full<'a>(restore: &RestoreReport<'_>, after: CleanUpAction<'_>) -> &'a str {
    match (restore.record.map(|record| record.status), after) {
        (None, _) if restore.unreadable.is_some() => {
            "Whether copies were made, and whether the application was switched to them, could not be read."
        }
        (None, _) => "It made nothing and switched nothing.",
        (Some(RestoreStatus::Switching | RestoreStatus::CutOver), _) if restore.record.is_some_and(half_way) => {
            "THE APPLICATION MAY USE SOME OF THE COPIES AND SOME OF WHAT WAS THERE BEFORE, as listed."
        }
        (Some(RestoreStatus::CutOver), _) => "The application uses the copies.",
        (Some(RestoreStatus::Restored), _) => {
            "The copies are complete and stand beside what was there. The application uses what it used before."
        }
        (Some(_), CleanUpAction::Nothing)
            if restore
                .record
                .is_some_and(|record| record.plan.on_failure == OnFailure::Keep) =>
        {
            "The application uses what it used before. What was made of the copies is kept, as was asked for."
        }
        (Some(_), _) => "The application uses what it used before, which was not touched.",
    }
}

/// The message of a clean-up that brought an application back, of which on-call had been told that it is at rest.
pub fn restore_hooks_resumed(restore: &RestoreReport<'_>) -> Message {
    let name = restore.name();
    let at = restore.run.and_then(|run| run.resumed_at).unwrap_or(restore.now);
    restore.message(MessageParts {
        event: Event::BroughtBack,
        severity: Severity::Info,
        subject: &format!("Holdfast: {name} was brought back"),
        happened: &format!(
            "The application of {name}, which an earlier message called at rest, was brought back at {}.",
            words::time(at)
        ),
        means: "All hooks of this run have resumed.",
        steps: &[NextStep::say(
            "Nothing, unless somebody is bringing it back by hand: tell them.",
        )],
        reasons: &[],
        sections: Vec::new(),
    })
}
