//! Selects the set that a restore reads.

mod point_in_time;
#[cfg(test)]
mod tests;
mod times;

use jiff::Timestamp;

use super::request::RequestedMoment;
use crate::domain::duration;
use crate::domain::nearest::nearest;
use crate::domain::set::{BackupSet, SetStatus};
use crate::error::{Error, Result};

use times::{seconds, time, time_from};

pub use point_in_time::{
    RecoveryMethod, RecoveryOptions, RecoveryTarget, RecoveryTargets, RecoveryWindow, recovery_targets,
};

/// Maximum sets that a fault lists.
const LISTED: usize = 5;

/// The set that a restore reads, and what the operator should know about the selection.
#[derive(Debug, Clone, PartialEq)]
pub struct SelectedSet {
    pub set: BackupSet,
    /// Ids of sealed sets with newer data that were not selected, newest first.
    pub passed_over: Vec<String>,
    /// As text: how much is lost, what was passed over, and whether the newest runs produced no sealed set.
    pub remarks: Vec<String>,
}

/// Selects one of a deployment's sealed sets.
///
/// `Before`: the newest set captured entirely before the time. `At`: the set for the configuration and for resources without
/// point-in-time recovery, the newest captured at or before the moment; otherwise the first after it ([`recovery_targets`] checks
/// whether it can be used).
///
/// # Errors
/// `NotFound` if the deployment has no sealed set; `InvalidInput` if the requested one does not exist or is not sealed, with what
/// to write instead.
pub fn select_set(
    deployment: &str,
    sets: &[BackupSet],
    wanted: &RequestedMoment,
    now: Timestamp,
) -> Result<SelectedSet> {
    let own = || sets.iter().filter(|set| set.deployment == deployment);
    let mut sealed: Vec<&BackupSet> = own().filter(|set| set.status == SetStatus::Sealed).collect();
    sealed.sort_by(|a, b| (captured(b), &b.id).cmp(&(captured(a), &a.id)));
    let set = match wanted {
        RequestedMoment::Set(id) => sealed.iter().find(|set| set.id == *id).copied(),
        _ if sealed.is_empty() => return Err(none_sealed(deployment, own())),
        RequestedMoment::Newest => sealed.first().copied(),
        RequestedMoment::Before(time) => sealed.iter().find(|set| captured(set) < *time).copied(),
        RequestedMoment::At(time) => {
            let earlier = sealed.iter().find(|set| captured(set) <= *time);
            earlier.or(sealed.last()).copied()
        }
    };
    let Some(set) = set else {
        return Err(match wanted {
            RequestedMoment::Before(time) => too_early(*time, &sealed),
            RequestedMoment::Set(id) => not_offered(deployment, id, sets, &sealed),
            _ => none_sealed(deployment, own()),
        });
    };
    let passed_over: Vec<&BackupSet> = sealed.iter().take_while(|newer| newer.id != set.id).copied().collect();
    let mut remarks = Vec::new();
    if !matches!(wanted, RequestedMoment::At(_)) {
        remarks.push(loss(captured(set), now));
    }
    if let [newest, ..] = passed_over[..] {
        let count = passed_over.len();
        let newer = match count {
            1 => "1 newer sealed set is".to_owned(),
            _ => format!("{count} newer sealed sets are"),
        };
        remarks.push(format!("{newer} passed over; the newest is {}", named(newest)));
    }
    let newest_run = own()
        .filter(|other| other.status != SetStatus::Expiring)
        .max_by_key(|other| other.started_at);
    if let Some(run) = newest_run.filter(|run| run.status != SetStatus::Sealed && run.started_at > set.started_at) {
        let why = status(run);
        remarks.push(format!("the newest set, {}, is not offered: {why}", run.id));
    }
    Ok(SelectedSet {
        set: set.clone(),
        passed_over: passed_over.into_iter().map(|set| set.id.clone()).collect(),
        remarks,
    })
}

/// What a restore to the data of `holds` loses, as text.
pub fn loss(holds: Timestamp, now: Timestamp) -> String {
    let lost = duration::friendly(seconds(holds, now));
    format!(
        "what was written since {}, {lost} ago, is not in the copies",
        time(holds)
    )
}

/// When the last of a set's data was captured. If the catalog does not have it, the end of the run.
pub fn captured(set: &BackupSet) -> Timestamp {
    set.captured_to.or(set.ended_at).unwrap_or(set.started_at)
}

/// `hubs-prod-20261120-021500-630a (captured by 2026-11-20T02:20:31Z)`.
fn named(set: &BackupSet) -> String {
    format!("{} (captured by {})", set.id, time(captured(set)))
}

fn status(set: &BackupSet) -> String {
    match set.status {
        SetStatus::Sealed => "it is sealed".to_owned(),
        SetStatus::Running => format!("its run, of {}, has not ended", time(set.started_at)),
        SetStatus::Expiring => "its recovery points are being deleted".to_owned(),
        SetStatus::Failed => match set.reasons.first() {
            Some(reason) => format!("it failed ({}: {})", reason.subject, reason.error),
            None => "it failed".to_owned(),
        },
    }
}

fn none_sealed<'a>(deployment: &str, sets: impl Iterator<Item = &'a BackupSet>) -> Error {
    let mut sets: Vec<&BackupSet> = sets.collect();
    sets.sort_by_key(|set| std::cmp::Reverse(set.started_at));
    let found = match sets.first() {
        None => "it has no sets at all".to_owned(),
        Some(newest) => format!(
            "of its {} sets the newest is {}: {}",
            sets.len(),
            newest.id,
            status(newest)
        ),
    };
    Error::NotFound(format!(
        "choosing a set to restore {deployment} from: no sealed set is in the catalog; {found}. If the catalog was lost, \
         rebuild it; if resources were deleted, restore what AWS keeps of them with \"source\": \"retained\"",
    ))
}

fn too_early(time_wanted: Timestamp, sealed: &[&BackupSet]) -> Error {
    let earliest = sealed.last().map(|set| {
        format!(
            "a time after {}, by which the earliest sealed set, {}, was captured; or that set itself: {{\"set\": \"{}\"}}",
            time_from(captured(set)),
            set.id,
            set.id
        )
    });
    Error::invalid("before", format!("\"{time_wanted}\""), earliest.unwrap_or_default())
}

fn not_offered(deployment: &str, id: &str, sets: &[BackupSet], sealed: &[&BackupSet]) -> Error {
    let why = match sets.iter().find(|set| set.id == id) {
        Some(set) if set.deployment != deployment => format!("this one is of {}", set.deployment),
        Some(set) => status(set),
        None => "no such set is in the catalog".to_owned(),
    };
    let guess = nearest(id, sealed.iter().map(|set| set.id.as_str()));
    let mut listed: Vec<String> = sealed.iter().take(LISTED).map(|set| named(set)).collect();
    if sealed.len() > LISTED {
        listed.push(format!("… ({} in all)", sealed.len()));
    }
    if listed.is_empty() {
        listed.push("there is none".to_owned());
    }
    // All ids of one deployment are similar: a guess is useful only if few characters differ.
    let close = guess.filter(|guess| guess.chars().zip(id.chars()).filter(|(a, b)| a != b).count() <= 2);
    let guess = close
        .map(|guess| format!("; did you mean {guess}?"))
        .unwrap_or_default();
    let rule = format!("a sealed set of {deployment} ({why}): {}{guess}", listed.join(", "));
    Error::invalid("set", format!("\"{id}\""), rule)
}
