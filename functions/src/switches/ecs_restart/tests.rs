#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::replay::{Exchange, Replay, answers, cut, refuses};
use crate::testing::switches::{cluster, run, switch};

const REVISION: &str = "arn:aws:ecs:eu-west-1:000000000000:task-definition/hubs:7";
const THEIRS: &str = "arn:aws:ecs:eu-west-1:000000000000:task-definition/hubs:8";

fn restart() -> Switch {
    switch(json!({"name": "web", "resource": "database", "kind": "ecs_restart", "cluster": "hubs", "service": "web"}))
}

fn script(exchanges: impl IntoIterator<Item = Exchange>) -> (Replay, EcsRestart) {
    let replay = Replay::new(exchanges);
    let restart = EcsRestart::from_config(&replay.config());
    (replay, restart)
}

/// A deployment: its number, status and rollout state, and how many of its two tasks run.
fn deployment(number: u32, status: &str, rollout: &str, running: u32) -> Value {
    json!({
        "id": format!("ecs-svc/{number}"), "status": status, "taskDefinition": REVISION, "rolloutState": rollout,
        "rolloutStateReason": "circuit breaker.", "desiredCount": 2, "runningCount": running, "failedTasks": 0,
    })
}

fn service(deployments: Value) -> Value {
    let running = |found: &Value| found["runningCount"].as_u64();
    let running: u64 = deployments.as_array().unwrap().iter().filter_map(running).sum();
    json!({
        "serviceName": "web", "status": "ACTIVE", "taskDefinition": REVISION, "desiredCount": 2, "runningCount": running,
        "deployments": deployments, "deploymentController": {"type": "ECS"},
        "events": [{"message": "(service web) (deployment ecs-svc/2) deployment failed: tasks failed to start."}],
    })
}

fn described(service: &Value) -> Exchange {
    answers(
        "DescribeServices",
        json!({"services": [service], "failures": []}).to_string(),
    )
}

fn stable(number: u32) -> Value {
    service(json!([deployment(number, "PRIMARY", "COMPLETED", 2)]))
}

/// The new deployment has one task, the old one both.
fn rolling(new: u32, old: u32) -> Value {
    service(json!([
        deployment(new, "PRIMARY", "IN_PROGRESS", 1),
        deployment(old, "ACTIVE", "COMPLETED", 2),
    ]))
}

fn updated(number: u32) -> Exchange {
    let service = service(json!([
        deployment(number, "PRIMARY", "IN_PROGRESS", 0),
        deployment(1, "ACTIVE", "COMPLETED", 2),
    ]));
    answers("UpdateService", json!({"service": service}).to_string())
}

fn without_tasks() -> Value {
    let mut service = stable(1);
    (service["desiredCount"], service["runningCount"]) = (json!(0), json!(0));
    service
}

fn before() -> Value {
    json!({"task_definition": REVISION, "deployment": "ecs-svc/1"})
}

fn noted(number: u32) -> Value {
    json!({"deployment": format!("ecs-svc/{number}"), "replaces": "ecs-svc/1"})
}

fn done(number: u32) -> SwitchProgress {
    SwitchProgress::Done(json!({"deployment": format!("ecs-svc/{number}")}))
}

async fn apply(restart: &EcsRestart, noted: Value) -> Result<SwitchProgress> {
    let switch = self::restart();
    restart.apply(&run(), &switch, &cluster(), &before(), &noted).await
}

async fn revert(restart: &EcsRestart, noted: Value) -> Result<SwitchProgress> {
    let switch = self::restart();
    let after = json!({"deployment": "ecs-svc/2"});
    restart
        .revert(&run(), &switch, &cluster(), &before(), &after, &noted)
        .await
}

