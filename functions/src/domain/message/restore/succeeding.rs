//! Restores that came to what was asked for: a plan, or copies beside what was there.

use super::composing::{joined, listing};
use super::{Restore, commands, copies, facts};
use crate::domain::message::composing::Parts;
use crate::domain::message::facts as common;
use crate::domain::message::{Event, Message, Severity, words};
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::plan::CutOverMode;
use crate::domain::restore::table::table;
use crate::domain::restore::verdict::Outcome;
use crate::domain::set::Reason;

/// What the plan says, for those who have to judge it.
pub fn plan(record: &RestoreRecord) -> String {
    words::lines(&table(&record.plan))
}

/// A dry run: nothing was touched.
pub fn planned(restore: &Restore<'_>, record: &RestoreRecord) -> Message {
    let name = restore.name();
    let number = record.plan.resources.len();
    let what = restore.what(record);
    let happened = format!(
        "A restore of {name} from {what} was planned, and everything that it needs was found. Nothing was touched.\n{}",
        plan(record)
    );
    let steps = [
        format!("To carry it out: {}", commands::again(record)),
        "Or start the state machine restore with the input of this execution, without `dry_run`.".to_owned(),
    ];
    restore.message(Parts {
        event: Event::RestorePlanned,
        severity: Severity::Info,
        subject: &format!("Holdfast: restore of {name} planned, {}", words::count(number, "resource")),
        happened: &happened,
        means: "The plan holds as long as its recovery points, keys and quotas are what they are now. It is made anew when the restore is started.",
        steps: &steps,
        reasons: &[],
    })
}

/// One step for each thing that went wrong beside a restore that did what it should.
pub fn steps_beside(restore: &Restore<'_>, warnings: &[Reason]) -> Vec<String> {
    let mut steps = restore.steps(&[]);
    let warned = warnings.iter().take(common::LISTED).map(|warning| {
        format!(
            "{}: {}. The restore itself does not depend on it: look at it in the execution, linked below.",
            words::name(&warning.subject),
            words::name(&warning.error)
        )
    });
    steps.extend(warned);
    steps
}

/// Copies that stand beside what was there: proven or not, and (`refused`) perhaps not to be switched to.
pub fn beside(restore: &Restore<'_>, record: &RestoreRecord, refused: bool) -> Message {
    let name = restore.name();
    let warnings = restore.warnings();
    let outcome = record.verification.as_ref().map(|verification| verification.outcome);
    let verified = outcome == Some(Outcome::Verified);
    let quiesced = common::left_quiesced(restore.run).is_some();
    let proof = if verified { "verified" } else { "UNPROVEN" };
    let answer = match (refused, restore.failure) {
        (false, _) => String::new(),
        (true, Some(failure)) if failure.error == "Rejected" => ", cut-over rejected".to_owned(),
        (true, _) => ", no answer in time".to_owned(),
    };
    let but = if quiesced {
        ", BUT THE APPLICATION IS STILL AT REST"
    } else {
        ""
    };
    let why_not = match record.plan.cut_over {
        _ if refused => Some("On-call was asked whether to cut over and did not say yes, which means no.".to_owned()),
        CutOverMode::No => Some("Cut-over was not asked for.".to_owned()),
        CutOverMode::Yes | CutOverMode::Ask => None,
    };
    let checks = record.verification.as_ref().map(facts::checks);
    let happened = joined([
        Some(format!(
            "{name} was restored from {} after {}. Nothing was switched: the application uses what it used before.",
            restore.what(record),
            restore.took()
        )),
        why_not,
        Some(copies::copies(restore.items)),
        checks.and_then(|checks| listing("What was compared:", checks)),
        facts::titled("To know:", &facts::remarks(restore.items)),
        facts::titled("Not covered:", &record.plan.not_covered),
        listing("But look at this:", common::reasons(&warnings)),
    ]);
    let means = if verified {
        "The copies are what was backed up: no check found a difference in them. They cost as much as what they were made from."
    } else {
        "Whether the copies are what was backed up could not be told in full; nothing was found to be wrong. You decide: look at them before anything uses them."
    };
    let mut steps = steps_beside(restore, &warnings);
    if !verified {
        steps.push(
            "Look at the copies with the application's own eyes: count what you know, open what was missed. Their names are above."
                .to_owned(),
        );
    }
    steps.push(format!(
        "To use them: restore with cut-over, which makes and verifies copies anew: {} --cut-over {}",
        commands::again(record),
        if verified { "yes" } else { "ask" }
    ));
    steps.push(format!(
        "When they are no longer needed, remove them: {}",
        commands::undo_restore(record, restore.execution)
    ));
    let severity = match (quiesced, refused || !verified || !warnings.is_empty()) {
        (true, _) => Severity::Critical,
        (false, true) => Severity::Warning,
        (false, false) => Severity::Info,
    };
    let event = match (refused, verified) {
        (true, _) => Event::RestoreRejected,
        (false, true) => Event::RestoreVerified,
        (false, false) => Event::RestoreUnproven,
    };
    restore.message(Parts {
        event,
        severity,
        subject: &format!("Holdfast: {name} restored and {proof}, not cut over{answer}{but}"),
        happened: &happened,
        means,
        steps: &steps,
        reasons: &warnings,
    })
}
