#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::catalog::Mark;
use crate::domain::message::Event;
use crate::domain::set::SetStatus;
use crate::steps::testing::{EXECUTION, Inbox, Recorded, catalog, now, planned, started_at};

const NIGHTLY: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-nightly";

fn event(machine: &str, status: &str, error: Option<&str>, input: &str) -> Input {
    let event = json!({
        "detail-type": "Step Functions Execution Status Change", "source": "aws.states", "time": now(),
        "detail": {
            "executionArn": EXECUTION, "stateMachineArn": machine, "status": status, "name": "x",
            "startDate": started_at().as_millisecond(), "stopDate": now().as_millisecond(), "input": input,
            "inputDetails": {"included": true}, "output": null, "error": error, "cause": null,
        },
    });
    serde_json::from_value(event).unwrap()
}

fn aborted() -> Input {
    event("arn:backup", "ABORTED", None, r#"{"deployment": "hubs-prod"}"#)
}

struct Fixture {
    needs: Needs,
    hooks: Arc<Recorded>,
    inbox: Arc<Inbox>,
    run: Run,
}

/// A run that quiesced and then was heard of no more.
async fn lost(hooks: Arc<Recorded>) -> Fixture {
    let (catalog, _, run) = planned(&["offline"]).await;
    catalog
        .mark_run("hubs-prod", &run.set, Mark::Quiesced, now())
        .await
        .unwrap();
    let inbox = Inbox::open();
    let needs = Needs {
        catalog,
        hooks: hooks.clone(),
        topic: inbox.clone(),
        stacks_topic: "arn:stack".into(),
        nightly: NIGHTLY.into(),
    };
    Fixture {
        needs,
        hooks,
        inbox,
        run,
    }
}

#[tokio::test]
async fn a_lost_run_is_resumed_failed_released_and_told_of_once() {
    let Fixture {
        needs,
        hooks,
        inbox,
        run,
    } = lost(Recorded::all_well()).await;
    assert!(handle(&needs, aborted()).await.unwrap().acted);
    assert!(!handle(&needs, aborted()).await.unwrap().acted);
    assert_eq!(hooks.calls(), ["resume offline"]);
    let set = needs.catalog.set("hubs-prod", &run.set).await.unwrap().unwrap();
    assert_eq!(
        (set.status, set.reasons[0].error.as_str()),
        (SetStatus::Failed, "ABORTED")
    );
    assert_eq!(needs.catalog.lease("hubs-prod").await.unwrap(), None);
    let record = needs.catalog.run("hubs-prod", &run.set).await.unwrap().unwrap();
    assert!(record.ended_at.is_some() && record.resumed_at.is_some() && record.notified_at.is_some());
    let told = inbox.messages();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].1.event, Event::BackupEnded);
    assert!(told[0].1.text.contains("free for another run"), "{}", told[0].1.text);
}

#[tokio::test]
async fn a_run_that_told_on_call_itself_is_left_alone() {
    let Fixture {
        needs,
        hooks,
        inbox,
        run,
    } = lost(Recorded::all_well()).await;
    needs
        .catalog
        .mark_run("hubs-prod", &run.set, Mark::Resumed, now())
        .await
        .unwrap();
    needs
        .catalog
        .mark_run("hubs-prod", &run.set, Mark::Notified, now())
        .await
        .unwrap();
    let failed = event(
        "arn:backup",
        "FAILED",
        Some("BackupFailed"),
        r#"{"deployment": "hubs-prod"}"#,
    );
    assert!(!handle(&needs, failed).await.unwrap().acted);
    assert!(hooks.calls().is_empty() && inbox.messages().is_empty());
    assert!(needs.catalog.lease("hubs-prod").await.unwrap().is_some());
}

#[tokio::test]
async fn an_application_that_does_not_come_back_is_told_of_and_tried_again() {
    let Fixture {
        needs,
        hooks,
        inbox,
        run,
    } = lost(Recorded::failing("offline", 1)).await;
    assert_eq!(handle(&needs, aborted()).await.unwrap_err().name(), "Unavailable");
    assert!(
        inbox.messages()[0].1.text.contains("brought to rest"),
        "{}",
        inbox.messages()[0].1.text
    );
    assert!(handle(&needs, aborted()).await.unwrap().acted);
    assert_eq!((hooks.calls().len(), inbox.messages().len()), (2, 1));
    let record = needs.catalog.run("hubs-prod", &run.set).await.unwrap().unwrap();
    assert!(record.resumed_at.is_some());
}

#[tokio::test]
async fn the_lease_of_a_later_run_stays() {
    let Fixture { needs, run, .. } = lost(Recorded::all_well()).await;
    let later = Run {
        execution: "later".into(),
        ..run
    };
    needs
        .catalog
        .acquire_lease(&later, |_| async { Ok(false) })
        .await
        .unwrap();
    handle(&needs, aborted()).await.unwrap();
    assert_eq!(
        needs.catalog.lease("hubs-prod").await.unwrap().unwrap().execution,
        "later"
    );
}

#[tokio::test]
async fn an_execution_that_never_came_to_a_run_is_told_of_unless_it_did_so_itself() {
    let Fixture { mut needs, inbox, .. } = lost(Recorded::all_well()).await;
    needs.catalog = catalog().0;
    for input in ["", "not json", "{}", r#"{"deployment": "nobody"}"#] {
        let told = event("arn:backup", "FAILED", Some("BackupFailed"), input);
        assert!(!handle(&needs, told).await.unwrap().acted);
        assert!(
            handle(&needs, event("arn:backup", "TIMED_OUT", None, input))
                .await
                .unwrap()
                .acted
        );
    }
    assert_eq!(inbox.messages().len(), 4);
}

#[tokio::test]
async fn a_lost_night_is_told_of_and_a_failed_one_has_told_itself() {
    let Fixture {
        needs, inbox, hooks, ..
    } = lost(Recorded::all_well()).await;
    assert!(
        !handle(&needs, event(NIGHTLY, "FAILED", Some("NightFailed"), "{}"))
            .await
            .unwrap()
            .acted
    );
    assert!(
        handle(&needs, event(NIGHTLY, "ABORTED", None, "{}"))
            .await
            .unwrap()
            .acted
    );
    assert!(hooks.calls().is_empty());
    assert_eq!(inbox.messages()[0].1.event, Event::Nightly);
}
