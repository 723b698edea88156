//! Restores without a result: not started, not approved, or failed with their copies removed, kept or partly removed.

use super::{RestoreReport, capacity_wait, commands, copies, facts};
use crate::domain::message::builder::MessageParts;
use crate::domain::message::facts as common;
use crate::domain::message::layout::{NextStep, Section};
use crate::domain::message::{Event, Message, Severity, words};
use crate::domain::restore::kept_copies::keeps;
use crate::domain::restore::plan::OnFailure;
use crate::domain::restore::verdict::VerificationOutcome;
use crate::domain::restore::{RestoreRecord, RestoreStatus};
use crate::domain::set::Reason;

/// What a failed restore left in AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leftovers {
    /// Nothing was created, or all of it is removed.
    Nothing,
    /// Copies that are kept as requested.
    Kept,
    /// Copies that only lack capacity.
    LackCapacity,
    /// Copies that could not be removed.
    Remains,
}

/// Every fault on a line of its own: an invalid request is refused with all of them.
pub fn not_started(restore: &RestoreReport<'_>) -> Message {
    let name = restore.name();
    let reasons: Vec<Reason> = restore.reasons().iter().flat_map(by_line).collect();
    let error = reasons
        .first()
        .map_or("no reason recorded", |reason| reason.error.as_str());
    let busy = error == "DeploymentBusy";
    let happened = format!("The restore of {name} was not started; nothing was touched.");
    let mut steps = restore.steps(&reasons);
    match restore.deployment {
        Some(name) if !busy => {
            let dry_run = NextStep::run(
                "See what would be done, and everything that prevents it",
                format!("holdfast restore {name} --dry-run"),
            );
            steps = NextStep::finally(steps, dry_run);
        }
        Some(_) => {}
        None => steps.push(NextStep::run("See which deployments exist", "holdfast deployments")),
    }
    let means = match restore.deployment {
        Some(name) => common::newest_sealed(name, restore.newest_sealed, restore.now),
        None => "No deployment was restored by this execution.".to_owned(),
    };
    restore.message(MessageParts {
        event: Event::RestoreNotStarted,
        severity: if busy { Severity::Warning } else { Severity::Critical },
        subject: &format!("Holdfast: restore of {name} NOT STARTED ({error})"),
        happened: &happened,
        means: &means,
        steps: &steps,
        reasons: &reasons,
        sections: Vec::new(),
    })
}

/// Each line as a reason of its own, so that every fault is reported and none is cut off.
pub fn by_line(reason: &Reason) -> Vec<Reason> {
    let lines = reason.message.lines().filter(|line| !line.trim().is_empty());
    let each: Vec<Reason> = lines
        .map(|line| Reason {
            message: line.to_owned(),
            ..reason.clone()
        })
        .collect();
    match each.is_empty() {
        true => vec![reason.clone()],
        false => each,
    }
}

/// Its outcome cannot be read.
pub fn unknown(restore: &RestoreReport<'_>) -> Message {
    let name = restore.name();
    let reasons = restore.reasons();
    let happened = format!("The restore of {name} ended, but its outcome cannot be read from the catalog.");
    let mut steps = restore.steps(&reasons);
    steps.push(NextStep::say(
        "Find the last state that succeeded in the execution, linked below: it shows what was created and what was switched.",
    ));
    restore.message(MessageParts {
        event: Event::RestoreFailed,
        severity: Severity::Critical,
        subject: &format!("Holdfast: RESTORE OF {name}: ITS OUTCOME CANNOT BE READ"),
        happened: &happened,
        means: "Whether copies were created, and whether the application was switched to them, could not be read.",
        steps: &steps,
        reasons: &reasons,
        sections: Vec::new(),
    })
}

/// The plan was not approved: nothing was touched.
pub fn rejected(restore: &RestoreReport<'_>, record: &RestoreRecord) -> Message {
    let name = restore.name();
    let reasons = restore.reasons();
    let said_no = reasons.iter().any(|reason| reason.error == "Rejected");
    let how = if said_no { "REJECTED" } else { "NOT ANSWERED IN TIME" };
    let happened = format!(
        "On-call was asked whether {name} may be restored from {}, and {}. Nothing was touched.",
        restore.what(record),
        if said_no {
            "said no"
        } else {
            "did not answer in time, which counts as no"
        },
    );
    let mut steps = restore.steps(&[]);
    steps.push(NextStep::run(
        "If it is needed after all, start it again, and approve it",
        commands::again(record),
    ));
    restore.message(MessageParts {
        event: Event::RestoreRejected,
        severity: Severity::Warning,
        subject: &format!("Holdfast: restore of {name} {how}; nothing was touched"),
        happened: &happened,
        means: "The application uses what it used before. There are no copies.",
        steps: &steps,
        reasons: &reasons,
        sections: Vec::new(),
    })
}

