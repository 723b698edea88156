//! Restores that came to nothing: not begun, not allowed, failed and removed, failed and kept, failed and partly left.

use super::composing::{joined, listing};
use super::{Restore, commands, copies, facts};
use crate::domain::message::composing::Parts;
use crate::domain::message::facts::{self as common, LISTED};
use crate::domain::message::{Event, Message, Severity, words};
use crate::domain::restore::plan::OnFailure;
use crate::domain::restore::{RestoreRecord, RestoreStatus};
use crate::domain::set::Reason;

/// What a failed restore left in AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Nothing was created, or all of it is gone.
    Nothing,
    /// Copies that were to be kept.
    Kept,
    /// What could not be removed.
    Remains,
}

/// Every fault on a line of its own: a wrong request is refused with all of them.
pub fn not_started(restore: &Restore<'_>) -> Message {
    let name = restore.name();
    let reasons = restore.reasons();
    let error = reasons
        .first()
        .map_or("no reason recorded", |reason| reason.error.as_str());
    let busy = error == "DeploymentBusy";
    let happened = joined([
        Some(format!("The restore of {name} was not started; nothing was touched.")),
        Some(faults(&reasons)),
    ]);
    let mut steps = restore.steps(&reasons);
    match restore.deployment {
        Some(name) if !busy => steps.push(format!(
            "See first what would be done: holdfast restore {name} --dry-run"
        )),
        Some(_) => {}
        None => steps.push("See which deployments there are: holdfast deployments".to_owned()),
    }
    let means = match restore.deployment {
        Some(name) => common::newest_sealed(name, restore.newest_sealed, restore.now),
        None => "No deployment was restored by this execution.".to_owned(),
    };
    restore.message(Parts {
        event: Event::RestoreNotStarted,
        severity: if busy { Severity::Warning } else { Severity::Critical },
        subject: &format!("Holdfast: restore of {name} NOT STARTED ({error})"),
        happened: &happened,
        means: &means,
        steps: &steps,
        reasons: &reasons,
    })
}

fn faults(reasons: &[Reason]) -> String {
    let lines = reasons.iter().flat_map(|reason| {
        let head = format!("{}: {}", words::name(&reason.subject), words::name(&reason.error));
        let each = reason.message.lines().filter(|line| !line.trim().is_empty());
        let mut each: Vec<String> = each.map(|line| format!("  - {head}: {}", words::line(line))).collect();
        if each.is_empty() {
            each.push(format!("  - {head}"));
        }
        each
    });
    words::listed(lines.collect(), 2 * LISTED)
}

/// What became of it cannot be read.
pub fn unknown(restore: &Restore<'_>) -> Message {
    let name = restore.name();
    let reasons = restore.reasons();
    let happened = format!(
        "The restore of {name} ended, but what became of it cannot be read in the catalog.\n{}",
        common::reasons(&reasons)
    );
    let mut steps = restore.steps(&reasons);
    steps.push("Look in the execution, linked below, for the last state that ended well: it says what was made and what was switched.".to_owned());
    restore.message(Parts {
        event: Event::RestoreFailed,
        severity: Severity::Critical,
        subject: &format!("Holdfast: RESTORE OF {name}: ITS OUTCOME CANNOT BE READ"),
        happened: &happened,
        means: "Whether copies were made, and whether the application was switched to them, could not be read.",
        steps: &steps,
        reasons: &reasons,
    })
}

/// The plan was not allowed: nothing was touched.
pub fn rejected(restore: &Restore<'_>, record: &RestoreRecord) -> Message {
    let name = restore.name();
    let reasons = restore.reasons();
    let spoken = reasons.iter().any(|reason| reason.error == "Rejected");
    let how = if spoken { "REJECTED" } else { "NOT ANSWERED IN TIME" };
    let happened = format!(
        "On-call was asked whether {name} may be restored from {}, and {}. Nothing was touched.\n{}",
        restore.what(record),
        if spoken {
            "said no"
        } else {
            "did not answer in time, which means no"
        },
        common::reasons(&reasons)
    );
    let mut steps = restore.steps(&[]);
    steps.push("If it is wanted after all, start it again with the input of this execution, and say yes.".to_owned());
    restore.message(Parts {
        event: Event::RestoreRejected,
        severity: Severity::Warning,
        subject: &format!("Holdfast: restore of {name} {how}; nothing was touched"),
        happened: &happened,
        means: "The application uses what it used before. There are no copies.",
        steps: &steps,
        reasons: &reasons,
    })
}

/// It failed before anything was switched.
pub fn failed(restore: &Restore<'_>, record: &RestoreRecord) -> Message {
    let name = restore.name();
    let reasons = restore.reasons();
    let left = left(restore, record);
    let there = restore.items.iter().filter(|item| copies::may_be_there(item)).count();
    let what = match left {
        Left::Nothing if record.status == RestoreStatus::Undone => "everything that it had made is removed",
        Left::Nothing => "it had made nothing",
        Left::Kept => "its copies are kept, as was asked for",
        Left::Remains => "NOT ALL THAT IT MADE COULD BE REMOVED",
    };
    let checks = record.verification.as_ref().map(facts::checks);
    let happened = joined([
        Some(format!(
            "The restore of {name} from {} failed after {}; {what}.",
            restore.what(record),
            restore.took()
        )),
        Some(common::reasons(&reasons)),
        listing("Left, and where:", common::reasons(&record.left)),
        checks.and_then(|checks| listing("What was compared:", checks)),
        listing("Its copies:", copies::copies(restore.items)),
        facts::titled("To know:", &facts::remarks(restore.items)),
    ]);
    let mut steps = restore.steps(&reasons);
    match left {
        Left::Nothing => {}
        Left::Kept => steps.push(format!(
            "Look at the copies, then remove them: {}",
            commands::undo_restore(record, restore.execution)
        )),
        Left::Remains => {
            steps.push(format!(
                "Remove what is left, which can be tried as often as it takes: {}",
                commands::undo_restore(record, restore.execution)
            ));
            steps.push(
                "What that does not remove, remove in its service's console, by the names above; first see that it bears this restore's tag (holdfast:restore)."
                    .to_owned(),
            );
        }
    }
    steps.push(format!(
        "See what would be done, then restore again: {} --dry-run",
        commands::again(record)
    ));
    let means = match left {
        Left::Nothing => "The application uses what it used before, which was not touched.".to_owned(),
        Left::Kept | Left::Remains => format!(
            "The application uses what it used before, which was not touched. What is left ({}) costs as much as what it was made from.",
            words::count(there.max(record.left.len()), "thing")
        ),
    };
    let how = match left {
        Left::Nothing if record.status == RestoreStatus::Undone => "FAILED, undone",
        Left::Nothing => "FAILED before anything was made",
        Left::Kept => "FAILED, copies kept",
        Left::Remains => "FAILED AND IS NOT UNDONE",
    };
    restore.message(Parts {
        event: Event::RestoreFailed,
        severity: Severity::Critical,
        subject: &format!("Holdfast: RESTORE OF {name} {how} ({})", restore.why(&reasons)),
        happened: &happened,
        means: &means,
        steps: &steps,
        reasons: &reasons,
    })
}

fn left(restore: &Restore<'_>, record: &RestoreRecord) -> Left {
    let there = restore.items.iter().any(copies::may_be_there);
    match (record.left.is_empty() && !there, record.plan.on_failure) {
        (true, _) => Left::Nothing,
        (false, OnFailure::Keep) if record.left.is_empty() => Left::Kept,
        (false, _) => Left::Remains,
    }
}