#[track_caller]
fn noted_in(progress: &SwitchProgress) -> Value {
    match progress {
        SwitchProgress::Underway { noted, .. } => noted.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn tasks_are_started_again_with_the_same_revision_until_the_new_ones_run_alone() {
    let (replay, restart) = script([
        described(&stable(1)),
        updated(2),
        described(&stable(1)),
        described(&rolling(2, 1)),
        described(&stable(2)),
    ]);
    let started = noted_in(&apply(&restart, Value::Null).await.unwrap());
    assert_eq!(started, noted(2));
    // ECS does not show it at once.
    assert_eq!(noted_in(&apply(&restart, started.clone()).await.unwrap()), started);
    assert_eq!(noted_in(&apply(&restart, started.clone()).await.unwrap()), started);
    assert_eq!(apply(&restart, started).await.unwrap(), done(2));
    assert_eq!(
        replay.played()[1].json(),
        json!({"cluster": "hubs", "service": "web", "forceNewDeployment": true})
    );
}

#[tokio::test]
async fn a_restart_whose_response_was_lost_is_begun_again_and_the_second_one_counts() {
    let (replay, restart) = script([
        described(&stable(1)),
        cut("UpdateService"),
        described(&rolling(2, 1)),
        updated(3),
        described(&rolling(2, 1)),
        described(&stable(3)),
    ]);
    assert_eq!(apply(&restart, Value::Null).await.unwrap_err().name(), "Unavailable");
    let second = noted_in(&apply(&restart, Value::Null).await.unwrap());
    assert_eq!(second, json!({"deployment": "ecs-svc/3", "replaces": "ecs-svc/2"}));
    assert_eq!(noted_in(&apply(&restart, second.clone()).await.unwrap()), second);
    assert_eq!(apply(&restart, second).await.unwrap(), done(3));
    replay.played();
}

#[tokio::test]
async fn a_deployment_that_fails_or_is_replaced_fails_with_what_ecs_says() {
    let rolled_back = service(json!([
        deployment(3, "PRIMARY", "COMPLETED", 2),
        deployment(2, "INACTIVE", "FAILED", 0),
    ]));
    let without_rollback = service(json!([deployment(2, "PRIMARY", "FAILED", 0)]));
    for (service, said) in [
        (
            rolled_back,
            "deployment ecs-svc/3 has replaced its deployment ecs-svc/2",
        ),
        // Somebody else's, which is stable: its tasks are not those of this restart.
        (stable(4), "deployment ecs-svc/4 has replaced its deployment ecs-svc/2"),
        (without_rollback, "circuit breaker"),
    ] {
        let (replay, restart) = script([described(&service)]);
        let SwitchProgress::Failed(why) = apply(&restart, noted(2)).await.unwrap() else {
            panic!("{service}");
        };
        assert!(why.contains(said), "{why}");
        assert!(why.contains("ECS says: (service web)"), "{why}");
        replay.played();
    }
}

#[tokio::test]
async fn somebody_elses_revision_is_left_alone() {
    let mut service = stable(5);
    service["taskDefinition"] = json!(THEIRS);
    let (replay, restart) = script([described(&service)]);
    let error = apply(&restart, Value::Null).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(error.to_string().contains("somebody deployed hubs:8"), "{error}");
    replay.played();
}

/// Those that were started since, by whomever, may have read what was switched back meanwhile.
#[tokio::test]
async fn switching_back_starts_the_tasks_once_more_whatever_runs_now() {
    let mut theirs = stable(5);
    theirs["taskDefinition"] = json!(THEIRS);
    let (replay, restart) = script([
        described(&theirs),
        updated(6),
        described(&rolling(6, 5)),
        described(&stable(6)),
    ]);
    let started = noted_in(&revert(&restart, Value::Null).await.unwrap());
    assert_eq!(started, json!({"deployment": "ecs-svc/6", "replaces": "ecs-svc/5"}));
    assert_eq!(noted_in(&revert(&restart, started.clone()).await.unwrap()), started);
    assert_eq!(revert(&restart, started).await.unwrap(), done(6));
    replay.played();
}

#[tokio::test]
async fn a_service_without_tasks_has_nothing_to_restart() {
    let all = || described(&without_tasks());
    let (replay, restart) = script([all(), all(), all(), all(), all()]);
    let switch = self::restart();
    restart.ready(&run(), &switch, &cluster()).await.unwrap();
    restart.observe(&run(), &switch, &cluster()).await.unwrap();
    let nothing = SwitchProgress::Done(json!({"desired_count": 0}));
    assert_eq!(apply(&restart, Value::Null).await.unwrap(), nothing);
    assert_eq!(revert(&restart, Value::Null).await.unwrap(), nothing);
    let remarks = restart.remarks(&switch, &cluster()).await.unwrap();
    assert!(remarks[0].contains("desired count of 0"), "{remarks:?}");
    replay.played();
}

#[tokio::test]
async fn a_deployment_in_progress_is_waited_for() {
    let busy = || described(&rolling(2, 1));
    let (replay, restart) = script([busy(), busy(), busy(), described(&stable(2))]);
    let switch = self::restart();
    let error = restart.ready(&run(), &switch, &cluster()).await.unwrap_err();
    assert_eq!(error.name(), "NotReady");
    assert!(error.to_string().contains("another deployment"), "{error}");
    let observed = restart.observe(&run(), &switch, &cluster()).await;
    assert_eq!(observed.unwrap_err().name(), "NotReady");
    let remarks = restart.remarks(&switch, &cluster()).await.unwrap();
    assert!(remarks[0].contains("is being deployed now"), "{remarks:?}");
    let observed = restart.observe(&run(), &switch, &cluster()).await.unwrap();
    assert_eq!(
        observed,
        json!({"task_definition": REVISION, "deployment": "ecs-svc/2"})
    );
    replay.played();
}

#[tokio::test]
async fn what_cannot_be_restarted_is_found_before_anything_is_restored() {
    let mut code_deploy = stable(1);
    code_deploy["deploymentController"]["type"] = json!("CODE_DEPLOY");
    let mut draining = stable(1);
    draining["status"] = json!("DRAINING");
    let none = answers("DescribeServices", r#"{"services": []}"#);
    for (answer, value) in [
        (
            described(&code_deploy),
            "web of cluster hubs, of deployment controller CODE_DEPLOY",
        ),
        (described(&draining), "web of cluster hubs"),
        (none, "web of cluster hubs"),
        (
            refuses("DescribeServices", 400, "ClusterNotFoundException"),
            "web of cluster hubs",
        ),
    ] {
        let (replay, restart) = script([answer]);
        let faults = restart.preflight(&run(), &self::restart(), &cluster()).await.unwrap();
        assert_eq!(faults[0].path, "cut_over.web.service");
        assert_eq!(faults[0].value, value);
        replay.played();
    }
    let (replay, restart) = script([described(&stable(1))]);
    let faults = restart.preflight(&run(), &self::restart(), &cluster()).await.unwrap();
    assert_eq!(faults, []);
    replay.played();
}

#[tokio::test]
async fn a_refused_restart_and_a_service_that_is_gone_are_named() {
    let (replay, restart) = script([
        described(&stable(1)),
        refuses("UpdateService", 400, "AccessDeniedException"),
        answers("DescribeServices", r#"{"services": []}"#),
    ]);
    let error = apply(&restart, Value::Null).await.unwrap_err();
    assert_eq!(error.name(), "AccessDenied");
    assert!(
        error.to_string().contains("restarting service web of cluster hubs"),
        "{error}"
    );
    assert_eq!(revert(&restart, Value::Null).await.unwrap_err().name(), "NotFound");
    replay.played();
}

/// It reads nothing of AWS: it refers to no resource, whatever it is compared with.
#[tokio::test]
async fn it_refers_to_nothing() {
    let (replay, restart) = script([]);
    let target = &cluster().planned.resource.target;
    let reference = restart.reference(&self::restart(), target).await.unwrap();
    assert_eq!(reference, Reference::Unrelated);
    replay.played();
}
