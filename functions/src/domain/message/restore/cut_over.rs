//! The outcome of a cut-over: the application uses the copies, was switched back, or uses some of both.

use super::success::{follow_up_step, warning_steps};
use super::{RestoreReport, commands, copies, facts};
use crate::domain::message::builder::MessageParts;
use crate::domain::message::facts as common;
use crate::domain::message::layout::{NextStep, Section};
use crate::domain::message::{Event, Message, Severity, words};
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::plan_table::unmatched;
use crate::domain::restore::removable::removable;
use crate::domain::restore::verdict::VerificationOutcome;

/// The application uses the copies.
pub fn cut_over(restore: &RestoreReport<'_>, record: &RestoreRecord) -> Message {
    let name = restore.name();
    let warnings = restore.warnings();
    let quiesced = common::left_quiesced(restore.run).is_some();
    let verified = record
        .verification
        .as_ref()
        .is_some_and(|verification| verification.outcome == VerificationOutcome::Verified);
    let proof = if verified { "verified" } else { "unproven" };
    let live = record.live();
    let (how, uses) = match live.is_empty() {
        true => ("cut over", "the application uses the copies"),
        false => (
            "cut over IN PART",
            "the application uses the copies of some resources, and continues to use others live",
        ),
    };
    let happened = format!(
        "{name} was restored from {} after {} and {how}: {uses}.",
        restore.what(record),
        restore.took()
    );
    let means = format!(
        "{} What was there before is unchanged.",
        facts::trust(record.verification.as_ref())
    );
    let removable = removable(record, restore.items);
    let mut steps = restore.steps(&[]);
    steps.extend(follow_up_step(restore));
    steps.push(NextStep::run(
        "See whether the application works and has the missing data. If not, switch back; what is written from now on is then in \
         the copies only",
        commands::undo_cut_over(record),
    ));
    steps.extend(warning_steps(&warnings));
    if !live.is_empty() {
        steps.push(NextStep::say(
            "Its data is from two points in time: check that the copies that it uses are consistent with what it still uses live.",
        ));
    }
    steps.extend(source_update_steps(record));
    if !removable.is_empty() {
        steps.push(NextStep::say(
            "When you are satisfied, in a few days, remove what no switch points to any more, listed below: check first that \
             nothing else uses it, and that you do not need to switch back, which is impossible without it. Holdfast never removes \
             it.",
        ));
    }
    let mut sections = vec![
        Section::list("NOT CUT OVER, in use as before", still_used(restore, &live)),
        Section::list(
            "Without a counterpart, in the set or in the descriptor",
            unmatched(&record.plan),
        ),
    ];
    sections.extend(facts::checks(record.verification.as_ref()).into_iter().take(3));
    sections.extend([
        Section::list("Switched to the copies", facts::switched(&record.switched)),
        Section::list(
            "The copies, without what was written since",
            copies::copies(restore.items),
        ),
        Section::list(
            "Backed up from now on, according to the descriptor in the catalog",
            facts::descriptor_updates(record),
        ),
        Section::list(
            "What no switch points to any more",
            removable.iter().map(|old| words::name(&old.to_string())),
        ),
        Section::list("Remarks", facts::remarks(restore.items)),
        Section::list("Not covered", facts::lines(&record.plan.not_covered)),
    ]);
    let failed = restore.failed_follow_up().is_some();
    let but = match (failed, warnings.len()) {
        (true, _) => ", BUT WHAT FOLLOWS IT FAILED".to_owned(),
        (false, 0) => String::new(),
        (false, number) => format!(", with {}", words::count(number, "warning")),
    };
    let still = if quiesced { "IS STILL QUIESCED; " } else { "" };
    let severity = match (quiesced || failed, warnings.is_empty() && verified && live.is_empty()) {
        (true, _) => Severity::Critical,
        (false, false) => Severity::Warning,
        (false, true) => Severity::Info,
    };
    restore.message(MessageParts {
        event: Event::RestoreCutOver,
        severity,
        subject: &format!("Holdfast: {name} {still}restored, {proof} and {how}{but}"),
        happened: &happened,
        means: &means,
        steps: &steps,
        reasons: &warnings,
        sections,
    })
}

