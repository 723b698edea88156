//! Whether a set may be offered for restore.

use jiff::Timestamp;

use super::job::{Failure, Job};
use super::kinds;
use super::resource::RecoveryPoint;
use super::set::{Point, PointStatus, Reason};

/// What is known about a run's outcome when its set is to be sealed.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Names of the resources that were planned.
    pub planned: &'a [String],
    /// The set's points as of the last poll: only those just described as finished are `available`.
    pub points: &'a [Point],
    /// The machine's ended jobs; their failures explain missing points.
    pub jobs: &'a [Job],
    /// Errors that stopped the machine (not those of resuming hooks, which do not affect recovery points).
    pub failures: &'a [Reason],
}

/// The decision about a set.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Every planned recovery point is finished and restorable.
    Sealed(CaptureSpan),
    /// Never offered for restore; one reason for each resource or state.
    Failed(Vec<Reason>),
}

/// When the data in a set was captured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CaptureSpan {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl CaptureSpan {
    /// Earliest and latest capture time of the points that hold data; a guard's versions do not.
    pub fn of<'a>(points: impl IntoIterator<Item = &'a Point>) -> Option<CaptureSpan> {
        let mut times: Vec<Timestamp> = points
            .into_iter()
            .filter(|point| holds_data(point))
            .filter_map(|point| point.captured_at)
            .collect();
        times.sort_unstable();
        Some(CaptureSpan {
            from: *times.first()?,
            to: *times.last()?,
        })
    }

    /// Seconds between the two, to the millisecond.
    pub fn skew_seconds(&self) -> f64 {
        self.to.duration_since(self.from).as_millis() as f64 / 1000.0
    }
}

/// Decides about a set. Everything that was planned has to be available; a set without any recovery point is not sealed either.
pub fn verdict(evidence: &Evidence<'_>) -> Verdict {
    let mut reasons = evidence.failures.to_vec();
    reasons.extend(evidence.planned.iter().filter_map(|name| defect(evidence, name)));
    let planned = evidence
        .points
        .iter()
        .filter(|point| evidence.planned.contains(&point.resource.name));
    match CaptureSpan::of(planned) {
        Some(capture) if reasons.is_empty() => Verdict::Sealed(capture),
        _ => {
            if reasons.is_empty() {
                reasons.push(reason(
                    "set",
                    "JobFailed",
                    "the run created no recovery point: there is nothing in this set to restore",
                ));
            }
            Verdict::Failed(reasons)
        }
    }
}

/// Why one planned resource's recovery point cannot be restored; `None` if it can.
fn defect(evidence: &Evidence<'_>, name: &str) -> Option<Reason> {
    let job = evidence.jobs.iter().find(|job| job.resource.name == name);
    let job_failure = job.and_then(|job| job.failure.as_ref());
    let Some(point) = evidence.points.iter().find(|point| point.resource.name == name) else {
        return Some(explained(name, job_failure, "its backup was never started"));
    };
    match point.status {
        PointStatus::Available => incomplete(point).map(|what| reason(name, "JobFailed", &what)),
        PointStatus::Failed => Some(explained(
            name,
            point.failure.as_ref().or(job_failure),
            "its backup failed without a reason",
        )),
        PointStatus::InProgress => Some(explained(
            name,
            point.failure.as_ref().or(job_failure),
            "its backup had not ended when the set was to be sealed",
        )),
    }
}

/// What a finished point lacks.
fn incomplete(point: &Point) -> Option<String> {
    if point.recovery_point.is_none() {
        return Some("AWS reports that its backup ended, but names no recovery point".to_owned());
    }
    if let Some(lack) = kinds::stateful(&point.resource.target).and_then(|kind| kind.lacks(point)) {
        return Some(lack);
    }
    (holds_data(point) && point.captured_at.is_none())
        .then(|| "the capture time of its recovery point is not known".to_owned())
}

fn holds_data(point: &Point) -> bool {
    point.status == PointStatus::Available && point.recovery_point.as_ref().and_then(RecoveryPoint::arn).is_some()
}

fn explained(name: &str, failure: Option<&Failure>, otherwise: &str) -> Reason {
    match failure {
        Some(failure) => reason(name, &failure.error, &failure.message()),
        None => reason(name, "JobFailed", otherwise),
    }
}

fn reason(subject: &str, error: &str, message: &str) -> Reason {
    Reason {
        subject: subject.to_owned(),
        error: error.to_owned(),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests;
