#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::domain::descriptor::SwitchAction;
use crate::domain::job::JobStatus;
use crate::testing::switchboard::{Switchboard, needs, record, switched, verified};
use crate::testing::{later, now};

async fn call(needs: &Needs, run: &Run, at: Timestamp) -> Result<Output> {
    let input = Input {
        run: run.clone(),
        restore: run.id.clone(),
        now: at,
    };
    handle(needs, input).await
}

async fn cut_over(board: &std::sync::Arc<Switchboard>, states: [SwitchState; 2]) -> (Needs, Run) {
    let mut record = verified();
    record.status = RestoreStatus::CutOver;
    record.switched = switched(states);
    needs(board, record).await
}

fn underway() -> SwitchProgress {
    SwitchProgress::Underway {
        phase: "deploying".into(),
        noted: Value::Null,
    }
}

#[tokio::test]
async fn what_was_switched_is_switched_back_in_reverse_order_once() {
    let board = Switchboard::new();
    let (needs, run) = cut_over(&board, [SwitchState::Done, SwitchState::Done]).await;
    board.reverting("two", underway());
    let first = call(&needs, &run, now()).await.unwrap();
    assert_eq!((first.status, first.wait_seconds), (JobStatus::InProgress, 5));
    assert_eq!(
        record(&needs.catalog, &run).await.switched[1].state,
        SwitchState::Returning
    );
    assert_eq!(call(&needs, &run, later(5)).await.unwrap(), Output::succeeded());
    let back = record(&needs.catalog, &run).await;
    assert_eq!(back.status, RestoreStatus::SwitchedBack);
    assert!(
        back.switched
            .iter()
            .all(|switched| switched.state == SwitchState::Returned)
    );
    assert_eq!(
        board.calls(),
        [
            "revert two \"after two\"",
            "revert two \"after two\"",
            "revert one \"after one\""
        ]
    );
    assert_eq!(call(&needs, &run, later(9)).await.unwrap(), Output::succeeded());
    assert_eq!(board.calls().len(), 3);
}

#[tokio::test]
async fn what_may_have_been_switched_is_switched_back_too() {
    let board = Switchboard::new();
    let (needs, run) = cut_over(&board, [SwitchState::Begun, SwitchState::Returned]).await;
    assert_eq!(call(&needs, &run, now()).await.unwrap(), Output::succeeded());
    assert_eq!(board.calls(), ["revert one \"after one\""]);
}

#[tokio::test]
async fn a_switch_that_cannot_be_taken_back_is_left_named_and_can_be_tried_again() {
    let board = Switchboard::new();
    let (needs, run) = cut_over(&board, [SwitchState::Done, SwitchState::Done]).await;
    board.failing("two", Error::Conflict("somebody deployed".into()));
    let failed = call(&needs, &run, now()).await.unwrap();
    assert_eq!(
        (failed.status, failed.failure.unwrap().error.as_str()),
        (JobStatus::Failed, "Conflict")
    );
    let left = record(&needs.catalog, &run).await;
    assert_eq!(left.status, RestoreStatus::CutOver);
    assert_eq!(left.left.len(), 1);
    assert_eq!(left.left[0].subject, "switch two");
    let states: Vec<_> = left.switched.iter().map(|switched| switched.state).collect();
    assert_eq!(states, [SwitchState::Returned, SwitchState::Begun]);
    assert_eq!(call(&needs, &run, later(9)).await.unwrap(), Output::succeeded());
    let back = record(&needs.catalog, &run).await;
    assert_eq!((back.status, back.left.len()), (RestoreStatus::SwitchedBack, 0));
}

#[tokio::test]
async fn what_was_switched_before_it_for_the_same_resource_waits() {
    let board = Switchboard::new();
    let mut record_ = verified();
    record_.status = RestoreStatus::CutOver;
    record_.switched = switched([SwitchState::Done, SwitchState::Done]);
    record_.switched[1].switch.resource = record_.switched[0].switch.resource.clone();
    let (needs, run) = needs(&board, record_).await;
    board.failing("two", Error::Conflict("somebody rotated".into()));
    assert_eq!(call(&needs, &run, now()).await.unwrap().status, JobStatus::Failed);
    assert_eq!(board.calls(), ["revert two \"after two\""]);
    assert_eq!(record(&needs.catalog, &run).await.switched[0].state, SwitchState::Done);
}

/// `one` of the cluster, `two` of the table, and a restart `web` between them.
fn with_a_restart() -> RestoreRecord {
    let mut record = verified();
    record.status = RestoreStatus::CutOver;
    record.switched = switched([SwitchState::Done, SwitchState::Done]);
    let mut web = record.switched[0].clone();
    web.switch.name = "web".into();
    web.switch.action = SwitchAction::EcsRestart {
        cluster: "hubs".into(),
        service: "web".into(),
    };
    (web.before, web.after) = (json!("before web"), json!("after web"));
    record.switched.insert(1, web);
    record
}

/// A restart before its secret is switched back would read the copy's again.
#[tokio::test]
async fn a_restart_comes_last_and_is_given_what_it_requested() {
    let board = Switchboard::new();
    let (needs, run) = needs(&board, with_a_restart()).await;
    let requested = |deployment: u32| SwitchProgress::Underway {
        phase: "restarting".into(),
        noted: json!(deployment),
    };
    board.reverting("web", requested(7));
    board.reverting("web", requested(7));
    for at in [0, 5] {
        let output = call(&needs, &run, later(at)).await.unwrap();
        assert_eq!(output.status, JobStatus::InProgress);
        let underway = record(&needs.catalog, &run).await;
        assert_eq!(underway.switched[1].returning, json!(7));
        assert_eq!(underway.switched[1].after, json!("after web"));
    }
    assert_eq!(call(&needs, &run, later(10)).await.unwrap(), Output::succeeded());
    assert_eq!(
        board.calls(),
        [
            "revert two \"after two\"",
            "revert one \"after one\"",
            "revert web \"after web\"",
            "revert web \"after web\" 7",
            "revert web \"after web\" 7",
        ]
    );
    let back = record(&needs.catalog, &run).await;
    assert_eq!(back.status, RestoreStatus::SwitchedBack);
    assert_eq!(back.switched[1].returning, Value::Null);
}

