//! Whether a set may be offered for restore.

mod emptiness;

use jiff::Timestamp;

use super::job::{Failure, Job};
use super::resource::RecoveryPoint;
use super::set::{Point, PointStatus, Reason};

/// All that is known of a run's outcome when it comes to sealing its set.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Names of the resources that were planned.
    pub planned: &'a [String],
    /// The set's points as the last look left them: `available` is only what was just described as finished.
    pub points: &'a [Point],
    /// What the machine's jobs came to; their failures explain points that are missing.
    pub jobs: &'a [Job],
    /// Errors that kept the machine from its way (not those of the hooks that resume: they spoil no recovery point).
    pub failures: &'a [Reason],
}

/// What becomes of a set.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Every planned recovery point is finished and restorable.
    Sealed(Capture),
    /// Never offered for restore; one reason a resource or state.
    Failed(Vec<Reason>),
}

/// When the data in a set was captured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capture {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Capture {
    /// Earliest and latest capture time of the points that hold data; a guard's versions are none.
    pub fn of<'a>(points: impl IntoIterator<Item = &'a Point>) -> Option<Capture> {
        let mut times: Vec<Timestamp> = points
            .into_iter()
            .filter(|point| holds_data(point))
            .filter_map(|point| point.captured_at)
            .collect();
        times.sort_unstable();
        Some(Capture {
            from: *times.first()?,
            to: *times.last()?,
        })
    }

    /// Seconds between the two, to the millisecond.
    pub fn skew_seconds(&self) -> f64 {
        self.to.duration_since(self.from).as_millis() as f64 / 1000.0
    }
}

/// Judges a set. Everything that was planned has to be there: a set without a single recovery point is not sealed either.
pub fn verdict(evidence: &Evidence<'_>) -> Verdict {
    let mut reasons = evidence.failures.to_vec();
    reasons.extend(evidence.planned.iter().filter_map(|name| unfit(evidence, name)));
    let planned = evidence
        .points
        .iter()
        .filter(|point| evidence.planned.contains(&point.resource.name));
    match Capture::of(planned) {
        Some(capture) if reasons.is_empty() => Verdict::Sealed(capture),
        _ => {
            if reasons.is_empty() {
                reasons.push(reason(
                    "set",
                    "JobFailed",
                    "the run made no recovery point: there is nothing in this set to restore",
                ));
            }
            Verdict::Failed(reasons)
        }
    }
}