/// The changes that a cut-over requires in files that Holdfast does not have: without them, the next deployment reverts it.
pub fn source_update_steps(record: &RestoreRecord) -> Vec<NextStep> {
    let updated = record.followed.iter().any(|change| change.back_at.is_none());
    let names = updated.then(|| {
        NextStep::run(
            "Write the new names into your descriptor file, which still names what is no longer used. They are in",
            commands::show(record),
        )
    });
    let sources = record.infrastructure.is_some().then(|| {
        NextStep::run(
            "Before the next deployment of the infrastructure, which would revert this: add to its source what this prints (or \
             with --cloudformation)",
            commands::infrastructure(record),
        )
    });
    names.into_iter().chain(sources).collect()
}

/// The resources that were not switched, with their targets.
fn still_used(restore: &RestoreReport<'_>, live: &[String]) -> Vec<String> {
    let what = |name: &String| {
        let item = restore.items.iter().find(|item| item.planned.resource.name == *name);
        item.map_or_else(|| name.clone(), |item| facts::what(&item.planned.resource))
    };
    live.iter().map(what).collect()
}

/// The cut-over failed, and was undone: the application uses what it used before.
pub fn switched_back(restore: &RestoreReport<'_>, record: &RestoreRecord) -> Message {
    let name = restore.name();
    let reasons = restore.reasons();
    let happened = format!(
        "{name} was restored from {}, but could not be cut over. What had been switched was switched back.",
        restore.what(record)
    );
    let means = format!(
        "The application uses what it used before. {}",
        facts::trust(record.verification.as_ref())
    );
    let mut steps = restore.steps(&[]);
    steps.push(NextStep::say(
        "See whether the application works: it uses what it used before the restore.",
    ));
    steps.extend(restore.remedies(&reasons));
    steps.push(NextStep::run(
        "These copies can no longer be switched to: remove them",
        commands::undo_restore(record),
    ));
    let proven = record
        .verification
        .as_ref()
        .is_some_and(|found| found.outcome == VerificationOutcome::Verified);
    steps.push(NextStep::run(
        "When the cause is fixed, restore and cut over again",
        format!(
            "{} --cut-over {}",
            commands::again(record),
            if proven { "yes" } else { "ask" }
        ),
    ));
    restore.message(MessageParts {
        event: Event::CutOverFailed,
        severity: Severity::Critical,
        subject: &format!(
            "Holdfast: CUT-OVER OF {name} FAILED, switched back ({})",
            restore.why(&reasons)
        ),
        happened: &happened,
        means: &means,
        steps: &steps,
        reasons: &reasons,
        sections: vec![
            Section::list("Where each switch points", facts::switched(&record.switched)),
            Section::list("The copies, which still exist", copies::copies(restore.items)),
        ],
    })
}

/// The cut-over neither completed nor could be undone: the application may use some of both.
pub fn stuck(restore: &RestoreReport<'_>, record: &RestoreRecord) -> Message {
    let name = restore.name();
    let reasons = restore.reasons();
    let happened = format!("The cut-over of {name} failed and could not be fully undone.");
    let mut steps = restore.switch_back_steps(record, &reasons);
    steps.extend(restore.steps(&[]));
    restore.message(MessageParts {
        event: Event::CutOverFailed,
        severity: Severity::Critical,
        subject: &format!("Holdfast: CUT-OVER OF {name} STOPPED HALF-WAY ({})", restore.why(&reasons)),
        happened: &happened,
        means: "THE APPLICATION MAY USE SOME OF THE COPIES AND SOME OF WHAT WAS THERE BEFORE. Keep users out until it is one or the other.",
        steps: &steps,
        reasons: &reasons,
        sections: vec![
            Section::list("EXACTLY WHERE EACH SWITCH POINTS", facts::switched(&record.switched)),
            Section::list("The copies, which still exist", copies::copies(restore.items)),
        ],
    })
}