/// What an earlier try requested says nothing about the next one.
#[tokio::test]
async fn a_restart_that_failed_starts_again_and_keeps_no_other_from_it() {
    let board = Switchboard::new();
    let mut record_ = with_a_restart();
    let mut other = record_.switched[1].clone();
    other.switch.name = "other".into();
    (other.before, other.after) = (json!("before other"), json!("after other"));
    record_.switched.push(other);
    let (needs, run) = needs(&board, record_).await;
    board.reverting(
        "web",
        SwitchProgress::Underway {
            phase: "restarting".into(),
            noted: json!(7),
        },
    );
    board.reverting("web", SwitchProgress::Failed("its tasks do not start".into()));
    assert_eq!(call(&needs, &run, now()).await.unwrap().status, JobStatus::InProgress);
    assert_eq!(call(&needs, &run, later(5)).await.unwrap().status, JobStatus::Failed);
    let failed = record(&needs.catalog, &run).await;
    let states: Vec<_> = failed.switched.iter().map(|switched| switched.state).collect();
    use SwitchState::{Begun, Returned};
    assert_eq!(states, [Returned, Begun, Returned, Returned]);
    assert_eq!(failed.switched[1].returning, Value::Null);
    assert_eq!(call(&needs, &run, later(9)).await.unwrap(), Output::succeeded());
    assert_eq!(board.calls().last().unwrap(), "revert web \"after web\"");
}

/// It refers to no copy: the descriptor names what the switches refer to.
#[tokio::test]
async fn the_descriptor_does_not_wait_for_a_restart() {
    let board = Switchboard::new();
    let (needs, run) = needs(&board, with_a_restart()).await;
    let items = needs.catalog.items(&run.deployment, &run.id).await.unwrap();
    descriptor_updates::apply(&needs.catalog, &run, &run.id, &items, now())
        .await
        .unwrap();
    board.failing("web", Error::NotFound("its service is gone".into()));
    assert_eq!(call(&needs, &run, later(5)).await.unwrap().status, JobStatus::Failed);
    let descriptor = needs.catalog.descriptor(&run.deployment).await.unwrap();
    assert_eq!(descriptor.resources["database"].target.identifier(), "hubs-db");
}

#[tokio::test]
async fn one_that_takes_too_long_has_failed_and_another_try_has_its_time() {
    let board = Switchboard::new();
    let (needs, run) = cut_over(&board, [SwitchState::Done, SwitchState::Done]).await;
    for _ in 0..3 {
        board.reverting("two", underway());
    }
    assert_eq!(call(&needs, &run, now()).await.unwrap().status, JobStatus::InProgress);
    let late = call(&needs, &run, later(1800)).await.unwrap();
    assert_eq!(late.failure.unwrap().error, "DeadlineExceeded");
    assert_eq!(
        call(&needs, &run, later(4000)).await.unwrap().status,
        JobStatus::InProgress
    );
}

#[tokio::test]
async fn a_look_that_fails_is_tried_again() {
    let board = Switchboard::new();
    let (needs, run) = cut_over(&board, [SwitchState::Done, SwitchState::Done]).await;
    board.failing("two", Error::Unavailable("no answer".into()));
    assert_eq!(call(&needs, &run, now()).await.unwrap_err().name(), "Unavailable");
    assert_eq!(call(&needs, &run, now()).await.unwrap(), Output::succeeded());
}

#[tokio::test]
async fn a_restore_that_switched_nothing_is_left_as_it_is() {
    let board = Switchboard::new();
    let (needs, run) = needs(&board, verified()).await;
    assert_eq!(call(&needs, &run, now()).await.unwrap(), Output::succeeded());
    assert_eq!(record(&needs.catalog, &run).await.status, RestoreStatus::Restored);
}

/// Fails at 8e363f8: the descriptor never followed a cut-over.
#[tokio::test]
async fn the_descriptor_names_again_what_it_named_before() {
    let board = Switchboard::new();
    let (needs, run) = cut_over(&board, [SwitchState::Done, SwitchState::Done]).await;
    let named = async || {
        let descriptor = needs.catalog.descriptor(&run.deployment).await.unwrap();
        ["database", "rooms"].map(|name| descriptor.resources[name].target.identifier().to_owned())
    };
    let before = named().await;
    let items = needs.catalog.items(&run.deployment, &run.id).await.unwrap();
    descriptor_updates::apply(&needs.catalog, &run, &run.id, &items, now())
        .await
        .unwrap();
    assert_eq!(named().await, ["hubs-db-r1", "hubs-rooms-r1"]);
    board.failing("one", Error::Conflict("somebody's".into()));
    call(&needs, &run, later(5)).await.unwrap();
    assert_eq!(
        named().await,
        ["hubs-db-r1", "hubs-rooms"],
        "the cluster's switch still leads to the copy"
    );
    call(&needs, &run, later(5)).await.unwrap();
    assert_eq!(named().await, before);
    let record = needs.catalog.restore(&run.deployment, &run.id).await.unwrap().unwrap();
    assert!(record.followed.iter().all(|change| change.back_at.is_some()));
}
