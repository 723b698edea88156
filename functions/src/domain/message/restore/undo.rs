//! Restores that are undone by an execution of their own.

use super::failure::{by_line, removal_steps};
use super::success::warning_steps;
use super::{RestoreOutcome, RestoreReport, commands, copies, facts};
use crate::domain::message::builder::MessageParts;
use crate::domain::message::facts as common;
use crate::domain::message::layout::{NextStep, Section};
use crate::domain::message::{Event, Message, Severity};
use crate::domain::restore::{RestoreRecord, RestoreStatus};
use crate::domain::set::Reason;

/// The message of an execution of `undo-restore`, its outcome, and whether it succeeded.
pub fn restore_undone(restore: &RestoreReport<'_>) -> (Message, RestoreOutcome, bool) {
    let Some(record) = restore.record else {
        return (not_known(restore, "undo of a restore"), RestoreOutcome::Failed, false);
    };
    let name = restore.name();
    let reasons: Vec<Reason> = restore
        .failure
        .into_iter()
        .chain(restore.unreadable)
        .flat_map(by_line)
        .collect();
    let copies_exist = restore.items.iter().any(copies::may_exist);
    let all_removed =
        reasons.is_empty() && record.left.is_empty() && !copies_exist && record.status == RestoreStatus::Undone;
    if all_removed {
        let happened = format!(
            "Everything that restore {} of {name} had created was removed.",
            record.id
        );
        let message = restore.message(MessageParts {
            event: Event::RestoreUndone,
            severity: Severity::Info,
            subject: &format!("Holdfast: what the restore of {name} had created is removed"),
            happened: &happened,
            means: "The application uses what it used before, which was not touched.",
            steps: &[NextStep::run(
                "Nothing. If it still has to be restored",
                format!("{} --dry-run", commands::again(record)),
            )],
            reasons: &[],
            sections: vec![Section::list("Removed", copies::copies(restore.items))],
        });
        return (message, RestoreOutcome::Undone, true);
    }
    // Refused before anything was started.
    let refused = record.status != RestoreStatus::Undone;
    let happened = match refused {
        true => format!("Nothing that restore {} of {name} had created was removed.", record.id),
        false => format!(
            "Not everything that restore {} of {name} had created could be removed.",
            record.id
        ),
    };
    let mut steps = restore.steps(&reasons);
    match refused {
        // Never by hand: somebody uses it.
        true => {
            let again = NextStep::run(
                "When nobody uses it any more, remove it",
                commands::undo_restore(record),
            );
            steps = NextStep::finally(steps, again);
        }
        false => steps.extend(removal_steps(record)),
    }
    let message = restore.message(MessageParts {
        event: Event::UndoFailed,
        severity: Severity::Critical,
        subject: &match refused {
            true => format!(
                "Holdfast: what the restore of {name} created is NOT REMOVED ({})",
                restore.why(&reasons)
            ),
            false => format!("Holdfast: NOT ALL THAT THE RESTORE OF {name} CREATED IS REMOVED"),
        },
        happened: &happened,
        means: match refused {
            true => "Whoever uses it can continue to. It costs as much as what it was restored from.",
            false => "This does not affect the application. What is left costs as much as what it was restored from.",
        },
        steps: &steps,
        reasons: &reasons,
        sections: vec![
            Section::list("Not removed", common::reasons(&record.left)),
            Section::list("Its copies", copies::copies(restore.items)),
        ],
    });
    (message, RestoreOutcome::Failed, false)
}

/// The state that refuses to undo a cut-over twice.
const PLANNING: &str = "PlanUndoCutOver";

/// An earlier execution has done it: whoever starts it again may not know.
fn already_undone(restore: &RestoreReport<'_>, record: &RestoreRecord) -> Message {
    let name = restore.name();
    let happened = format!(
        "The cut-over of restore {} of {name} had already been undone: this execution has touched nothing.",
        record.id
    );
    restore.message(MessageParts {
        event: Event::CutOverUndone,
        severity: Severity::Info,
        subject: &format!("Holdfast: {name} had already been switched back"),
        happened: &happened,
        means: "The application uses what it used before the restore, unless somebody has switched it since.",
        steps: &[NextStep::say("See whether the application works.")],
        reasons: &[],
        sections: vec![Section::list(
            "Where each switch points",
            facts::switched(&record.switched),
        )],
    })
}

