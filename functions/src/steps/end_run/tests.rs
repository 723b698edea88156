#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::domain::restore::{About, Question, RestoreStatus};
use crate::domain::set::SetStatus;
use crate::testing::restored;
use crate::testing::{EXECUTION, catalog, now, planned, running_set, started_at};

fn input(failure: Option<Caught>) -> Input {
    let request = json!({"deployment": "hubs-prod"});
    Input {
        request,
        execution: EXECUTION.into(),
        started_at: started_at(),
        failure,
        now: now(),
    }
}

fn caught(state: &str) -> Option<Caught> {
    Some(Caught {
        state: state.into(),
        error: "AccessDenied".into(),
        cause: "not allowed".into(),
        before: None,
    })
}

#[tokio::test]
async fn every_cause_is_recorded_once() {
    let run = restored::run();
    let mut begun = restored::record(&run, RestoreStatus::SwitchedBack, &json!({}));
    begun.reasons.push(Reason {
        subject: "switch web".into(),
        error: "Conflict".into(),
        message: "somebody deployed".into(),
    });
    let (catalog, ..) = restored::restoring(&begun, &[], &[]).await;
    let needs = Needs { catalog };
    let failure = serde_json::from_value(json!({
        "state": "Resume", "error": "Unavailable", "cause": "the hook failed", "before": {
            "state": "UndoCutOver", "error": "Conflict", "cause": "theirs stays", "before": {
                // The step has already recorded this one.
                "state": "CutOver", "error": "Conflict", "cause": "somebody deployed",
            },
        },
    }));
    for _ in 0..2 {
        handle(&needs, of_restore(failure.as_ref().ok().cloned()))
            .await
            .unwrap();
    }
    let found = needs.catalog.known_restore("hubs-prod", &run.id).await.unwrap();
    let subjects: Vec<_> = found.reasons.iter().map(|reason| reason.subject.as_str()).collect();
    assert_eq!(subjects, ["switch web", "UndoCutOver", "Resume"]);
    let of_run = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap();
    assert_eq!(of_run.warnings.len(), 0);
}

#[tokio::test]
async fn a_run_that_ended_early_leaves_a_failed_set_and_no_lease() {
    let (catalog, _, run) = planned(&[]).await;
    let needs = Needs { catalog };
    for _ in 0..2 {
        let output = handle(&needs, input(caught("SealSet"))).await.unwrap();
        assert_eq!(output.set.as_deref(), Some(run.id.as_str()));
    }
    let set = needs.catalog.set("hubs-prod", &run.id).await.unwrap().unwrap();
    assert_eq!((set.status, set.ended_at), (SetStatus::Failed, Some(now())));
    assert_eq!(set.reasons.len(), 1);
    assert_eq!(set.reasons[0].subject, "SealSet");
    let record = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap();
    assert_eq!(record.ended_at, Some(now()));
    assert_eq!(needs.catalog.lease("hubs-prod").await.unwrap(), None);
}

#[tokio::test]
async fn a_failure_beside_a_sealed_set_is_a_warning() {
    let (catalog, _, run) = planned(&[]).await;
    let mut set = running_set(&run, &["rooms"]);
    set.status = SetStatus::Sealed;
    catalog.close_set(&set).await.unwrap();
    let needs = Needs { catalog };
    for _ in 0..2 {
        handle(&needs, input(caught("PruneSets"))).await.unwrap();
    }
    let found = needs.catalog.set("hubs-prod", &run.id).await.unwrap().unwrap();
    assert_eq!(found.status, SetStatus::Sealed);
    let record = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap();
    assert_eq!(record.warnings.len(), 1);
}

#[tokio::test]
async fn the_lease_of_another_execution_stays() {
    let (catalog, _, run) = planned(&[]).await;
    let needs = Needs { catalog };
    let other = Input {
        execution: EXECUTION.replace("20261120-021500", "busy"),
        ..input(caught("PlanBackup"))
    };
    let output = handle(&needs, other).await.unwrap();
    assert_eq!(output.set, None);
    assert_eq!(
        needs.catalog.lease("hubs-prod").await.unwrap().unwrap().execution,
        run.execution
    );
    let set = needs.catalog.set("hubs-prod", &run.id).await.unwrap().unwrap();
    assert_eq!(set.status, SetStatus::Running);
}

#[tokio::test]
async fn an_execution_without_a_deployment_ends_without_a_word() {
    let (catalog, memory) = catalog();
    let input = Input {
        request: json!([1, 2]),
        ..input(caught("PlanBackup"))
    };
    assert_eq!(handle(&Needs { catalog }, input).await.unwrap().set, None);
    assert_eq!(memory.writes(), 0);
}