/// Why one planned resource's recovery point is not fit to be restored; `None` where it is.
fn unfit(evidence: &Evidence<'_>, name: &str) -> Option<Reason> {
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

/// What a point lacks that was seen finished.
fn incomplete(point: &Point) -> Option<String> {
    match &point.recovery_point {
        None => Some("AWS says that its backup ended, but names no recovery point".to_owned()),
        Some(RecoveryPoint::BackupRecoveryPoint { arn, .. })
            if point.size_bytes == Some(0) && !emptiness::is_known(point) =>
        {
            Some(format!(
                "its recovery point {arn} holds 0 bytes, {}",
                emptiness::against(point)
            ))
        }
        Some(_) if holds_data(point) && point.captured_at.is_none() => {
            Some("the moment that its recovery point holds is not known".to_owned())
        }
        Some(_) => None,
    }
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
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::job::JobStatus;
    use crate::domain::resource::{Resource, Target};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millisecond(1_795_140_900_000 + second * 1000).unwrap()
    }

    fn resource(name: &str) -> Resource {
        Resource {
            name: name.into(),
            target: Target::Aurora { cluster: name.into() },
            deadline_seconds: 60,
        }
    }

    fn point(name: &str, captured: i64) -> Point {
        Point {
            set: "s".into(),
            resource: resource(name),
            status: PointStatus::Available,
            recovery_point: Some(RecoveryPoint::ClusterSnapshot {
                id: name.into(),
                arn: name.into(),
            }),
            configuration: Value::Null,
            started_at: None,
            captured_at: Some(at(captured)),
            finished_at: None,
            size_bytes: None,
            percent: None,
            looked_at: None,
            sample: None,
            failure: None,
        }
    }

    fn guard(name: &str, seen: i64) -> Point {
        let versions = json!({"type": "versions", "versions": [], "seen_at": at(seen)});
        Point {
            recovery_point: Some(serde_json::from_value(versions).unwrap()),
            ..point(name, seen)
        }
    }

    fn failed_job(name: &str, error: &str) -> Job {
        Job {
            resource: resource(name),
            status: JobStatus::Failed,
            holds_quiesce: false,
            percent: None,
            recovery_point: None,
            started_at: None,
            usual_seconds: None,
            looked_at: None,
            misses: 0,
            failure: Some(Failure {
                error: error.into(),
                cause: r#"{"errorMessage": "in words"}"#.into(),
            }),
        }
    }

    fn judge(planned: &[&str], points: &[Point], jobs: &[Job]) -> Verdict {
        let planned: Vec<String> = planned.iter().map(|name| (*name).to_owned()).collect();
        verdict(&Evidence {
            planned: &planned,
            points,
            jobs,
            failures: &[],
        })
    }

    fn reasons(verdict: Verdict) -> Vec<String> {
        match verdict {
            Verdict::Failed(reasons) => reasons
                .iter()
                .map(|r| format!("{}: {}: {}", r.subject, r.error, r.message))
                .collect(),
            Verdict::Sealed(_) => vec!["sealed".to_owned()],
        }
    }

    #[test]
    fn a_set_is_sealed_when_all_that_was_planned_is_there() {
        let points = [point("a", 0), point("b", 90), guard("c", 500)];
        let Verdict::Sealed(capture) = judge(&["a", "b", "c"], &points, &[]) else {
            panic!("not sealed")
        };
        assert_eq!(
            (capture.from, capture.to, capture.skew_seconds()),
            (at(0), at(90), 90.0)
        );
    }

    #[test]
    fn a_job_that_failed_to_be_watched_does_not_spoil_a_point_that_is_there() {
        assert_eq!(
            reasons(judge(&["a"], &[point("a", 0)], &[failed_job("a", "AccessDenied")])),
            ["sealed"]
        );
    }

    #[test]
    fn each_resource_gives_its_own_reason() {
        let failed = Point {
            status: PointStatus::Failed,
            failure: Some(Failure {
                error: "DeadlineExceeded".into(),
                cause: "after 6 hours".into(),
            }),
            ..point("b", 0)
        };
        let pending = Point {
            status: PointStatus::InProgress,
            ..point("c", 0)
        };
        let nameless = Point {
            recovery_point: None,
            ..point("d", 0)
        };
        let timeless = Point {
            captured_at: None,
            ..point("e", 0)
        };
        let empty = Point {
            recovery_point: Some(RecoveryPoint::BackupRecoveryPoint {
                arn: "arn:rp".into(),
                vault: "v".into(),
                job: "j".into(),
            }),
            size_bytes: Some(0),
            ..point("f", 0)
        };
        let points = [failed, pending, nameless, timeless, empty, point("h", 0)];
        assert_eq!(
            reasons(judge(
                &["a", "b", "c", "d", "e", "f", "g", "h"],
                &points,
                &[failed_job("a", "NotFound")]
            )),
            [
                "a: NotFound: in words",
                "b: DeadlineExceeded: after 6 hours",
                "c: JobFailed: its backup had not ended when the set was to be sealed",
                "d: JobFailed: AWS says that its backup ended, but names no recovery point",
                "e: JobFailed: the moment that its recovery point holds is not known",
                "f: JobFailed: its recovery point arn:rp holds 0 bytes, and that the file system was empty is not known",
                "g: JobFailed: its backup was never started",
            ]
        );
    }

    #[test]
    fn a_set_that_holds_nothing_is_not_sealed() {
        let nothing = ["set: JobFailed: the run made no recovery point: there is nothing in this set to restore"];
        assert_eq!(reasons(judge(&[], &[], &[])), nothing);
        assert_eq!(reasons(judge(&["c"], &[guard("c", 0)], &[])), nothing);
    }

    #[test]
    fn a_machine_that_left_its_way_seals_nothing() {
        let failures = [reason("Quiesce", "Unavailable", "the hook did not answer")];
        let planned = ["a".to_owned()];
        let evidence = Evidence {
            planned: &planned,
            points: &[point("a", 0)],
            jobs: &[],
            failures: &failures,
        };
        assert_eq!(verdict(&evidence), Verdict::Failed(failures.to_vec()));
    }

    proptest! {
        #[test]
        fn a_sealed_set_has_every_planned_point_available(
            planned in proptest::collection::btree_set("[a-e]", 0..5),
            found in proptest::collection::vec(("[a-e]", 0u8..3, any::<bool>(), any::<bool>(), -50i64..50), 0..8),
        ) {
            let mut points: Vec<Point> = Vec::new();
            for (name, status, named, timed, second) in found {
                if points.iter().any(|point| point.resource.name == name) { continue; }
                let mut point = point(&name, second);
                point.status = [PointStatus::InProgress, PointStatus::Available, PointStatus::Failed][status as usize];
                point.recovery_point = point.recovery_point.filter(|_| named);
                point.captured_at = point.captured_at.filter(|_| timed);
                points.push(point);
            }
            let planned: Vec<String> = planned.into_iter().collect();
            let complete = !planned.is_empty() && planned.iter().all(|name| points.iter().any(|point| {
                point.resource.name == *name && point.status == PointStatus::Available && point.recovery_point.is_some() && point.captured_at.is_some()
            }));
            match verdict(&Evidence { planned: &planned, points: &points, jobs: &[], failures: &[] }) {
                Verdict::Sealed(capture) => prop_assert!(complete && capture.from <= capture.to),
                Verdict::Failed(reasons) => prop_assert!(!complete && !reasons.is_empty()),
            }
        }
    }
}
