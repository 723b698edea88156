//! The whole deployment as of one moment: how close to it each resource can be restored.

use jiff::Timestamp;

use super::times::{seconds, time, time_from};
use crate::domain::duration;
use crate::domain::restore::remark::Remark;
use crate::error::Fault;

/// The times to which a resource can be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryWindow {
    pub earliest: Timestamp,
    pub latest: Timestamp,
}

/// The ways to restore a resource to a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryOptions {
    /// Its name in the deployment.
    pub resource: String,
    /// The window of point-in-time recovery; `None` for a resource without it.
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

/// What one resource is restored to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryTarget {
    pub resource: String,
    pub way: RecoveryMethod,
    /// The time whose data it will hold; never after the requested moment.
    pub holds: Timestamp,
    /// Seconds between that time and the requested moment.
    pub behind_seconds: u64,
    /// Seconds between that time and now.
    pub loss_seconds: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryTargets {
    /// The moment for all resources with point-in-time recovery: the requested one in whole seconds, since RDS and DynamoDB do not
    /// store fractions.
    pub at: Timestamp,
    /// In the order of the given resources.
    pub targets: Vec<RecoveryTarget>,
    /// Seconds between the earliest and the latest time of the restored data.
    pub skew_seconds: u64,
    /// As text: which resources are behind, and by how much.
    pub remarks: Vec<Remark>,
}

/// What each resource is restored to for the deployment as of `at`.
///
/// # Errors
/// A fault for each resource that cannot be restored to that moment (naming the window) or to an earlier one.
pub fn recovery_targets(
    at: Timestamp,
    options: &[RecoveryOptions],
    now: Timestamp,
) -> Result<RecoveryTargets, Vec<Fault>> {
    let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
    let mut faults = Vec::new();
    let mut each = Vec::new();
    for resource in options {
        match recovery_target(whole, resource) {
            Ok((way, holds)) => each.push(RecoveryTarget {
                resource: resource.resource.clone(),
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
    let times = || each.iter().map(|target| target.holds);
    let skew_seconds = match (times().min(), times().max()) {
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

fn recovery_target(at: Timestamp, options: &RecoveryOptions) -> Result<(RecoveryMethod, Timestamp), String> {
    let name = &options.resource;
    if let Some(window) = options.window {
        if (window.earliest..=window.latest).contains(&at) {
            return Ok((RecoveryMethod::PointInTime, at));
        }
        let (earliest, latest) = (time_from(window.earliest), time(window.latest));
        return Err(format!(
            "a time from {earliest} to {latest}, the window of point-in-time recovery of {name}"
        ));
    }
    let earlier = options.points.iter().filter(|(_, captured)| *captured <= at);
    if let Some((set, captured)) = earlier.max_by_key(|(_, captured)| *captured) {
        return Ok((RecoveryMethod::Point { set: set.clone() }, *captured));
    }
    Err(match options.points.iter().min_by_key(|(_, captured)| *captured) {
        Some((set, captured)) => format!(
            "a time from {} on, when {name}, without point-in-time recovery, has its earliest recovery point (set {set})",
            time_from(*captured)
        ),
        None => format!(
            "a request without {name} ({{\"except\": [\"{name}\"]}}), which has neither point-in-time recovery nor a recovery point"
        ),
    })
}

fn remarks(each: &[RecoveryTarget]) -> Vec<Remark> {
    let behind = each.iter().filter(|target| target.behind_seconds > 0);
    behind
        .map(|target| {
            let from = match &target.way {
                RecoveryMethod::Point { set } => format!("from set {set}"),
                RecoveryMethod::PointInTime => "by point-in-time recovery".to_owned(),
            };
            let (holds, behind) = (time(target.holds), duration::friendly(target.behind_seconds));
            Remark::of(
                &target.resource,
                format!("it is restored {from} as of {holds}, {behind} before the others"),
            )
        })
        .collect()
}