/// The message of an execution of `undo-cut-over`, its outcome, and whether it succeeded.
pub fn cut_over_undone(restore: &RestoreReport<'_>) -> (Message, RestoreOutcome, bool) {
    let Some(record) = restore.record else {
        return (not_known(restore, "undo of a cut-over"), RestoreOutcome::Failed, false);
    };
    let name = restore.name();
    let warnings = run_warnings(restore);
    let quiesced = common::left_quiesced(restore.run).is_some();
    if record.status == RestoreStatus::SwitchedBack && warnings.iter().any(|reason| reason.subject == PLANNING) {
        return (already_undone(restore, record), RestoreOutcome::SwitchedBack, true);
    }
    if record.status == RestoreStatus::SwitchedBack {
        let descriptor = match record.followed.is_empty() {
            true => "",
            false => " The descriptor in the catalog has its previous names again.",
        };
        let happened = format!(
            "The cut-over of restore {} of {name} was undone.{descriptor}",
            record.id
        );
        let mut steps = restore.steps(&[]);
        steps.push(NextStep::say("See whether the application works."));
        steps.extend(warning_steps(&warnings));
        steps.push(NextStep::say(
            "Revert what you changed in the infrastructure's source and in your descriptor file for the cut-over.",
        ));
        steps.push(NextStep::run(
            "When nothing that users wrote to the copies is needed any more, remove the copies, and that data with them",
            commands::undo_restore(record),
        ));
        let severity = match (quiesced, warnings.is_empty()) {
            (true, _) => Severity::Critical,
            (false, false) => Severity::Warning,
            (false, true) => Severity::Info,
        };
        let still = if quiesced { "IS STILL QUIESCED; " } else { "" };
        let message = restore.message(MessageParts {
            event: Event::CutOverUndone,
            severity,
            subject: &format!("Holdfast: {name} {still}switched back to what it used before"),
            happened: &happened,
            means: "The application uses what it used before the restore. What was written to the copies is only in the copies.",
            steps: &steps,
            reasons: &warnings,
            sections: vec![
                Section::list("Where each switch points", facts::switched(&record.switched)),
                Section::list("The copies, which still exist", copies::copies(restore.items)),
            ],
        });
        return (message, RestoreOutcome::SwitchedBack, true);
    }
    let cut_over = matches!(record.status, RestoreStatus::Switching | RestoreStatus::CutOver);
    let happened = match cut_over {
        true => format!(
            "The cut-over of restore {} of {name} could not be fully undone.",
            record.id
        ),
        false => format!(
            "Restore {} of {name} was not cut over: there is nothing to undo, and nothing was touched.",
            record.id
        ),
    };
    let mut steps = restore.steps(&[]);
    match cut_over {
        true => steps.extend(restore.switch_back_steps(record, &warnings)),
        false => steps.push(NextStep::run("See which restores exist", commands::restores(name))),
    }
    let message = restore.message(MessageParts {
        event: Event::CutOverFailed,
        severity: Severity::Critical,
        subject: &format!(
            "Holdfast: {name} COULD NOT BE SWITCHED BACK ({})",
            restore.why(&warnings)
        ),
        happened: &happened,
        means: match cut_over {
            true => "THE APPLICATION MAY USE SOME OF THE COPIES AND SOME OF WHAT WAS THERE BEFORE, as listed.",
            false => "The application uses what it used.",
        },
        steps: &steps,
        reasons: &warnings,
        sections: vec![Section::list(
            "EXACTLY WHERE EACH SWITCH POINTS",
            facts::switched(&record.switched),
        )],
    });
    (message, RestoreOutcome::Failed, false)
}

/// What went wrong in the run that undoes a cut-over, without the restore's own reasons, which belong to another run.
fn run_warnings(restore: &RestoreReport<'_>) -> Vec<Reason> {
    let mut warnings = restore.run.map(|run| run.warnings.clone()).unwrap_or_default();
    for reason in restore.failure.into_iter().chain(restore.unreadable) {
        if !reason.is_repeated_in(&warnings) {
            warnings.push(reason.clone());
        }
    }
    warnings
}

fn not_known(restore: &RestoreReport<'_>, what: &str) -> Message {
    let name = restore.name();
    let reasons = restore.reasons();
    let happened = format!("The {what} of {name} failed before the restore was found.");
    let mut steps = restore.steps(&reasons);
    steps.push(NextStep::run(
        "See which restores exist, and start again with the id of one",
        commands::restores(name),
    ));
    restore.message(MessageParts {
        event: Event::UndoFailed,
        severity: Severity::Critical,
        subject: &format!("Holdfast: {what} of {name} NOT STARTED ({})", restore.why(&reasons)),
        happened: &happened,
        means: "Nothing was touched by this execution.",
        steps: &steps,
        reasons: &reasons,
        sections: Vec::new(),
    })
}
