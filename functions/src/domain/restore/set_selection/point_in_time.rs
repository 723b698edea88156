//! The whole deployment as of one moment: how near each resource comes to it.

use jiff::Timestamp;

use super::times::{seconds, time, time_from};
use crate::domain::duration;
use crate::domain::restore::remark::Remark;
use crate::error::Fault;

/// The times to which a resource can be brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryWindow {
    pub earliest: Timestamp,
    pub latest: Timestamp,
}

/// How a resource can be brought back to a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryOptions {
    /// Its name in the deployment.
    pub resource: String,
    /// Point-in-time recovery's; `None` for a resource that has none.
    pub window: Option<RecoveryWindow>,
    /// Its sealed recovery points: the set's id and the time whose data it holds. In any order.
    pub points: Vec<(String, Timestamp)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecoveryMethod {
    PointInTime,
    /// The recovery point of this set.
    Point {
        set: String,
    },
}

/// What one resource is brought back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryTarget {
    pub resource: String,
    pub way: RecoveryMethod,
    /// The time whose data it will hold; never after the moment that was asked for.
    pub holds: Timestamp,
    /// Seconds between that time and the moment that was asked for.
    pub behind_seconds: u64,
    /// Seconds between that time and now.
    pub loss_seconds: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryTargets {
    /// The moment for all resources with point-in-time recovery: the one asked for, without its fraction of a second, which
    /// RDS and DynamoDB do not keep.
    pub at: Timestamp,
    /// In the order of the given resources.
    pub targets: Vec<RecoveryTarget>,
    /// Seconds between the earliest and the latest time that is held.
    pub skew_seconds: u64,
    /// In words: which resources are behind, and by how much.
    pub remarks: Vec<Remark>,
}

/// What each resource is brought back to for the deployment as of `at`.
///
/// # Errors
/// A fault for each resource that cannot be brought back to that moment (naming the window) or to an earlier one.
pub fn recovery_targets(
    at: Timestamp,
    reaches: &[RecoveryOptions],
    now: Timestamp,
) -> Result<RecoveryTargets, Vec<Fault>> {
    let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
    let mut faults = Vec::new();
    let mut each = Vec::new();
    for reach in reaches {
        match recovery_target(whole, reach) {
            Ok((way, holds)) => each.push(RecoveryTarget {
                resource: reach.resource.clone(),
                way,
                holds,
                behind_seconds: seconds(holds, whole),
                loss_seconds: seconds(holds, now),
            }),
            Err(allowed) => faults.push(Fault {
                path: "at".to_owned(),
                value: format!("\"{at}\""),
                allowed,
            }),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let held = || each.iter().map(|moment| moment.holds);
    let skew_seconds = match (held().min(), held().max()) {
        (Some(first), Some(last)) => seconds(first, last),
        _ => 0,
    };
    Ok(RecoveryTargets {
        at: whole,
        remarks: remarks(&each),
        targets: each,
        skew_seconds,
    })
}

fn recovery_target(at: Timestamp, reach: &RecoveryOptions) -> Result<(RecoveryMethod, Timestamp), String> {
    let name = &reach.resource;
    if let Some(window) = reach.window {
        if (window.earliest..=window.latest).contains(&at) {
            return Ok((RecoveryMethod::PointInTime, at));
        }
        let (earliest, latest) = (time_from(window.earliest), time(window.latest));
        return Err(format!(
            "a time from {earliest} to {latest}, the window of point-in-time recovery of {name}"
        ));
    }
    let earlier = reach.points.iter().filter(|(_, captured)| *captured <= at);
    if let Some((set, captured)) = earlier.max_by_key(|(_, captured)| *captured) {
        return Ok((RecoveryMethod::Point { set: set.clone() }, *captured));
    }
    Err(match reach.points.iter().min_by_key(|(_, captured)| *captured) {
        Some((set, captured)) => format!(
            "a time from {} on, of which {name}, without point-in-time recovery, has its earliest recovery point (set {set})",
            time_from(*captured)
        ),
        None => format!(
            "a request without {name} ({{\"except\": [\"{name}\"]}}), which has neither point-in-time recovery nor a recovery point"
        ),
    })
}

fn remarks(each: &[RecoveryTarget]) -> Vec<Remark> {
    let behind = each.iter().filter(|moment| moment.behind_seconds > 0);
    behind
        .map(|moment| {
            let from = match &moment.way {
                RecoveryMethod::Point { set } => format!("of set {set}"),
                RecoveryMethod::PointInTime => "by point-in-time recovery".to_owned(),
            };
            let (holds, behind) = (time(moment.holds), duration::friendly(moment.behind_seconds));
            Remark::of(
                &moment.resource,
                format!("it comes back {from} as of {holds}, {behind} before the others"),
            )
        })
        .collect()
}
