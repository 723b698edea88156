#![allow(clippy::unwrap_used)]
use super::*;
use crate::domain::job::JobStatus;
use crate::domain::resource::{Resource, Target};
use proptest::prelude::*;
use serde_json::json;

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
        status: PointStatus::Available,
        recovery_point: Some(RecoveryPoint::ClusterSnapshot {
            id: name.into(),
            arn: name.into(),
        }),
        captured_at: Some(at(captured)),
        ..Point::begun("s", resource(name))
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
            cause: r#"{"errorMessage": "the message"}"#.into(),
        }),
    }
}

fn verdict_of(planned: &[&str], points: &[Point], jobs: &[Job]) -> Verdict {
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
    let Verdict::Sealed(capture) = verdict_of(&["a", "b", "c"], &points, &[]) else {
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
        reasons(verdict_of(&["a"], &[point("a", 0)], &[failed_job("a", "AccessDenied")])),
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
        resource: Resource {
            target: Target::Efs {
                file_system: "fs-1".into(),
                vault: None,
                role: None,
            },
            ..resource("f")
        },
        ..point("f", 0)
    };
    let points = [failed, pending, nameless, timeless, empty, point("h", 0)];
    assert_eq!(
        reasons(verdict_of(
            &["a", "b", "c", "d", "e", "f", "g", "h"],
            &points,
            &[failed_job("a", "NotFound")]
        )),
        [
            "a: NotFound: the message",
            "b: DeadlineExceeded: after 6 hours",
            "c: JobFailed: its backup had not ended when the set was to be sealed",
            "d: JobFailed: AWS reports that its backup ended, but names no recovery point",
            "e: JobFailed: the capture time of its recovery point is not known",
            "f: JobFailed: its recovery point arn:rp holds 0 bytes, and the file system is not known to have been empty",
            "g: JobFailed: its backup was never started",
        ]
    );
}

#[test]
fn a_set_that_holds_nothing_is_not_sealed() {
    let nothing = ["set: JobFailed: the run created no recovery point: there is nothing in this set to restore"];
    assert_eq!(reasons(verdict_of(&[], &[], &[])), nothing);
    assert_eq!(reasons(verdict_of(&["c"], &[guard("c", 0)], &[])), nothing);
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