fn of_restore(failure: Option<Caught>) -> Input {
    Input {
        execution: restored::EXECUTION.into(),
        ..input(failure)
    }
}

#[tokio::test]
async fn a_restore_that_was_not_done_has_failed_with_its_reason() {
    for status in [RestoreStatus::Planned, RestoreStatus::Running] {
        for failure in [caught("RestoreResources"), None] {
            let run = restored::run();
            let begun = restored::record(&run, status, &json!({}));
            let (catalog, ..) = restored::restoring(&begun, &[], &[]).await;
            let needs = Needs { catalog };
            for _ in 0..2 {
                assert_eq!(handle(&needs, of_restore(failure.clone())).await.unwrap().set, None);
            }
            let subject = failure.as_ref().map_or("EndRun", |caught| caught.state.as_str());
            let found = needs.catalog.known_restore("hubs-prod", &run.id).await.unwrap();
            let subjects: Vec<_> = found.reasons.iter().map(|reason| reason.subject.as_str()).collect();
            assert_eq!((found.status, subjects), (RestoreStatus::Failed, vec![subject]));
            let of_run = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap();
            assert_eq!((of_run.ended_at, of_run.warnings.len()), (Some(now()), 0));
            assert_eq!(needs.catalog.lease("hubs-prod").await.unwrap(), None);
            assert_eq!(needs.catalog.set("hubs-prod", &run.id).await.unwrap(), None);
        }
    }
}

#[tokio::test]
async fn a_restore_that_came_to_an_end_keeps_it() {
    let refused = Some(Caught {
        state: "AskCutOver".into(),
        error: "Rejected".into(),
        cause: String::new(),
        before: None,
    });
    for (status, failure, reasons, warnings) in [
        (RestoreStatus::Restored, None, 0, 0),
        (RestoreStatus::CutOver, None, 0, 0),
        // In addition to the restore's own reasons.
        (RestoreStatus::CutOver, caught("Resume"), 0, 1),
        (RestoreStatus::Restored, caught("Resume"), 0, 1),
        // The reason for its status.
        (RestoreStatus::Restored, refused, 1, 0),
        (RestoreStatus::Undone, caught("RestoreResources"), 1, 0),
        (RestoreStatus::SwitchedBack, caught("CutOver"), 1, 0),
        (RestoreStatus::Switching, caught("UndoCutOver"), 1, 0),
        (RestoreStatus::Failed, caught("UndoRestore"), 1, 0),
    ] {
        let run = restored::run();
        let mut begun = restored::record(&run, status, &json!({}));
        begun.question = Some(Question {
            about: About::CutOver,
            token: "t".into(),
            asked_at: now(),
            until: now(),
            notified_at: None,
        });
        let (catalog, ..) = restored::restoring(&begun, &[], &[]).await;
        let needs = Needs { catalog };
        handle(&needs, of_restore(failure.clone())).await.unwrap();
        let found = needs.catalog.known_restore("hubs-prod", &run.id).await.unwrap();
        let of_run = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap();
        assert_eq!(
            (found.status, found.reasons.len(), of_run.warnings.len()),
            (status, reasons, warnings),
            "{status:?} {failure:?}"
        );
        assert_eq!(found.question, None);
    }
}

#[tokio::test]
async fn a_dry_run_stays_a_plan() {
    let run = restored::run();
    let planned = restored::record(&run, RestoreStatus::Planned, &json!({"dry_run": true}));
    let (catalog, ..) = restored::restoring(&planned, &[], &[]).await;
    let needs = Needs { catalog };
    handle(&needs, of_restore(None)).await.unwrap();
    let found = needs.catalog.known_restore("hubs-prod", &run.id).await.unwrap();
    assert_eq!((found.status, found.reasons.len()), (RestoreStatus::Planned, 0));
}

#[tokio::test]
async fn what_takes_a_cut_over_back_ends_its_own_run_alone() {
    let run = restored::run();
    let switching = restored::record(&run, RestoreStatus::Switching, &json!({}));
    let (catalog, ..) = restored::restoring(&switching, &[], &[]).await;
    let needs = Needs { catalog };
    let back = Input {
        execution: restored::EXECUTION.replace("-restore:", "-undo-cut-over:"),
        ..of_restore(caught("UndoCutOver"))
    };
    handle(&needs, back).await.unwrap();
    let found = needs.catalog.known_restore("hubs-prod", &run.id).await.unwrap();
    assert_eq!(found, switching);
    let of_run = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap();
    assert_eq!(of_run.ended_at, None);
}
