//! What became of a cut-over: the application uses the copies, or was switched back, or uses some of each.

use super::composing::{joined, listing};
use super::succeeding::steps_beside;
use super::{Restore, commands, copies, facts};
use crate::domain::message::composing::Parts;
use crate::domain::message::facts as common;
use crate::domain::message::{Event, Message, Severity, words};
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::replaced::removable;
use crate::domain::restore::table::unmatched;
use crate::domain::restore::verdict::Outcome;

/// The application uses the copies.
pub fn cut_over(restore: &Restore<'_>, record: &RestoreRecord) -> Message {
    let name = restore.name();
    let warnings = restore.warnings();
    let quiesced = common::left_quiesced(restore.run).is_some();
    let verified = record
        .verification
        .as_ref()
        .is_some_and(|verification| verification.outcome == Outcome::Verified);
    let proof = if verified { "verified" } else { "unproven" };
    let live = record.live();
    let (how, uses) = match live.is_empty() {
        true => ("cut over", "the application uses the copies"),
        false => (
            "cut over IN PART",
            "the application uses the copies of some resources, and goes on using others live",
        ),
    };
    let happened = joined([
        Some(format!(
            "{name} was restored from {} after {}, {proof}, and {how}: {uses}.",
            restore.what(record),
            restore.took()
        )),
        facts::titled("NOT CUT OVER, in use as before:", &still_used(restore, &live)),
        Some(copies::copies(restore.items)),
        listing("Switched:", facts::switched(&record.switched)),
        listing(
            "From now on these are backed up; the descriptor in the catalog names them:",
            facts::followed(record),
        ),
        listing(
            "What was written since is not in the copies:",
            facts::lost(&record.plan),
        ),
        record
            .verification
            .as_ref()
            .and_then(|found| listing("What was compared:", facts::checks(found))),
        facts::titled(
            "Without a counterpart, in the set or in the descriptor:",
            &unmatched(&record.plan),
        ),
        facts::titled("To know:", &facts::remarks(restore.items)),
        facts::titled("Not covered:", &record.plan.not_covered),
        listing("But look at this:", common::reasons(&warnings)),
    ]);
    let mut steps = steps_beside(restore, &warnings);
    steps.push("See whether the application works, and has what was missed.".to_owned());
    if !live.is_empty() {
        steps.push(format!(
            "Its data is of two moments: see whether what it uses of the copies goes with the live {}; the way back is the next step.",
            words::line(&live.join(", "))
        ));
    }
    steps.push(format!(
        "The way back, as long as what was there before is not removed: {}",
        commands::undo_cut_over(record)
    ));
    if record.followed.iter().any(|change| change.back_at.is_none()) {
        steps.push(
            "Write the new names, above, into the file of your descriptor: applied as it is, it would name what is no longer used, and `holdfast apply` refuses it."
                .to_owned(),
        );
    }
    if record.infrastructure.is_some() {
        steps.push(
            "Before the next deployment, bring what is above into the infrastructure's source: it would take this back, or delete it."
                .to_owned(),
        );
    }
    let old = removable(record, restore.items);
    if !old.is_empty() {
        let more = match old.len().saturating_sub(common::LISTED) {
            0 => String::new(),
            more => format!(" and {more} more, each the one that its copy has replaced"),
        };
        let named: Vec<String> = old.iter().take(common::LISTED).map(|old| words::name(old)).collect();
        steps.push(format!(
            "When you are content, in some days, remove what nothing uses any more; Holdfast never does: {}{more}",
            named.join(", ")
        ));
    }
    let but = match (quiesced, warnings.len()) {
        (true, _) => ", BUT THE APPLICATION IS STILL AT REST".to_owned(),
        (false, 0) => String::new(),
        (false, number) => format!(", with {}", words::count(number, "warning")),
    };
    let severity = match (quiesced, warnings.is_empty() && verified && live.is_empty()) {
        (true, _) => Severity::Critical,
        (false, false) => Severity::Warning,
        (false, true) => Severity::Info,
    };
    restore.message(Parts {
        event: Event::RestoreCutOver,
        severity,
        subject: &format!("Holdfast: {name} restored, {proof} and {how}{but}"),
        happened: &happened,
        means: match live.is_empty() {
            true => "The application's data is that of the restore. What was there before is unchanged and beside it.",
            false => {
                "The application's data is that of the restore where a switch leads to a copy, and the live data where none does. What was there before is unchanged."
            }
        },
        steps: &steps,
        reasons: &warnings,
    })
}

/// What was not switched, with what it is.
fn still_used(restore: &Restore<'_>, live: &[String]) -> Vec<String> {
    let what = |name: &String| {
        let item = restore.items.iter().find(|item| item.planned.resource.name == *name);
        item.map_or_else(|| name.clone(), |item| facts::what(&item.planned.resource))
    };
    live.iter().map(what).collect()
}

/// The cut-over failed, and was taken back: the application uses what it used before.
pub fn switched_back(restore: &Restore<'_>, record: &RestoreRecord) -> Message {
    let name = restore.name();
    let reasons = restore.reasons();
    let happened = joined([
        Some(format!(
            "{name} was restored from {}, but could not be cut over. What had been switched was switched back.",
            restore.what(record)
        )),
        Some(common::reasons(&reasons)),
        listing("Now:", facts::switched(&record.switched)),
        listing("The copies are there:", copies::copies(restore.items)),
    ]);
    let mut steps = restore.steps(&reasons);
    steps.push("See whether the application works: it uses what it used before the restore.".to_owned());
    steps.push(format!(
        "When the cause is removed, restore and cut over again: {} --cut-over yes",
        commands::again(record)
    ));
    steps.push(format!(
        "When the copies are no longer needed, remove them: {}",
        commands::undo_restore(record, restore.execution)
    ));
    restore.message(Parts {
        event: Event::CutOverFailed,
        severity: Severity::Critical,
        subject: &format!(
            "Holdfast: CUT-OVER OF {name} FAILED, switched back ({})",
            restore.why(&reasons)
        ),
        happened: &happened,
        means: "The application uses what it used before. The copies stand beside it, as they were verified.",
        steps: &steps,
        reasons: &reasons,
    })
}

/// The cut-over neither ended nor could be taken back: the application may use some of each.
pub fn stuck(restore: &Restore<'_>, record: &RestoreRecord) -> Message {
    let name = restore.name();
    let reasons = restore.reasons();
    let happened = joined([
        Some(format!(
            "The cut-over of {name} failed and could not be taken back in full."
        )),
        Some(common::reasons(&reasons)),
        listing("EXACTLY WHAT LEADS WHERE:", facts::switched(&record.switched)),
        listing("The copies are there:", copies::copies(restore.items)),
    ]);
    let mut steps = restore.steps(&reasons);
    steps.insert(
        0,
        format!(
            "NOW: switch back what is left, which can be tried as often as it takes: {}",
            commands::undo_cut_over(record)
        ),
    );
    steps.push(
        "If that fails too, set what is listed above by hand to what it was before, each by the value that stands with it; then see whether the application works."
            .to_owned(),
    );
    restore.message(Parts {
        event: Event::CutOverFailed,
        severity: Severity::Critical,
        subject: &format!("Holdfast: CUT-OVER OF {name} STANDS HALF-WAY ({})", restore.why(&reasons)),
        happened: &happened,
        means: "THE APPLICATION MAY USE SOME OF THE COPIES AND SOME OF WHAT WAS THERE BEFORE. Keep users out until it is one or the other.",
        steps: &steps,
        reasons: &reasons,
    })
}
