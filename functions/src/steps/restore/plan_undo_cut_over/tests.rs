#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::domain::restore::RestoreStatus;
use crate::domain::restore::switch_progress::SwitchState;
use crate::testing::switchboard::{switched, verified};
use crate::testing::{EXECUTION, Running, later, now, planned};

const UNDOING: &str = "arn:aws:states:us-east-1:000000000000:execution:holdfast-undo-cut-over:one";

/// A restore that was cut over, and whose own run has released the lease.
async fn cut_over(hooks: &[&str], states: [SwitchState; 2]) -> (Needs, String) {
    let (catalog, _, run) = planned(hooks).await;
    catalog.release_lease(&run.deployment, EXECUTION).await.unwrap();
    let mut record = verified();
    record.status = RestoreStatus::CutOver;
    record.switched = switched(states);
    catalog.begin_restore(&record, &[]).await.unwrap();
    let needs = Needs {
        catalog,
        executions: Arc::new(Running::default()),
    };
    (needs, run.id)
}

fn input(request: Value) -> Input {
    Input {
        request,
        execution: UNDOING.into(),
        started_at: later(3600),
        now: later(3601),
    }
}

#[tokio::test]
async fn a_run_of_its_own_takes_the_deployment() {
    let (needs, restore) = cut_over(&["offline"], [SwitchState::Done, SwitchState::Begun]).await;
    let request = json!({"deployment": "hubs-prod", "restore": restore});
    let planned = handle(&needs, input(request.clone())).await.unwrap();
    assert_eq!((planned.restore.as_str(), planned.has_hooks), (restore.as_str(), true));
    assert_ne!(planned.run.id, restore);
    let lease = needs.catalog.lease("hubs-prod").await.unwrap().unwrap();
    assert_eq!(lease.execution, UNDOING);
    let run = needs.catalog.run("hubs-prod", &planned.run.id).await.unwrap().unwrap();
    assert_eq!(run.purpose, Purpose::UndoCutOver);
    assert_eq!(
        needs
            .catalog
            .planned_by(&planned.run)
            .await
            .unwrap()
            .hooks
            .quiesce
            .len(),
        1
    );
    assert_eq!(handle(&needs, input(request)).await.unwrap(), planned);
}

#[tokio::test]
async fn the_deployment_is_refused_while_another_run_has_it() {
    let (needs, restore) = cut_over(&[], [SwitchState::Done, SwitchState::Done]).await;
    let holder = Run {
        execution: EXECUTION.into(),
        ..crate::testing::run()
    };
    let lease = needs.catalog.acquire_lease(&holder, |_| async { Ok(true) });
    lease.await.unwrap();
    let request = json!({"deployment": "hubs-prod", "restore": restore});
    let error = handle(&needs, input(request)).await.unwrap_err();
    assert_eq!(error.name(), "DeploymentBusy");
}

#[tokio::test]
async fn wrong_requests_are_refused_with_all_their_faults() {
    let (needs, restore) = cut_over(&[], [SwitchState::Returned, SwitchState::Returned]).await;
    for (request, name, words) in [
        (
            json!({}),
            "InvalidInput",
            vec!["deployment: (missing)", "restore: (missing)"],
        ),
        (
            json!({"deployment": "Hubs", "restore": 7}),
            "InvalidInput",
            vec!["\"Hubs\"", "restore: 7"],
        ),
        (
            json!({"deployment": "hubs-prod", "restore": "hubs-prod-20261120-021500-0000"}),
            "NotFound",
            vec!["holdfast restores hubs-prod"],
        ),
        (
            json!({"deployment": "hubs-prod", "restore": restore}),
            "InvalidInput",
            vec!["which has nothing switched"],
        ),
    ] {
        let error = handle(&needs, input(request.clone())).await.unwrap_err();
        assert_eq!(error.name(), name, "{request}");
        for word in words {
            assert!(error.to_string().contains(word), "{error}");
        }
    }
    assert_eq!(needs.catalog.lease("hubs-prod").await.unwrap(), None);
}

#[tokio::test]
async fn a_run_that_has_ended_plans_nothing() {
    let (needs, restore) = cut_over(&[], [SwitchState::Done, SwitchState::Done]).await;
    let request = json!({"deployment": "hubs-prod", "restore": restore});
    let planned = handle(&needs, input(request.clone())).await.unwrap();
    let catalog = &needs.catalog;
    let ended = catalog.mark_run("hubs-prod", &planned.run.id, crate::catalog::RunMilestone::Ended, now());
    ended.await.unwrap();
    catalog.release_lease("hubs-prod", UNDOING).await.unwrap();
    assert_eq!(handle(&needs, input(request)).await.unwrap_err().name(), "Conflict");
    assert_eq!(catalog.lease("hubs-prod").await.unwrap(), None);
}
