//! What became of a cut-over: the application uses the copies, or was switched back, or uses some of each.

use super::success::warned;
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
            "the application uses the copies of some resources, and goes on using others live",
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
    steps.push(NextStep::run(
        "See whether the application works and has what was missed. If not, the way back, which leaves in the copies what is written from now on",
        commands::undo_cut_over(record),
    ));
    steps.extend(warned(&warnings));
    if !live.is_empty() {
        steps.push(NextStep::say(
            "Its data is of two moments: see whether the copies that it uses go with what it goes on using live.",
        ));
    }
    steps.extend(to_bring_in(record));
    if !removable.is_empty() {
        steps.push(NextStep::say(
            "When you are content, in some days, remove what no switch leads to any more, listed below: see first that nothing else uses it, \
             and that the way back, which ends with it, is not needed. Holdfast never removes it.",
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
            "The copies; what was written since is not in them",
            copies::copies(restore.items),
        ),
        Section::list(
            "Backed up from now on, as the descriptor in the catalog says",
            facts::followed(record),
        ),
        Section::list(
            "What no switch leads to any more",
            removable.iter().map(|old| words::name(old)),
        ),
        Section::list("To know", facts::remarks(restore.items)),
        Section::list("Not covered", facts::lines(&record.plan.not_covered)),
    ]);
    let but = match warnings.len() {
        0 => String::new(),
        number => format!(", with {}", words::count(number, "warning")),
    };
    let still = if quiesced { "IS STILL AT REST; " } else { "" };
    let severity = match (quiesced, warnings.is_empty() && verified && live.is_empty()) {
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

/// What a cut-over leaves to write into files that Holdfast does not have: without it, the next change of one takes it back.
pub fn to_bring_in(record: &RestoreRecord) -> Vec<NextStep> {
    let followed = record.followed.iter().any(|change| change.back_at.is_none());
    let names = followed.then(|| {
        NextStep::run(
            "Write the new names into the file of your descriptor, which as it is would name what is no longer used. They are in",
            commands::show(record),
        )
    });
    let sources = record.infrastructure.is_some().then(|| {
        NextStep::run(
            "Before the next deployment of the infrastructure, which would take this back: bring into its source what this prints (or with --cloudformation)",
            commands::infrastructure(record),
        )
    });
    names.into_iter().chain(sources).collect()
}

/// What was not switched, with what it is.
fn still_used(restore: &RestoreReport<'_>, live: &[String]) -> Vec<String> {
    let what = |name: &String| {
        let item = restore.items.iter().find(|item| item.planned.resource.name == *name);
        item.map_or_else(|| name.clone(), |item| facts::what(&item.planned.resource))
    };
    live.iter().map(what).collect()
}

/// The cut-over failed, and was taken back: the application uses what it used before.
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
        "These copies cannot be switched to any more: remove them",
        commands::undo_restore(record),
    ));
    let proven = record
        .verification
        .as_ref()
        .is_some_and(|found| found.outcome == VerificationOutcome::Verified);
    steps.push(NextStep::run(
        "When the cause is removed, restore and cut over again",
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
            Section::list("What leads where", facts::switched(&record.switched)),
            Section::list("The copies are there", copies::copies(restore.items)),
        ],
    })
}

/// The cut-over neither ended nor could be taken back: the application may use some of each.
pub fn stuck(restore: &RestoreReport<'_>, record: &RestoreRecord) -> Message {
    let name = restore.name();
    let reasons = restore.reasons();
    let happened = format!("The cut-over of {name} failed and could not be taken back in full.");
    let mut steps = restore.ways_back(record, &reasons);
    steps.extend(restore.steps(&[]));
    restore.message(MessageParts {
        event: Event::CutOverFailed,
        severity: Severity::Critical,
        subject: &format!("Holdfast: CUT-OVER OF {name} STANDS HALF-WAY ({})", restore.why(&reasons)),
        happened: &happened,
        means: "THE APPLICATION MAY USE SOME OF THE COPIES AND SOME OF WHAT WAS THERE BEFORE. Keep users out until it is one or the other.",
        steps: &steps,
        reasons: &reasons,
        sections: vec![
            Section::list("EXACTLY WHAT LEADS WHERE", facts::switched(&record.switched)),
            Section::list("The copies are there", copies::copies(restore.items)),
        ],
    })
}
