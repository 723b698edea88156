#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::hooks::{self, lists};
use crate::testing::replay::{Exchange, Replay, answers};

fn hook() -> Hook {
    let hook = json!({"name": "web", "kind": "ecs_scale", "cluster": "hubs", "service": "web"});
    lists(json!([hook])).quiesce[0].clone()
}

fn service(desired: i64, running: i64, pending: i64) -> Exchange {
    let service = json!({"status": "ACTIVE", "desiredCount": desired, "runningCount": running, "pendingCount": pending,
                         "schedulingStrategy": "REPLICA"});
    answers("DescribeServices", json!({ "services": [service] }).to_string())
}

fn target(suspended: bool) -> Exchange {
    let state = match suspended {
        true => all_suspended(),
        false => json!({}),
    };
    let target = json!({"ResourceId": "service/hubs/web", "SuspendedState": state});
    answers(
        "DescribeScalableTargets",
        json!({ "ScalableTargets": [target] }).to_string(),
    )
}

fn updated() -> Exchange {
    answers("UpdateService", "{}")
}

fn registered() -> Exchange {
    answers("RegisterScalableTarget", "{}")
}

async fn called(undo: bool, before: Value, script: Vec<Exchange>) -> (Result<HookProgress>, Replay) {
    let replay = Replay::new(script);
    let driver = EcsScaleHook::from_config(&replay.config());
    let progress = hooks::called(&driver, &hook(), undo, &before).await;
    (progress, replay)
}

fn scaled() -> Value {
    json!({"desired_count": 3, "suspended": suspension(&json!({}))})
}

fn plain() -> Value {
    json!({"desired_count": 3, "suspended": null})
}

#[tokio::test]
async fn what_was_there_is_recorded_before_anything_changes() {
    let replay = Replay::new([service(3, 3, 0), target(false)]);
    let before = EcsScaleHook::from_config(&replay.config())
        .observe(&hook())
        .await
        .unwrap();
    assert_eq!(before, scaled());
    let none = answers("DescribeScalableTargets", r#"{"ScalableTargets": []}"#);
    let replay = Replay::new([service(3, 3, 0), none]);
    let before = EcsScaleHook::from_config(&replay.config())
        .observe(&hook())
        .await
        .unwrap();
    assert_eq!(before, plain());
}

#[tokio::test]
async fn it_is_scaled_to_no_task_with_its_auto_scaling_suspended_first() {
    let script = vec![target(false), registered(), service(3, 3, 0), updated()];
    let (progress, replay) = called(false, scaled(), script).await;
    assert!(matches!(progress.unwrap(), HookProgress::InProgress(_)));
    let played = replay.played();
    assert_eq!(played[1].json()["SuspendedState"], all_suspended());
    assert_eq!(played[1].json()["MinCapacity"], Value::Null, "its limits stay");
    assert_eq!(played[3].json()["desiredCount"], 0);
    // A task that stops, or is about to start, still uses the data.
    for (running, pending) in [(1, 0), (0, 1)] {
        let (progress, _) = called(false, scaled(), vec![target(true), service(0, running, pending)]).await;
        assert!(matches!(progress.unwrap(), HookProgress::InProgress(_)));
    }
}

/// ECS counts a task as running no more once it is to stop, and its container may write for as long as its `stopTimeout` is.
#[tokio::test]
async fn a_task_that_is_stopping_is_waited_for() {
    let listed = |token: Value| {
        answers(
            "ListTasks",
            json!({ "taskArns": ["t"], "nextToken": token }).to_string(),
        )
    };
    let described = |status: &str| {
        answers(
            "DescribeTasks",
            json!({ "tasks": [{ "lastStatus": status }] }).to_string(),
        )
    };
    for (last, done) in [("STOPPING", false), ("STOPPED", true)] {
        let script = vec![
            service(0, 0, 0),
            listed(json!("more")),
            described("STOPPED"),
            listed(Value::Null),
            described(last),
        ];
        let (progress, replay) = called(false, plain(), script).await;
        assert_eq!(progress.unwrap() == HookProgress::Done, done, "{last}");
        let played = replay.played();
        assert_eq!(played[1].json()["desiredStatus"], "STOPPED");
        assert_eq!(played[3].json()["nextToken"], "more");
    }
}

#[tokio::test]
async fn it_is_back_when_its_tasks_run_and_its_auto_scaling_is_what_it_was() {
    let (progress, replay) = called(true, scaled(), vec![service(0, 0, 0), updated()]).await;
    assert!(matches!(progress.unwrap(), HookProgress::InProgress(_)));
    assert_eq!(replay.played()[1].json()["desiredCount"], 3);
    let (progress, _) = called(true, scaled(), vec![service(3, 2, 1)]).await;
    assert!(matches!(progress.unwrap(), HookProgress::InProgress(_)));
    let (progress, replay) = called(true, scaled(), vec![service(3, 3, 0), target(true), registered()]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
    assert_eq!(replay.played()[2].json()["SuspendedState"], suspension(&json!({})));
    // The answer was lost, and the auto scaling has added a task since.
    let (progress, _) = called(true, scaled(), vec![service(4, 4, 0), target(false)]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
}

#[tokio::test]
async fn a_count_that_somebody_else_set_stays_and_its_tasks_are_waited_for() {
    let (progress, _) = called(true, plain(), vec![service(5, 2, 3)]).await;
    assert!(matches!(progress.unwrap(), HookProgress::InProgress(what) if what.contains("2 of 5")));
    let (progress, _) = called(true, plain(), vec![service(5, 5, 0)]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
}

#[tokio::test]
async fn a_service_that_had_no_task_gets_none() {
    let none = json!({"desired_count": 0, "suspended": null});
    let (progress, _) = called(true, none, vec![service(0, 0, 0)]).await;
    assert_eq!(progress.unwrap(), HookProgress::Done);
}

#[tokio::test]
async fn a_missing_service_and_a_daemon_are_faults() {
    let daemon = json!({"services": [{"status": "ACTIVE", "schedulingStrategy": "DAEMON"}]});
    for (answer, said) in [
        (answers("DescribeServices", r#"{"services": []}"#), "not active"),
        (
            answers("DescribeServices", r#"{"services": [{"status": "INACTIVE"}]}"#),
            "not active",
        ),
        (answers("DescribeServices", daemon.to_string()), "DAEMON"),
    ] {
        let replay = Replay::new([answer]);
        let fault = EcsScaleHook::from_config(&replay.config())
            .check(&hook())
            .await
            .unwrap();
        assert!(fault.unwrap().value.contains(said));
    }
}
