#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::replay::{Exchange, Replay, answers, cut, refuses};
use crate::testing::switches::{RESTORE, directory, file_system, run, switch, table};

mod cutting_over;
mod switching_back;
mod told;

const OLD: &str = "arn:aws:ecs:eu-west-1:000000000000:task-definition/hubs:7";
const OURS: &str = "arn:aws:ecs:eu-west-1:000000000000:task-definition/hubs:8";
const THEIRS: &str = "arn:aws:ecs:eu-west-1:000000000000:task-definition/hubs:9";

fn service_switch(volume: Option<&str>) -> Switch {
    let mut document = json!({
        "name": "web", "resource": "files", "kind": "ecs_service", "cluster": "hubs", "service": "web",
    });
    if let Some(volume) = volume {
        document["volume"] = json!(volume);
    }
    switch(document)
}

fn script(exchanges: Vec<Exchange>) -> (Replay, EcsService) {
    let replay = Replay::new(exchanges);
    let service = EcsService::from_config(&replay.config());
    (replay, service)
}

/// A deployment of a revision: status, rollout state, running tasks of two.
fn deployment(revision: &str, status: &str, rollout: &str, running: u32) -> Value {
    json!({
        "status": status, "taskDefinition": revision, "rolloutState": rollout, "rolloutStateReason": "circuit breaker.",
        "desiredCount": 2, "runningCount": running, "failedTasks": 2 - running,
    })
}

fn service(revision: &str, running: u32, deployments: Value) -> Exchange {
    let service = json!({
        "serviceName": "web", "status": "ACTIVE", "taskDefinition": revision, "desiredCount": 2, "runningCount": running,
        "deployments": deployments, "deploymentController": {"type": "ECS"},
        "events": [{"message": "(service web) (deployment ecs-svc/1) deployment failed: tasks failed to start."}],
    });
    answers(
        "DescribeServices",
        json!({"services": [service], "failures": []}).to_string(),
    )
}

fn stable(revision: &str) -> Exchange {
    service(revision, 2, json!([deployment(revision, "PRIMARY", "COMPLETED", 2)]))
}

/// Still being deployed: the new revision has one of its tasks, the old one both.
fn rolling(revision: &str) -> Exchange {
    let deployments = json!([
        deployment(revision, "PRIMARY", "IN_PROGRESS", 1),
        deployment(OLD, "ACTIVE", "COMPLETED", 2),
    ]);
    service(revision, 3, deployments)
}

fn efs(volume: &str, root: Option<&str>) -> Value {
    let mut configuration = json!({"fileSystemId": "fs-1", "transitEncryption": "ENABLED"});
    if let Some(root) = root {
        configuration["rootDirectory"] = json!(root);
    }
    json!({"name": volume, "efsVolumeConfiguration": configuration})
}

fn definition(arn: &str, volumes: Value) -> Value {
    json!({
        "taskDefinitionArn": arn, "family": "hubs", "revision": 7, "status": "ACTIVE", "registeredAt": 1.0,
        "requiresAttributes": [{"name": "efs"}], "compatibilities": ["FARGATE"],
        "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "taskRoleArn": "arn:aws:iam::000000000000:role/task", "executionRoleArn": "arn:aws:iam::000000000000:role/exec",
        "containerDefinitions": [{
            "name": "web", "image": "hubs:1", "cpu": 0, "essential": true, "environment": [{"name": "A", "value": "b"}],
            "mountPoints": [{"sourceVolume": "storage", "containerPath": "/storage"}],
        }],
        "runtimePlatform": {"cpuArchitecture": "ARM64"}, "volumes": volumes,
    })
}

fn volumes() -> Value {
    json!([efs("storage", Some("/hubs/")), efs("whole", None), {"name": "scratch", "host": {}}, {
        "name": "elsewhere", "efsVolumeConfiguration": {"fileSystemId": "fs-9", "rootDirectory": "/x"},
    }])
}

fn described(arn: &str, tags: Value) -> Exchange {
    let body = json!({"taskDefinition": definition(arn, volumes()), "tags": tags});
    answers("DescribeTaskDefinition", body.to_string())
}

fn our_tags() -> Value {
    json!([{"key": "holdfast:restore", "value": RESTORE}, {"key": "holdfast:switch", "value": "web"}])
}

fn old() -> Exchange {
    described(
        OLD,
        json!([{"key": "team", "value": "hubs"}, {"key": "holdfast:restore", "value": "an earlier one"}]),
    )
}

fn newest(arns: &[&str]) -> Exchange {
    answers("ListTaskDefinitions", json!({"taskDefinitionArns": arns}).to_string())
}

/// The volumes in the restored directory.
fn led() -> Value {
    json!([
        efs("storage", Some("/aws-backup-restore_x/hubs")),
        efs("whole", Some("/aws-backup-restore_x")),
        {"name": "scratch", "host": {}},
        {"name": "elsewhere", "efsVolumeConfiguration": {"fileSystemId": "fs-9", "rootDirectory": "/x"}},
    ])
}

fn ours() -> Exchange {
    let body = json!({"taskDefinition": definition(OURS, led()), "tags": our_tags()});
    answers("DescribeTaskDefinition", body.to_string())
}

fn registered() -> Exchange {
    answers(
        "RegisterTaskDefinition",
        json!({"taskDefinition": definition(OURS, led())}).to_string(),
    )
}

/// The paths that the mounting function finds, of those requested.
fn found(file_system: &str, paths: &[&str]) -> Exchange {
    let action = format!("POST /2015-03-31/functions/holdfast-efs-{file_system}/invocations");
    answers(&action, json!({ "paths": paths }).to_string())
}

/// Both volumes are found in the copy.
fn both_found() -> [Exchange; 2] {
    ["/aws-backup-restore_x/hubs", "/aws-backup-restore_x"].map(|path| found("fs-1", &[path]))
}

fn all<const N: usize>(parts: [Vec<Exchange>; N]) -> Vec<Exchange> {
    parts.into_iter().flatten().collect()
}

fn updated() -> Exchange {
    answers("UpdateService", json!({"service": {"serviceName": "web"}}).to_string())
}

async fn apply(service: &EcsService, noted: Value) -> Result<SwitchProgress> {
    apply_to(service, &service_switch(None), &directory(), noted).await
}

async fn apply_to(service: &EcsService, switch: &Switch, item: &RestoreItem, noted: Value) -> Result<SwitchProgress> {
    service.apply(&run(), switch, item, &recorded(OLD), &noted).await
}

async fn revert(service: &EcsService, after: Value) -> Result<SwitchProgress> {
    service
        .revert(
            &run(),
            &service_switch(None),
            &directory(),
            &recorded(OLD),
            &after,
            &Value::Null,
        )
        .await
}

fn is_underway(switching: &SwitchProgress, of: &str) -> bool {
    matches!(switching, SwitchProgress::Underway { noted, .. } if *noted == recorded(of))
}
