//! Executions of `restore`, and of its undo, that ended before they could report.

use super::cut_over::source_update_steps;
use super::{RestoreReport, commands, copies, facts};
use crate::domain::machine::{Activity, Machine};
use crate::domain::message::builder::MessageParts;
use crate::domain::message::early_end::resumed;
use crate::domain::message::facts as common;
use crate::domain::message::layout::{NextStep, Section};
use crate::domain::message::{EarlyEnd, Event, Message, Severity, words};
use crate::domain::restore::plan::OnFailure;
use crate::domain::restore::switch_progress::{SwitchRecord, SwitchState};
use crate::domain::restore::{RestoreRecord, RestoreStatus};
use crate::domain::set::Reason;

/// What the clean-up started for a restore whose execution ended early.
#[derive(Debug, Clone, Copy)]
pub enum CleanUpAction<'a> {
    /// There is nothing to undo.
    Nothing,
    /// An execution of this machine undoes it, and will report the result.
    Begun(Machine),
    /// It has to be undone, but the machine could not be started.
    NotBegun(Machine, &'a Reason),
}

/// The clean-up's message about an execution that did not reach its Notify: of `restore`, or (`machine`) of its undo.
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
        "TIMED_OUT" => "timed out",
        _ => "ended unexpectedly",
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
        resumed.map(|at| format!("The application was resumed at {}.", words::time(at))),
        (ended.lease_released && !mixed).then(|| "The deployment is free for another run.".to_owned()),
        mixed.then(|| format!("Start no run of {name} until all switches point to the same side.")),
        match after {
            CleanUpAction::Nothing => None,
            CleanUpAction::Begun(machine) if machine.activity() == Activity::SwitchBack => {
                Some("What had been switched is being switched back; you will be notified of the result.".to_owned())
            }
            CleanUpAction::Begun(_) => {
                Some("What it created is being removed; you will be notified of the result.".to_owned())
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
            "EXACTLY WHERE EACH SWITCH POINTS",
            record
                .map(|record| facts::switched(&record.switched))
                .unwrap_or_default(),
        ),
        Section::list(
            "Not removed",
            record.map(|record| common::reasons(&record.left)).unwrap_or_default(),
        ),
        Section::list("Its copies", copies::copies(restore.items)),
    ];
    let mut steps = restore.steps(&[]);
    steps.extend(record.map_or_else(Vec::new, |record| next_steps(restore, record, machine, after)));
    if record.is_none() {
        steps.push(match restore.unreadable {
            Some(_) => NextStep::say(
                "Find the last state that succeeded in the execution, linked below: it shows what was created and what was \
                 switched.",
            ),
            None => NextStep::run(
                "Unless it was stopped on purpose, start it again",
                format!("holdfast restore {name} --dry-run"),
            ),
        });
    }
    let status = words::name(ended.status);
    let mut means = application_state(restore, after).to_owned();
    if let Some(record) = record.filter(|record| record.status == RestoreStatus::CutOver && !mixed) {
        means.push_str(&format!(" {}", facts::trust(record.verification.as_ref())));
    }
    let mut message = restore.message(MessageParts {
        event: Event::RestoreEnded,
        severity: Severity::Critical,
        subject: &format!(
            "Holdfast: {what} of {name} ended {status}{}",
            subject_suffix(restore, after)
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

/// What to do about a restore, depending on the state that the early end left.
fn next_steps(
    restore: &RestoreReport<'_>,
    record: &RestoreRecord,
    machine: Machine,
    after: CleanUpAction<'_>,
) -> Vec<NextStep> {
    let remove = |words: &str| NextStep::run(words, commands::undo_restore(record));
    let switch_back = |words: &str| NextStep::run(words, commands::undo_cut_over(record));
    let again = NextStep::run(
        "Unless it was stopped on purpose, restore again",
        format!("{} --dry-run", commands::again(record)),
    );
    let copies_exist = restore.items.iter().any(copies::may_exist);
    match (after, record.status) {
        (CleanUpAction::Begun(machine), _) if machine.activity() == Activity::SwitchBack => vec![switch_back(
            "Keep users out until a message says that everything is switched back. If there is none within half an hour",
        )],
        (CleanUpAction::Begun(_), _) => vec![
            remove("Wait for the message that everything is removed. If there is none within a few hours"),
            again,
        ],
        (CleanUpAction::NotBegun(machine, _), _) if machine.activity() == Activity::SwitchBack => {
            vec![switch_back("Keep users out, and switch back what was switched")]
        }
        (CleanUpAction::NotBegun(..), _) => vec![remove("Remove what it created"), again],
        (CleanUpAction::Nothing, RestoreStatus::Switching | RestoreStatus::CutOver) if half_way(record) => {
            vec![switch_back("Keep users out, and switch back what was switched")]
        }
        (CleanUpAction::Nothing, RestoreStatus::CutOver) if machine.activity() == Activity::SwitchBack => {
            vec![switch_back("Nothing was switched back yet. Start again")]
        }
        (CleanUpAction::Nothing, RestoreStatus::CutOver) => {
            let undo = switch_back("See whether the application works: it uses the copies. If not, switch back");
            std::iter::once(undo).chain(source_update_steps(record)).collect()
        }
        (CleanUpAction::Nothing, RestoreStatus::Undone) if record.left.is_empty() && !copies_exist => vec![again],
        (CleanUpAction::Nothing, RestoreStatus::Planned) => vec![again],
        (CleanUpAction::Nothing, RestoreStatus::Failed) if !copies_exist => vec![again],
        (CleanUpAction::Nothing, _) => vec![remove("When its copies are no longer needed, remove them"), again],
    }
}

/// Whether some switches may point to the copies and some to what was there before: `undo-cut-over` leaves a restore's status as
/// cut over until all are switched back.
fn half_way(record: &RestoreRecord) -> bool {
    let done = |switched: &SwitchRecord| switched.state == SwitchState::Done;
    record.status == RestoreStatus::Switching || !record.switched.iter().all(done)
}

fn is_switched(record: &RestoreRecord) -> bool {
    matches!(record.status, RestoreStatus::Switching | RestoreStatus::CutOver)
}

/// The same for the subject, which is all that a telephone shows.
fn subject_suffix<'a>(restore: &RestoreReport<'_>, after: CleanUpAction<'_>) -> &'a str {
    let copies_exist = restore.items.iter().any(copies::may_exist);
    match (restore.record, after) {
        (None, _) => "",
        (Some(record), _) if is_switched(record) && half_way(record) => ": THE APPLICATION MAY BE HALF-SWITCHED",
        (Some(record), _) if record.status == RestoreStatus::CutOver => ": the application uses the copies",
        (_, CleanUpAction::NotBegun(..)) => ": ITS COPIES ARE NOT REMOVED, the application is unchanged",
        (_, CleanUpAction::Begun(_)) => ": its copies are being removed, the application is unchanged",
        _ if copies_exist => ": its copies exist, the application is unchanged",
        _ => ": the application is unchanged",
    }
}

/// What the application uses.
fn application_state<'a>(restore: &RestoreReport<'_>, after: CleanUpAction<'_>) -> &'a str {
    match (restore.record.map(|record| record.status), after) {
        (None, _) if restore.unreadable.is_some() => {
            "Whether copies were created, and whether the application was switched to them, could not be read."
        }
        (None, _) => "It created nothing and switched nothing.",
        (Some(RestoreStatus::Switching | RestoreStatus::CutOver), _) if restore.record.is_some_and(half_way) => {
            "THE APPLICATION MAY USE SOME OF THE COPIES AND SOME OF WHAT WAS THERE BEFORE, as listed."
        }
        (Some(RestoreStatus::CutOver), _) => "The application uses the copies.",
        (Some(RestoreStatus::Restored), _) => "The copies are complete. The application uses what it used before.",
        (Some(_), CleanUpAction::Nothing)
            if restore
                .record
                .is_some_and(|record| record.plan.on_failure == OnFailure::Keep) =>
        {
            "The application uses what it used before. The copies that were created are kept, as requested."
        }
        (Some(_), _) => "The application uses what it used before, which was not touched.",
    }
}

/// The message of a clean-up that resumed an application after a message had reported it as quiesced.
pub fn restore_hooks_resumed(restore: &RestoreReport<'_>) -> Message {
    let at = restore.run.and_then(|run| run.resumed_at).unwrap_or(restore.now);
    resumed(restore.name(), at, |parts| restore.message(parts))
}
