#![allow(clippy::unwrap_used)]

use super::*;
use crate::catalog::RunMilestone;
use crate::domain::job::{JobStatus, Progress};
use crate::domain::poll_schedule;
use crate::domain::resource::{RecoveryPoint, Target};
use crate::domain::set::SampledItem;
use crate::testing::{RecordedKind, finished, later, now, planned, resource};

fn input(run: &Run) -> Input {
    Input {
        run: run.clone(),
        resource: resource("rooms"),
        now: now(),
    }
}

#[tokio::test]
async fn starting_twice_makes_one_recovery_point() {
    let (catalog, _, run) = planned(&[]).await;
    let kind = RecordedKind::default();
    let first = start(&catalog, &kind, input(&run)).await.unwrap();
    let second = start(&catalog, &kind, input(&run)).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(kind.calls(), ["capture rooms", "sample rooms", "back_up rooms"]);
    assert_eq!(first.status, JobStatus::InProgress);
    assert_eq!(poll_schedule::next_poll(&[second], None, now()), Some(later(10)));
    let point = catalog.point("hubs-prod", &run.id, "rooms").await.unwrap().unwrap();
    assert_eq!(point.recovery_point, first.recovery_point);
    assert_eq!(point.configuration["captured"], "rooms");
}

async fn warnings(catalog: &Catalog, run: &Run) -> Vec<Reason> {
    catalog.run("hubs-prod", &run.id).await.unwrap().unwrap().warnings
}

#[tokio::test]
async fn a_sample_that_fails_at_first_is_taken_at_once() {
    let (catalog, _, run) = planned(&[]).await;
    let kind = RecordedKind::default();
    let sample = Sample::Items {
        items: vec![SampledItem {
            key: serde_json::json!({"id": {"S": "a"}}),
            sha256: "0".repeat(64),
        }],
    };
    kind.sampling("rooms", Err(Error::Unavailable("later".into())));
    kind.sampling("rooms", Ok(Some(sample.clone())));
    start(&catalog, &kind, input(&run)).await.unwrap();
    assert_eq!(
        kind.calls(),
        ["capture rooms", "sample rooms", "sample rooms", "back_up rooms"]
    );
    let point = catalog.point("hubs-prod", &run.id, "rooms").await.unwrap().unwrap();
    assert_eq!(point.sample, Some(sample));
    assert_eq!(warnings(&catalog, &run).await, []);
}

#[tokio::test]
async fn what_is_adopted_keeps_the_sample_from_before_it_was_made() {
    let (catalog, memory, run) = planned(&[]).await;
    let kind = RecordedKind::default();
    let sample = |id: &str| Sample::Items {
        items: vec![SampledItem {
            key: serde_json::json!({"id": {"S": id}}),
            sha256: "0".repeat(64),
        }],
    };
    kind.sampling("rooms", Ok(Some(sample("before"))));
    kind.sampling("rooms", Ok(Some(sample("written since"))));
    memory.lose_write(2);
    start(&catalog, &kind, input(&run)).await.unwrap_err();
    assert_eq!(kind.made().len(), 1, "made, and not recorded");
    let again = Input {
        now: later(10),
        ..input(&run)
    };
    start(&catalog, &kind, again).await.unwrap();
    let point = catalog.point("hubs-prod", &run.id, "rooms").await.unwrap().unwrap();
    assert_eq!(point.sample, Some(sample("before")));
}

/// Fails at 8e363f8: the machine retried transient errors, and then failed the backup.
#[tokio::test]
async fn a_sample_that_cannot_be_taken_fails_no_backup_and_warns() {
    for (error, tries) in [
        (Error::AccessDenied("no Scan".into()), 1),
        (Error::NotReady("no mount target".into()), 2),
        (Error::Unavailable("no address is free in the subnet".into()), 2),
        (Error::Throttled("slower".into()), 2),
    ] {
        let (catalog, _, run) = planned(&[]).await;
        let kind = RecordedKind::default();
        for _ in 0..tries {
            kind.sampling("rooms", Err(error.clone()));
        }
        start(&catalog, &kind, input(&run)).await.unwrap();
        let point = catalog.point("hubs-prod", &run.id, "rooms").await.unwrap().unwrap();
        assert_eq!((point.sample, kind.made().len()), (None, 1), "{error:?}");
        let [warning] = &warnings(&catalog, &run).await[..] else {
            panic!("not one warning of {error:?}")
        };
        assert_eq!((&*warning.subject, &*warning.error), ("rooms", "NotSampled"));
        assert!(warning.message.contains(&error.to_string()), "{}", warning.message);
    }
}

/// Fails at 8e363f8: a hung file system was waited for until the step timed out, again and again.
#[tokio::test]
async fn a_sample_that_takes_too_long_is_given_up() {
    let (catalog, _, run) = planned(&[]).await;
    let kind = RecordedKind::sampling_forever();
    let at_once = Duration::ZERO;
    let sample = sample_or_warn(at_once, &catalog, &kind, &run, &resource("rooms"), &Value::Null).await;
    assert_eq!(sample.unwrap(), None);
    let warnings = warnings(&catalog, &run).await;
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].message.contains("it took longer than 0 s"), "{warnings:?}");
}

