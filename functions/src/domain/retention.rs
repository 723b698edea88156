//! Which sets are kept, each with its reasons, and which expire.
//!
//! A set expires only if a newer one is sealed: so the newest sealed set never expires, nor does any newer set. Only sealed sets
//! count towards `keep`.

mod policy;
mod reasons;
pub mod snapshots;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};

pub use reasons::{ExpireReason, KeepReason};

use super::descriptor::Keep;
use super::set::{BackupSet, RunRecord, SetStatus};

/// The decision about each set, by its id. Every set is in exactly one of the two lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// Newest first; never without a reason.
    pub keep: Vec<(String, Vec<KeepReason>)>,
    /// Oldest first: if a deletion stops halfway, the newer sets still exist.
    pub expire: Vec<(String, ExpireReason)>,
}

/// Sorts a deployment's sets into those that are kept and those that expire.
///
/// A set that is already `expiring` expires again, so that an interrupted deletion is completed.
pub fn retention(sets: &[BackupSet], keep: &Keep, now: Timestamp) -> Retention {
    let mut newest_first: Vec<&BackupSet> = sets.iter().collect();
    newest_first.sort_by_key(|set| std::cmp::Reverse(age(set)));
    let sealed: Vec<&BackupSet> = newest_first
        .iter()
        .copied()
        .filter(|set| set.status == SetStatus::Sealed)
        .collect();
    let mut rules = policy::apply(&sealed, keep).into_iter();
    let newest_sealed = sealed.first().map(|set| age(set));

    let mut retention = Retention::default();
    for set in newest_first {
        let mut reasons = match set.status {
            SetStatus::Running => vec![KeepReason::Running],
            SetStatus::Sealed => rules.next().unwrap_or_default(),
            SetStatus::Failed => failed_recently(set, keep, now).into_iter().collect(),
            SetStatus::Expiring => Vec::new(),
        };
        match newest_sealed {
            Some(newest) if newest > age(set) => {}
            Some(newest) if newest == age(set) => reasons.insert(0, KeepReason::NewestSealed),
            _ => reasons.push(KeepReason::NoNewerSealed),
        }
        if reasons.is_empty() {
            retention.expire.push((set.id.clone(), expiry(set, keep)));
        } else {
            retention.keep.push((set.id.clone(), reasons));
        }
    }
    retention.expire.reverse();
    retention
}

/// Minimum number of days for which a run's record is kept: longer than its execution may last (25 hours, the machine's limit).
const LEAST_RUN_DAYS: u32 = 2;

/// The ids of the runs without a set that are older than failed sets are kept. `sets` are the ids of all sets; a run with a set is
/// removed with it.
pub fn forgettable(runs: &[RunRecord], sets: &[&str], keep: &Keep, now: Timestamp) -> Vec<String> {
    let days = keep.failed_days.max(LEAST_RUN_DAYS);
    runs.iter()
        .filter(|run| !sets.contains(&run.id.as_str()))
        .filter(|run| now >= days_after(run.ended_at.unwrap_or(run.started_at), days))
        .map(|run| run.id.clone())
        .collect()
}

fn days_after(at: Timestamp, days: u32) -> Timestamp {
    let days = SignedDuration::from_hours(24 * i64::from(days));
    at.saturating_add(days).unwrap_or(Timestamp::MAX)
}

/// Newer is greater; the id decides between two sets of the same instant.
fn age(set: &BackupSet) -> (Timestamp, &str) {
    (set.started_at, &set.id)
}

/// Until when a failed set is kept. If its end is not known, its start counts: there is nothing to wait for.
fn failed_recently(set: &BackupSet, keep: &Keep, now: Timestamp) -> Option<KeepReason> {
    let until = days_after(set.ended_at.unwrap_or(set.started_at), keep.failed_days);
    (now < until).then_some(KeepReason::FailedRecently { until })
}

fn expiry(set: &BackupSet, keep: &Keep) -> ExpireReason {
    match set.status {
        SetStatus::Failed => ExpireReason::FailedLongEnough { days: keep.failed_days },
        SetStatus::Expiring => ExpireReason::DeletionUnfinished,
        SetStatus::Sealed | SetStatus::Running => ExpireReason::NoRuleKeepsIt,
    }
}