/// It failed before anything was switched.
pub fn failed(restore: &RestoreReport<'_>, record: &RestoreRecord) -> Message {
    let name = restore.name();
    let reasons = restore.reasons();
    let left = leftovers(restore, record);
    let existing = restore.items.iter().filter(|item| copies::may_exist(item)).count();
    let what = match left {
        Leftovers::Nothing if record.status == RestoreStatus::Undone => "everything that it had created is removed",
        Leftovers::Nothing => "it had created nothing",
        Leftovers::Kept => "its copies are kept, as requested",
        Leftovers::LackCapacity => "what it restored is kept",
        Leftovers::Remains => "NOT EVERYTHING THAT IT CREATED COULD BE REMOVED",
    };
    let happened = format!(
        "The restore of {name} from {} failed after {}; {what}.",
        restore.what(record),
        restore.took()
    );
    let mut steps = restore.steps(&reasons);
    match left {
        Leftovers::Nothing => {}
        Leftovers::Kept => steps.push(NextStep::run(
            "Look at the copies, then remove them",
            commands::undo_restore(record),
        )),
        Leftovers::LackCapacity => {
            let is_short = |reason: &Reason| {
                let kept = restore.items.iter().filter(|item| item.shortage.kept);
                reason.error == "DeadlineExceeded"
                    && kept
                        .map(|item| &item.planned.resource.name)
                        .any(|name| *name == reason.subject)
            };
            let others: Vec<Reason> = reasons.iter().filter(|reason| !is_short(reason)).cloned().collect();
            steps = restore.steps(&others);
            steps.extend(capacity_wait::kept_copies_steps(record, restore.items));
            steps.push(NextStep::run("To remove what is kept", commands::undo_restore(record)));
        }
        Leftovers::Remains => steps.extend(removal_steps(record)),
    }
    let differs = record
        .verification
        .as_ref()
        .is_some_and(|found| found.outcome == VerificationOutcome::Failed);
    let again = match differs {
        _ if left == Leftovers::LackCapacity => None,
        // Does not suggest this set again: its copy has just failed verification.
        true => Some(NextStep::run(
            "See which other sets exist",
            format!("holdfast sets {name}"),
        )),
        false => Some(NextStep::run(
            "See what another restore would do",
            format!("{} --dry-run", commands::again(record)),
        )),
    };
    if let Some(again) = again {
        steps = NextStep::finally(steps, again);
    }
    let mut sections = vec![Section::list("Not removed", common::reasons(&record.left))];
    sections.extend(facts::checks(record.verification.as_ref()));
    let same = sections.pop();
    sections.extend([
        Section::list("Its copies", copies::copies(restore.items)),
        Section::list("Remarks", facts::remarks(restore.items)),
    ]);
    sections.extend(same);
    let means = match left {
        Leftovers::Nothing => "The application uses what it used before, which was not touched.".to_owned(),
        Leftovers::Kept | Leftovers::LackCapacity | Leftovers::Remains => format!(
            "The application uses what it used before, which was not touched. What is left ({}) costs as much as what it was \
             restored from.",
            words::count(existing.max(record.left.len()), "thing")
        ),
    };
    let how = match left {
        Leftovers::Nothing if record.status == RestoreStatus::Undone => "FAILED, undone",
        Leftovers::Nothing => "FAILED before anything was created",
        Leftovers::Kept => "FAILED, copies kept",
        Leftovers::LackCapacity => "FAILED for lack of capacity, copies kept",
        Leftovers::Remains => "FAILED AND IS NOT UNDONE",
    };
    restore.message(MessageParts {
        event: Event::RestoreFailed,
        severity: Severity::Critical,
        subject: &format!("Holdfast: RESTORE OF {name} {how} ({})", restore.why(&reasons)),
        happened: &happened,
        means: &means,
        steps: &steps,
        reasons: &reasons,
        sections,
    })
}

/// How to remove what could not be removed.
pub fn removal_steps(record: &RestoreRecord) -> [NextStep; 2] {
    [
        NextStep::run(
            "Remove what is left, which can be repeated as often as needed",
            commands::undo_restore(record),
        ),
        NextStep::say(format!(
            "What that does not remove, remove in its service's console, by the names below, and only what has the tag \
             holdfast:restore = {}.",
            record.id
        )),
    ]
}

fn leftovers(restore: &RestoreReport<'_>, record: &RestoreRecord) -> Leftovers {
    let copies_exist = restore.items.iter().any(copies::may_exist);
    let none_left = record.left.is_empty();
    let checks = record.verification.as_ref().map(|found| found.checks.as_slice());
    match record.plan.on_failure {
        _ if none_left && !copies_exist => Leftovers::Nothing,
        _ if none_left && keeps(restore.items, checks.unwrap_or_default()) => Leftovers::LackCapacity,
        OnFailure::Keep if none_left => Leftovers::Kept,
        OnFailure::Keep | OnFailure::Undo => Leftovers::Remains,
    }
}