#[tokio::test]
async fn a_point_whose_write_was_not_heard_of_is_adopted() {
    let (catalog, memory, run) = planned(&[]).await;
    let kind = RecordedKind::default();
    memory.lose_answer(2);
    let lost = start(&catalog, &kind, input(&run)).await.unwrap_err();
    assert_eq!(lost.name(), "Unavailable");
    start(&catalog, &kind, input(&run)).await.unwrap();
    assert_eq!(kind.calls(), ["capture rooms", "sample rooms", "back_up rooms"]);
}

#[tokio::test]
async fn a_step_that_dies_at_any_write_leaves_a_point_and_is_run_again_without_harm() {
    // In turn: the intent is lost, its response is lost, the result is lost, its response is lost.
    for (nth, arrives, known, made) in [
        (1, false, false, 0),
        (1, true, true, 0),
        (2, false, true, 1),
        (2, true, true, 1),
    ] {
        let (catalog, memory, run) = planned(&[]).await;
        let kind = RecordedKind::default();
        if arrives {
            memory.lose_answer(nth);
        } else {
            memory.lose_write(nth);
        }
        start(&catalog, &kind, input(&run)).await.unwrap_err();
        let point = catalog.point("hubs-prod", &run.id, "rooms").await.unwrap();
        assert_eq!((point.is_some(), kind.made().len()), (known, made), "{nth} {arrives}");
        let job = start(&catalog, &kind, input(&run)).await.unwrap();
        assert_eq!(
            (job.status, kind.made().len()),
            (JobStatus::InProgress, 1),
            "{nth} {arrives}"
        );
        assert!(job.recovery_point.is_some());
        let point = catalog.point("hubs-prod", &run.id, "rooms").await.unwrap();
        assert_eq!(point.unwrap().recovery_point, job.recovery_point);
    }
}

#[tokio::test]
async fn what_another_call_recorded_meanwhile_is_never_taken_back() {
    let (catalog, _, run) = planned(&[]).await;
    let kind = RecordedKind::default();
    let job = start(&catalog, &kind, input(&run)).await.unwrap();
    let recorded = catalog.point("hubs-prod", &run.id, "rooms").await.unwrap();
    let mut late = recorded.clone().unwrap();
    late.recovery_point = None;
    let held = catalog.begin_point("hubs-prod", &late).await.unwrap();
    assert_eq!(held.recovery_point, job.recovery_point);
    assert_eq!(catalog.point("hubs-prod", &run.id, "rooms").await.unwrap(), recorded);
}

#[tokio::test]
async fn the_first_look_comes_at_nine_tenths_of_the_usual_time() {
    let (catalog, _, run) = planned(&[]).await;
    for (set, seconds) in [("a", 900), ("b", 1000), ("c", 1100)] {
        catalog.add_timing("hubs-prod", "rooms", set, seconds).await.unwrap();
    }
    let job = start(&catalog, &RecordedKind::default(), input(&run)).await.unwrap();
    assert_eq!(job.usual_seconds, Some(1000));
    assert!(poll_schedule::is_due(&job, later(900)) && !poll_schedule::is_due(&job, later(899)));
}

#[tokio::test]
async fn a_prefix_without_tables_fails_alone() {
    let (catalog, _, run) = planned(&[]).await;
    let mut input = input(&run);
    input.resource.target = Target::DynamodbPrefix {
        prefix: "none-".into(),
        archive: None,
    };
    let error = start(&catalog, &RecordedKind::default(), input).await.unwrap_err();
    assert_eq!(error.name(), "NotFound");
}

#[tokio::test]
async fn nothing_is_started_for_a_run_that_has_ended() {
    let (catalog, _, run) = planned(&[]).await;
    catalog
        .mark_run("hubs-prod", &run.id, RunMilestone::Ended, now())
        .await
        .unwrap();
    let kind = RecordedKind::default();
    let error = start(&catalog, &kind, input(&run)).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(error.to_string().contains("holdfast backup hubs-prod"), "{error}");
    assert!(kind.calls().is_empty());
}

#[tokio::test]
async fn what_a_guard_saw_is_in_its_point_and_not_carried_by_the_machine() {
    let (catalog, _, run) = planned(&[]).await;
    let kind = RecordedKind::guarding(1000);
    kind.next(Progress::Succeeded(finished()));
    for _ in 0..2 {
        let job = start(&catalog, &kind, input(&run)).await.unwrap();
        assert_eq!((job.status, job.recovery_point), (JobStatus::Succeeded, None));
    }
    let point = catalog.point("hubs-prod", &run.id, "rooms").await.unwrap().unwrap();
    let Some(RecoveryPoint::Versions { versions, .. }) = point.recovery_point else {
        panic!("no versions")
    };
    assert_eq!(versions.len(), 1000);
}
