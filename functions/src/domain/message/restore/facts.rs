//! Parts that several messages of restores share.

use serde_json::{Value, json};

use crate::domain::descriptor::Switch;
use crate::domain::duration::friendly;
use crate::domain::message::facts::LISTED;
use crate::domain::message::layout::Section;
use crate::domain::message::words;
use crate::domain::resource::Resource;
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan::{Destination, Plan};
use crate::domain::restore::switch_progress::{SwitchRecord, SwitchState};
use crate::domain::restore::verdict::{Check, Finding, Verification, VerificationOutcome};
use crate::domain::switches;

/// How many names of checks without a difference a line has.
const NAMES_A_LINE: usize = 6;

/// `database (aurora hubs-db)`.
pub fn what(resource: &Resource) -> String {
    let target = &resource.target;
    format!(
        "{} ({} {})",
        words::name(&resource.name),
        target.kind(),
        words::name(target.identifier())
    )
}

/// The names in the descriptor that followed the cut-over, unless they are reverted.
pub fn descriptor_updates(record: &RestoreRecord) -> Vec<String> {
    let changed = record.followed.iter().filter(|change| change.back_at.is_none());
    let lines = changed.map(|change| words::line(&format!("{}: {} (was {})", change.path(), change.to, change.from)));
    lines.collect()
}

/// The results of the checks, the worst first: what differs, what is unproven, what changed since, and how many found no
/// difference.
pub fn checks(verification: Option<&Verification>) -> Vec<Section> {
    let Some(verification) = verification else {
        return Vec::new();
    };
    let of = |finding: Finding| verification.checks.iter().filter(move |check| check.finding == finding);
    let line = |check: &Check| words::line(&format!("{}: {}", words::name(&check.name), check.detail));
    let same: Vec<&str> = of(Finding::Same).map(|check| check.name.as_str()).collect();
    vec![
        Section::list("DIFFERENT from what was backed up", of(Finding::Different).map(line)),
        Section::list("Unproven", of(Finding::Unproven).map(line)),
        Section::list(
            "Changed since the backup, and neither restored nor put back",
            of(Finding::Changed).map(line),
        ),
        Section::list(
            format!("No difference, {}", words::count(same.len(), "check")),
            same.chunks(NAMES_A_LINE).map(|names| words::line(&names.join(", "))),
        ),
    ]
}

/// What a cut-over loses at most, as the end of a sentence.
pub fn loss(plan: &Plan) -> String {
    let oldest = plan
        .resources
        .iter()
        .filter(|planned| planned.destination != Destination::Nothing);
    let oldest = oldest
        .filter_map(|planned| Some((planned.holds?, planned.loss_seconds?)))
        .min();
    oldest
        .map(|(holds, seconds)| {
            format!(
                ", and loses what was written since {} ({} when planned)",
                words::time(holds),
                friendly(seconds)
            )
        })
        .unwrap_or_default()
}

/// Whether the copies can be trusted, as a sentence.
pub fn trust(verification: Option<&Verification>) -> String {
    let Some(verification) = verification else {
        return "The copies were not compared with what was backed up.".to_owned();
    };
    let number = |finding: Finding| {
        verification
            .checks
            .iter()
            .filter(|check| check.finding == finding)
            .count()
    };
    let (all, unproven) = (verification.checks.len(), number(Finding::Unproven));
    match verification.outcome {
        VerificationOutcome::Verified => format!(
            "VERIFIED: {} of the copies with what was backed up, without a difference.",
            words::count(all, "comparison")
        ),
        VerificationOutcome::Unproven => format!(
            "UNPROVEN: {unproven} of {} had no clear result; no difference was found.",
            words::count(all, "comparison")
        ),
        VerificationOutcome::Failed => format!(
            "NOT WHAT WAS BACKED UP: {} of {} found a difference.",
            number(Finding::Different),
            words::count(all, "comparison")
        ),
    }
}

/// A switch in short: `secret hubs/db (host, port) of database`.
pub fn switch(switch: &Switch) -> String {
    let what = switches::of(&switch.action).words(&switch.action);
    let table = switch
        .table
        .as_ref()
        .map(|table| format!(".{table}"))
        .unwrap_or_default();
    format!("{}: {what}, for {}{table}", switch.name, switch.resource)
}

/// Where each switch points, one line each; those that may point to either side first.
pub fn switched(switched: &[SwitchRecord]) -> Vec<String> {
    let mut switched: Vec<&SwitchRecord> = switched.iter().collect();
    switched.sort_by_key(|switched| matches!(switched.state, SwitchState::Done | SwitchState::Returned));
    let lines = switched.iter().map(|switched| {
        let returned = switched.state == SwitchState::Returned;
        let side = match switched.state {
            SwitchState::Done => "to the COPY",
            SwitchState::Returned => "to WHAT WAS THERE BEFORE",
            SwitchState::Begun => "MAY POINT TO EITHER, it was being switched to the copy",
            SwitchState::Returning => "MAY POINT TO EITHER, it was being switched back",
        };
        words::line(&format!(
            "{}: {side} ({})",
            switch(&switched.switch),
            switches::of(&switched.switch.action).change(&switched.before, &switched.after, returned)
        ))
    });
    lines.collect()
}

/// Each in one line.
pub fn lines<T: ToString>(lines: &[T]) -> Vec<String> {
    lines.iter().map(|line| words::line(&line.to_string())).collect()
}

/// The remarks of each resource's restore.
pub fn remarks(items: &[RestoreItem]) -> Vec<String> {
    let remarks = items.iter().flat_map(|item| {
        let name = &item.planned.resource.name;
        item.remarks
            .iter()
            .map(move |remark| words::line(&format!("{name}: {remark}")))
    });
    remarks.collect()
}

pub fn checks_json(verification: Option<&Verification>) -> Value {
    let wrong = verification.into_iter().flat_map(|verification| &verification.checks);
    let wrong = wrong.filter(|check| check.finding != Finding::Same).take(LISTED).map(|check| {
        json!({"name": words::name(&check.name), "finding": check.finding, "detail": words::line(&check.detail)})
    });
    wrong.collect()
}

pub fn switched_json(switched: &[SwitchRecord]) -> Value {
    let switched = switched.iter().take(LISTED).map(|switched| {
        json!({"name": words::name(&switched.switch.name), "what": words::name(&switch(&switched.switch)), "state": switched.state})
    });
    switched.collect()
}
