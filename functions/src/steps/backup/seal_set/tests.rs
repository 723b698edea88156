#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::catalog::RunMilestone;
use crate::domain::job::{Failure, Progress};
use crate::runs::starting;
use crate::testing::{RecordedKind, finished, kinds, later, now, planned, resource};

/// Both resources started, and polled to their end where `done` says so.
async fn backed_up() -> (Needs, Arc<RecordedKind>, Input) {
    let (catalog, _, run) = planned(&["offline"]).await;
    let kind = Arc::new(RecordedKind::default());
    let mut jobs = Vec::new();
    for name in ["database", "rooms"] {
        let input = starting::Input {
            run: run.clone(),
            resource: resource(name),
            now: now(),
        };
        jobs.push(starting::start(&catalog, kind.as_ref(), input).await.unwrap());
    }
    let input = Input {
        run,
        jobs,
        resume_failure: None,
        look_failure: None,
        probes: Vec::new(),
        failure: None,
        now: later(120),
    };
    (
        Needs {
            catalog,
            kinds: kinds(&kind),
        },
        kind,
        input,
    )
}

async fn set(needs: &Needs, run: &Run) -> BackupSet {
    needs.catalog.set("hubs-prod", &run.id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_set_is_sealed_once_with_its_times_and_its_skew() {
    let (needs, kind, input) = backed_up().await;
    let run = input.run.clone();
    needs
        .catalog
        .mark_run("hubs-prod", &run.id, RunMilestone::Quiesced, now())
        .await
        .unwrap();
    needs
        .catalog
        .mark_run("hubs-prod", &run.id, RunMilestone::Resumed, later(30))
        .await
        .unwrap();
    let mut other = finished();
    other.captured_at = later(5);
    kind.next(Progress::Succeeded(finished()));
    kind.next(Progress::Succeeded(other));
    for _ in 0..2 {
        let output = handle(&needs, input.clone()).await.unwrap();
        assert_eq!(
            output,
            Output {
                sealed: true,
                set: run.id.clone()
            }
        );
    }
    let set = set(&needs, &run).await;
    assert_eq!((set.status, set.ended_at), (SetStatus::Sealed, Some(later(120))));
    assert_eq!(
        (set.captured_from, set.captured_to, set.skew_seconds),
        (Some(later(1)), Some(later(5)), Some(4.0))
    );
    assert_eq!(set.quiesced_seconds, Some(30.0));
    let timing = needs.catalog.timing("hubs-prod", "rooms").await.unwrap();
    assert_eq!(timing.durations, [50]);
}

#[tokio::test]
async fn a_point_that_is_not_seen_finished_fails_the_set_by_its_name() {
    let (needs, kind, input) = backed_up().await;
    let run = input.run.clone();
    kind.next(Progress::Succeeded(finished()));
    kind.next(Progress::Failed {
        reason: "the recovery point holds 0 bytes".into(),
    });
    assert!(!handle(&needs, input).await.unwrap().sealed);
    let set = set(&needs, &run).await;
    assert_eq!((set.status, set.reasons.len()), (SetStatus::Failed, 1));
    assert_eq!(set.reasons[0].subject, "rooms");
    assert!(
        needs
            .catalog
            .timing("hubs-prod", "database")
            .await
            .unwrap()
            .durations
            .is_empty()
    );
}

#[tokio::test]
async fn an_available_point_that_has_vanished_is_found_out() {
    let (needs, kind, input) = backed_up().await;
    let run = input.run.clone();
    let mut point = needs
        .catalog
        .point("hubs-prod", &run.id, "database")
        .await
        .unwrap()
        .unwrap();
    point.status = PointStatus::Available;
    point.captured_at = Some(later(1));
    needs.catalog.put_point("hubs-prod", &point).await.unwrap();
    kind.fail_next(Error::NotFound("no such snapshot".into()));
    kind.next(Progress::Succeeded(finished()));
    assert!(!handle(&needs, input).await.unwrap().sealed);
    let set = set(&needs, &run).await;
    assert_eq!(set.reasons[0].error, "NotFound");
    let point = needs
        .catalog
        .point("hubs-prod", &run.id, "database")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(point.status, PointStatus::Failed);
}

#[tokio::test]
async fn a_backup_that_never_started_has_a_failed_point() {
    let (needs, kind, mut input) = backed_up().await;
    let run = input.run.clone();
    let rooms = needs
        .catalog
        .point("hubs-prod", &run.id, "rooms")
        .await
        .unwrap()
        .unwrap();
    needs.catalog.delete_point("hubs-prod", &rooms).await.unwrap();
    let job = json!({
        "resource": resource("rooms"), "status": "failed",
        "failure": {"error": "AccessDenied", "cause": "{\"errorMessage\": \"not allowed\"}"},
    });
    input.jobs[1] = serde_json::from_value(job).unwrap();
    kind.next(Progress::Succeeded(finished()));
    assert!(!handle(&needs, input).await.unwrap().sealed);
    let reasons = set(&needs, &run).await.reasons;
    assert_eq!(
        (reasons[0].error.as_str(), reasons[0].message.as_str()),
        ("AccessDenied", "not allowed")
    );
    assert_eq!(needs.catalog.points("hubs-prod", &run.id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_job_that_was_given_up_fails_its_point() {
    let (needs, kind, mut input) = backed_up().await;
    let run = input.run.clone();
    input.jobs[0].status = JobStatus::Failed;
    input.jobs[0].failure = Some(Failure {
        error: "States.Timeout".into(),
        cause: "timed out".into(),
    });
    kind.next(Progress::InProgress { percent: Some(3.0) });
    kind.next(Progress::Succeeded(finished()));
    assert!(!handle(&needs, input).await.unwrap().sealed);
    assert_eq!(set(&needs, &run).await.reasons[0].error, "States.Timeout");
}

#[tokio::test]
async fn jobs_that_could_not_be_watched_to_their_end_fail_the_set_unless_they_are_there() {
    for exists in [false, true] {
        let (needs, kind, mut input) = backed_up().await;
        let run = input.run.clone();
        let caught = json!({"state": "PollStatus", "error": "Runtime.ExitError", "cause": "exit status 1"});
        input.look_failure = Some(serde_json::from_value(caught).unwrap());
        input.jobs[0].status = JobStatus::Succeeded;
        kind.looking("database", Ok(Progress::Succeeded(finished())));
        if exists {
            kind.looking("rooms", Ok(Progress::Succeeded(finished())));
        }
        assert_eq!(handle(&needs, input).await.unwrap().sealed, exists);
        let reasons = set(&needs, &run).await.reasons;
        let reasons: Vec<_> = reasons.iter().map(|r| (r.subject.as_str(), r.error.as_str())).collect();
        let expected: &[_] = if exists { &[] } else { &[("rooms", "Runtime.ExitError")] };
        assert_eq!(reasons, expected);
    }
}

#[tokio::test]
async fn a_backup_that_needed_the_application_at_rest_has_to_be_seen_ending_before_it_is_brought_back() {
    for quiesced in [false, true] {
        let (needs, kind, mut input) = backed_up().await;
        let run = input.run.clone();
        if quiesced {
            for mark in [RunMilestone::Quiesced, RunMilestone::Resumed] {
                needs.catalog.mark_run("hubs-prod", &run.id, mark, now()).await.unwrap();
            }
        }
        let caught = json!({"state": "PollStatus", "error": "Runtime.ExitError", "cause": "exit status 1"});
        input.look_failure = Some(serde_json::from_value(caught).unwrap());
        input.jobs[0].holds_quiesce = true;
        kind.next(Progress::Succeeded(finished()));
        kind.next(Progress::Succeeded(finished()));
        let held = input.jobs[0].resource.name.clone();
        assert_eq!(handle(&needs, input).await.unwrap().sealed, !quiesced);
        let reasons = set(&needs, &run).await.reasons;
        assert_eq!(
            reasons.iter().any(|reason| reason.subject == held),
            quiesced,
            "{reasons:?}"
        );
        let record = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap();
        assert_eq!(record.warnings[0].subject, "PollStatus");
    }
}

#[tokio::test]
async fn a_failure_to_resume_warns_and_seals_all_the_same() {
    let (needs, kind, mut input) = backed_up().await;
    let run = input.run.clone();
    let caught = json!({"state": "Resume", "error": "Unavailable", "cause": "no answer"});
    input.resume_failure = Some(serde_json::from_value(caught).unwrap());
    kind.next(Progress::Succeeded(finished()));
    kind.next(Progress::Succeeded(finished()));
    assert!(handle(&needs, input).await.unwrap().sealed);
    let record = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap();
    assert_eq!(record.warnings[0].subject, "Resume");
}

#[tokio::test]
async fn a_look_that_may_pass_closes_nothing() {
    let (needs, kind, input) = backed_up().await;
    let run = input.run.clone();
    kind.fail_next(Error::Throttled("slow down".into()));
    assert_eq!(handle(&needs, input).await.unwrap_err().name(), "Throttled");
    assert_eq!(set(&needs, &run).await.status, SetStatus::Running);
}

#[tokio::test]
async fn a_machine_that_failed_on_its_way_seals_nothing() {
    let (needs, kind, mut input) = backed_up().await;
    let run = input.run.clone();
    let caught = json!({"state": "Quiesce", "error": "JobFailed", "cause": "the hook said no"});
    input.failure = Some(serde_json::from_value(caught).unwrap());
    kind.next(Progress::Succeeded(finished()));
    kind.next(Progress::Succeeded(finished()));
    assert!(!handle(&needs, input).await.unwrap().sealed);
    assert_eq!(set(&needs, &run).await.reasons[0].subject, "Quiesce");
}

#[tokio::test]
async fn a_failed_set_leaves_no_point_in_progress_that_was_never_started() {
    for caught_by_machine in [true, false] {
        let (needs, kind, mut input) = backed_up().await;
        let run = input.run.clone();
        let mut intent = needs
            .catalog
            .point("hubs-prod", &run.id, "rooms")
            .await
            .unwrap()
            .unwrap();
        intent.recovery_point = None;
        needs.catalog.finalize_point("hubs-prod", &intent).await.unwrap();
        input.jobs.remove(1);
        if caught_by_machine {
            let caught = json!({"state": "StartBackups", "error": "States.Timeout", "cause": "too long"});
            input.failure = Some(serde_json::from_value(caught).unwrap());
        }
        kind.next(Progress::Succeeded(finished()));
        assert!(!handle(&needs, input).await.unwrap().sealed);
        let point = needs
            .catalog
            .point("hubs-prod", &run.id, "rooms")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (point.status, point.finished_at),
            (PointStatus::Failed, Some(later(120)))
        );
        let failure = point.failure.unwrap();
        let reasons = set(&needs, &run).await.reasons;
        let reason = reasons.iter().find(|reason| reason.subject == "rooms").unwrap();
        assert_eq!(
            (failure.error, failure.cause),
            (reason.error.clone(), reason.message.clone())
        );
    }
}

fn marks(kind: &RecordedKind) -> Vec<String> {
    let calls = kind.calls();
    calls
        .into_iter()
        .filter(|call| call.starts_with("mark_sealed"))
        .collect()
}

#[tokio::test]
async fn the_recovery_points_of_a_sealed_set_say_how_many_they_are() {
    let (needs, kind, input) = backed_up().await;
    kind.next(Progress::Succeeded(finished()));
    kind.next(Progress::Succeeded(finished()));
    handle(&needs, input.clone()).await.unwrap();
    let name = |resource: &str| crate::domain::names::recovery_point(&input.run.id, resource);
    let expected = ["database", "rooms"].map(|resource| format!("mark_sealed {} 2", name(resource)));
    assert_eq!(marks(&kind), expected);
}

#[tokio::test]
async fn a_set_that_failed_is_marked_by_nothing() {
    let (needs, kind, input) = backed_up().await;
    kind.next(Progress::Succeeded(finished()));
    kind.next(Progress::Failed { reason: "lost".into() });
    assert!(!handle(&needs, input).await.unwrap().sealed);
    assert_eq!(marks(&kind), Vec::<String>::new());
}

#[tokio::test]
async fn a_mark_that_is_refused_warns_and_one_that_only_passes_is_tried_again() {
    let (needs, kind, input) = backed_up().await;
    kind.next(Progress::Succeeded(finished()));
    kind.next(Progress::Succeeded(finished()));
    kind.refuse_next_seal(Error::Throttled("slower".into()));
    assert_eq!(handle(&needs, input.clone()).await.unwrap_err().name(), "Throttled");
    kind.refuse_next_seal(Error::AccessDenied("no tags.".into()));
    assert!(handle(&needs, input.clone()).await.unwrap().sealed);
    let run = needs.catalog.run("hubs-prod", &input.run.id).await.unwrap().unwrap();
    assert_eq!(run.warnings.len(), 1);
    assert_eq!(
        (run.warnings[0].subject.as_str(), run.warnings[0].error.as_str()),
        ("database", "AccessDenied")
    );
    assert_eq!(marks(&kind).len(), 3, "the other one is marked all the same");
}
