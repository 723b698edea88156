#![allow(clippy::unwrap_used)]

use super::*;
use crate::aws::replay::{Exchange, Replay, answers, cut, refuses};
use crate::switches::testing::{RESTORE, directory, file_system, run, switch, table};

const OLD: &str = "arn:aws:ecs:eu-west-1:000000000000:task-definition/hubs:7";
const OURS: &str = "arn:aws:ecs:eu-west-1:000000000000:task-definition/hubs:8";
const THEIRS: &str = "arn:aws:ecs:eu-west-1:000000000000:task-definition/hubs:9";

fn service_switch(volume: Option<&str>) -> CutOver {
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

/// Still being deployed: the revision has one of its tasks, the old one both.
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

/// What the function that mounts a file system finds of the paths that it is asked for.
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

async fn apply(service: &EcsService, noted: Value) -> Result<Switching> {
    apply_to(service, &service_switch(None), &directory(), noted).await
}

async fn apply_to(service: &EcsService, switch: &CutOver, item: &Item, noted: Value) -> Result<Switching> {
    service.apply(&run(), switch, item, &recorded(OLD), &noted).await
}

async fn revert(service: &EcsService, after: Value) -> Result<Switching> {
    service
        .revert(&run(), &service_switch(None), &directory(), &recorded(OLD), &after)
        .await
}

fn is_underway(switching: &Switching, of: &str) -> bool {
    matches!(switching, Switching::Underway { noted, .. } if *noted == recorded(of))
}

#[tokio::test]
async fn a_copy_of_the_revision_mounts_the_directory_and_is_deployed() {
    let (replay, service) = script(all([
        vec![stable(OLD), old()],
        both_found().into(),
        vec![newest(&[OLD]), old(), registered(), updated()],
    ]));
    let looked = apply(&service, Value::Null).await.unwrap();
    assert!(is_underway(&looked, OURS), "{looked:?}");
    let asked = replay.played();
    let register = asked[6].json();
    assert_eq!(
        register["volumes"],
        json!([
            {"name": "storage", "efsVolumeConfiguration": {
                "fileSystemId": "fs-1", "rootDirectory": "/aws-backup-restore_x/hubs", "transitEncryption": "ENABLED"}},
            {"name": "whole", "efsVolumeConfiguration": {
                "fileSystemId": "fs-1", "rootDirectory": "/aws-backup-restore_x", "transitEncryption": "ENABLED"}},
            {"name": "scratch", "host": {}},
            {"name": "elsewhere", "efsVolumeConfiguration": {"fileSystemId": "fs-9", "rootDirectory": "/x"}},
        ])
    );
    let source = definition(OLD, volumes());
    for kept in [
        "family",
        "taskRoleArn",
        "executionRoleArn",
        "containerDefinitions",
        "networkMode",
        "cpu",
        "memory",
        "requiresCompatibilities",
        "runtimePlatform",
    ] {
        assert_eq!(register[kept], source[kept], "{kept}");
    }
    let tag = |key: &str, value: &str| json!({"key": key, "value": value});
    assert_eq!(
        register["tags"],
        json!([
            tag("team", "hubs"),
            tag("holdfast:deployment", "hubs-prod"),
            tag("holdfast:restore", RESTORE),
            tag("holdfast:resource", "files"),
            tag("holdfast:switch", "web"),
        ])
    );
    assert_eq!(asked[7].json()["taskDefinition"], json!(OURS));
}

#[tokio::test]
async fn one_volume_alone_and_a_new_file_system() {
    let volumes = json!([
        efs("storage", Some("/hubs/")),
        {"name": "whole", "efsVolumeConfiguration": {
            "fileSystemId": "fs-2", "rootDirectory": "/aws-backup-restore_x", "transitEncryption": "ENABLED"}},
        {"name": "scratch", "host": {}},
        {"name": "elsewhere", "efsVolumeConfiguration": {"fileSystemId": "fs-9", "rootDirectory": "/x"}},
    ]);
    let registered = json!({"taskDefinition": definition(OURS, volumes)});
    let (replay, service) = script(vec![
        stable(OLD),
        old(),
        found("fs-2", &["/aws-backup-restore_x"]),
        newest(&[]),
        answers("RegisterTaskDefinition", registered.to_string()),
        updated(),
    ]);
    apply_to(&service, &service_switch(Some("whole")), &file_system(), Value::Null)
        .await
        .unwrap();
    let volumes = replay.played()[4].json()["volumes"].clone();
    assert_eq!(volumes[0]["efsVolumeConfiguration"]["fileSystemId"], json!("fs-1"));
    assert_eq!(
        volumes[1]["efsVolumeConfiguration"],
        json!({"fileSystemId": "fs-2", "rootDirectory": "/aws-backup-restore_x", "transitEncryption": "ENABLED"})
    );
}

#[tokio::test]
async fn a_revision_that_was_registered_unheard_is_adopted() {
    let (replay, service) = script(all([
        vec![stable(OLD), old()],
        both_found().into(),
        vec![newest(&[]), cut("RegisterTaskDefinition")],
    ]));
    assert_eq!(apply(&service, Value::Null).await.unwrap_err().name(), "Unavailable");
    replay.played();
    let another_family = "arn:aws:ecs:eu-west-1:000000000000:task-definition/hubs-worker:8";
    let (replay, service) = script(all([
        vec![stable(OLD), old()],
        both_found().into(),
        vec![
            newest(&[another_family, THEIRS, OURS, OLD]),
            described(THEIRS, json!([])),
            ours(),
            updated(),
        ],
    ]));
    assert!(is_underway(&apply(&service, Value::Null).await.unwrap(), OURS));
    replay.played();
}

#[tokio::test]
async fn a_deployment_that_was_begun_unheard_is_watched() {
    let (replay, service) = script(all([
        vec![stable(OLD), old()],
        both_found().into(),
        vec![
            newest(&[OURS]),
            ours(),
            cut("UpdateService"),
            rolling(OURS),
            ours(),
            old(),
        ],
        both_found().into(),
        vec![stable(OURS)],
    ]));
    assert_eq!(apply(&service, Value::Null).await.unwrap_err().name(), "Unavailable");
    let looked = apply(&service, Value::Null).await.unwrap();
    assert!(is_underway(&looked, OURS), "{looked:?}");
    assert_eq!(
        apply(&service, recorded(OURS)).await.unwrap(),
        Switching::Done(recorded(OURS))
    );
    replay.played();
}

#[tokio::test]
async fn a_service_is_stable_only_with_all_tasks_of_one_deployment() {
    let old_one_left = json!([
        deployment(OURS, "PRIMARY", "COMPLETED", 2),
        deployment(OLD, "ACTIVE", "COMPLETED", 1),
    ]);
    let (replay, service) = script(vec![
        rolling(OURS),
        service(OURS, 3, old_one_left),
        service(OURS, 1, json!([deployment(OURS, "PRIMARY", "IN_PROGRESS", 1)])),
        service(
            OURS,
            2,
            json!([
                deployment(OURS, "PRIMARY", "COMPLETED", 2),
                deployment(OLD, "ACTIVE", "FAILED", 0)
            ]),
        ),
    ]);
    for _ in 0..3 {
        let looked = apply(&service, recorded(OURS)).await.unwrap();
        assert!(is_underway(&looked, OURS), "{looked:?}");
    }
    assert_eq!(
        apply(&service, recorded(OURS)).await.unwrap(),
        Switching::Done(recorded(OURS))
    );
    replay.played();
}

#[tokio::test]
async fn a_rollback_is_a_failure_though_the_service_is_stable() {
    let failed = json!([
        deployment(OURS, "PRIMARY", "FAILED", 0),
        deployment(OLD, "ACTIVE", "COMPLETED", 2)
    ]);
    let (replay, service) = script(vec![stable(OLD), self::service(OURS, 2, failed)]);
    for word in ["tasks failed to start", "circuit breaker"] {
        match apply(&service, recorded(OURS)).await.unwrap() {
            Switching::Failed(reason) => assert!(reason.contains(word) && reason.contains("hubs:8"), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
    replay.played();
}

#[tokio::test]
async fn what_somebody_deploys_meanwhile_stays() {
    let (replay, service) = script(vec![stable(THEIRS), described(THEIRS, json!([]))]);
    let error = apply(&service, recorded(OURS)).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(error.to_string().contains("hubs:9"), "{error}");
    replay.played();
}

#[tokio::test]
async fn a_revision_that_lost_something_is_not_deployed() {
    let mut lossy = definition(OURS, json!([]));
    lossy.as_object_mut().unwrap().remove("runtimePlatform");
    let lossy = answers("RegisterTaskDefinition", json!({"taskDefinition": lossy}).to_string());
    let (replay, service) = script(all([
        vec![stable(OLD), old()],
        both_found().into(),
        vec![newest(&[]), lossy],
    ]));
    let error = apply(&service, Value::Null).await.unwrap_err();
    assert_eq!(error.name(), "VerificationFailed");
    assert!(error.to_string().contains("runtimePlatform"), "{error}");
    replay.played();
}

#[tokio::test]
async fn what_an_earlier_try_registered_is_checked_like_a_new_one() {
    let mut lossy = definition(OURS, led());
    lossy.as_object_mut().unwrap().remove("runtimePlatform");
    for (found, word) in [(lossy, "runtimePlatform"), (definition(OURS, volumes()), "volumes")] {
        let found = || {
            answers(
                "DescribeTaskDefinition",
                json!({"taskDefinition": found, "tags": our_tags()}).to_string(),
            )
        };
        // Registered, and not yet deployed.
        let (replay, service) = script(all([
            vec![stable(OLD), old()],
            both_found().into(),
            vec![newest(&[OURS]), found()],
        ]));
        let error = apply(&service, Value::Null).await.unwrap_err();
        assert_eq!(error.name(), "VerificationFailed");
        assert!(error.to_string().contains(word), "{error}");
        replay.played();
        // Deployed: by somebody who made it of ours, tags and all.
        let (replay, service) = script(all([vec![stable(OURS), found(), old()], both_found().into()]));
        let error = apply(&service, Value::Null).await.unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
        replay.played();
    }
    let mut other_image = definition(OURS, led());
    other_image["containerDefinitions"][0]["image"] = json!("hubs:2");
    let theirs = json!({"taskDefinition": other_image, "tags": our_tags()});
    let (replay, service) = script(vec![
        stable(OURS),
        answers("DescribeTaskDefinition", theirs.to_string()),
        old(),
    ]);
    assert_eq!(revert(&service, Value::Null).await.unwrap_err().name(), "Conflict");
    replay.played();
}

#[tokio::test]
async fn what_is_mounted_today_is_looked_for_in_the_copy_without_the_restores_since() {
    const EARLIER: &str = "/aws-backup-restore_2026-11-19T02-15-03-123Z";
    let today = || {
        let definition = definition(OLD, json!([efs("storage", Some(&format!("{EARLIER}/hubs")))]));
        answers(
            "DescribeTaskDefinition",
            json!({"taskDefinition": definition, "tags": []}).to_string(),
        )
    };
    let ready = async |found: Exchange, item: &Item| {
        let (replay, service) = script(vec![stable(OLD), today(), found]);
        let ready = service.ready(&run(), &service_switch(None), item).await;
        (ready, replay.played()[2].json())
    };
    // A set from before the restore.
    let (seen, asked) = ready(found("fs-1", &["/aws-backup-restore_x/hubs"]), &directory()).await;
    seen.unwrap();
    let paths = [
        format!("/aws-backup-restore_x{EARLIER}/hubs"),
        "/aws-backup-restore_x/hubs".to_owned(),
    ];
    assert_eq!(asked, json!({"action": "find", "paths": paths}));
    // One that recorded what was mounted: nothing else will do.
    let mut recorded = directory();
    recorded.configuration = json!({"InUse": {"mounts": [
        {"switch": "web", "by": "service web", "volume": "storage", "root": "/data"}]}});
    let (seen, asked) = ready(found("fs-1", &[]), &recorded).await;
    assert_eq!(asked["paths"], json!(["/aws-backup-restore_x/data"]));
    let error = seen.unwrap_err();
    assert_eq!(error.name(), "NotFound");
    assert!(error.to_string().contains("/aws-backup-restore_x/data"), "{error}");
    // Where nothing sees into it, it says so.
    let unseen = refuses(
        "POST /2015-03-31/functions/holdfast-efs-fs-1/invocations",
        404,
        "ResourceNotFoundException",
    );
    let error = ready(unseen, &directory()).await.0.unwrap_err();
    assert!(error.to_string().contains("infra/efs-access.yaml"), "{error}");
}

#[tokio::test]
async fn what_its_volumes_mount_is_told() {
    let mut by_point = efs("logs", None);
    by_point["efsVolumeConfiguration"]["authorizationConfig"] = json!({"accessPointId": "fsap-1"});
    let volumes = json!([efs("storage", Some("/hubs/")), by_point, {"name": "scratch", "host": {}}]);
    let described = json!({"taskDefinition": definition(OLD, volumes), "tags": []});
    let (replay, service) = script(vec![
        stable(OLD),
        answers("DescribeTaskDefinition", described.to_string()),
    ]);
    let mounts = service.mounts(&service_switch(None), "fs-1").await.unwrap();
    let told: Vec<_> = mounts
        .iter()
        .map(|mount| {
            (
                mount.volume.as_str(),
                mount.root.as_deref(),
                mount.access_point.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [("storage", Some("/hubs/"), None), ("logs", None, Some("fsap-1"))]
    );
    replay.played();
}

#[tokio::test]
async fn switching_back_deploys_the_old_revision_and_waits_for_it() {
    let back = json!([
        deployment(OLD, "PRIMARY", "IN_PROGRESS", 0),
        deployment(OURS, "ACTIVE", "COMPLETED", 2)
    ]);
    let (replay, service) = script(vec![stable(OURS), updated(), self::service(OLD, 2, back), stable(OLD)]);
    for _ in 0..2 {
        let looked = revert(&service, recorded(OURS)).await.unwrap();
        assert!(is_underway(&looked, OLD), "{looked:?}");
    }
    assert_eq!(
        revert(&service, recorded(OURS)).await.unwrap(),
        Switching::Done(recorded(OLD))
    );
    let asked = replay.played();
    assert_eq!(asked[1].json()["taskDefinition"], json!(OLD));
}

#[tokio::test]
async fn a_deployment_of_which_nobody_heard_is_taken_back_too() {
    let (replay, service) = script(vec![rolling(OURS), ours(), old(), updated()]);
    assert!(is_underway(&revert(&service, Value::Null).await.unwrap(), OLD));
    replay.played();
    let (replay, service) = script(vec![stable(THEIRS), described(THEIRS, json!([]))]);
    assert_eq!(revert(&service, Value::Null).await.unwrap_err().name(), "Conflict");
    replay.played();
}

/// The content of `OURS`, under any ARN: it has other volumes than the old one.
fn again(arn: &str, image: &str) -> Exchange {
    let mut led = definition(arn, json!([efs("storage", Some("/aws-backup-restore_x/hubs"))]));
    led["containerDefinitions"][0]["image"] = json!(image);
    answers(
        "DescribeTaskDefinition",
        json!({"taskDefinition": led, "tags": our_tags()}).to_string(),
    )
}

#[tokio::test]
async fn a_revision_is_known_by_what_it_says() {
    // Ours, registered again.
    let (replay, service) = script(vec![
        stable(THEIRS),
        again(THEIRS, "hubs:1"),
        old(),
        again(OURS, "hubs:1"),
        updated(),
    ]);
    assert!(is_underway(&revert(&service, recorded(OURS)).await.unwrap(), OLD));
    replay.played();
    // The old one, registered again.
    let (replay, service) = script(vec![stable(THEIRS), described(THEIRS, json!([])), old()]);
    assert_eq!(
        revert(&service, recorded(OURS)).await.unwrap(),
        Switching::Done(recorded(THEIRS))
    );
    replay.played();
    // Ours with another image: the console takes over the tags.
    let (replay, service) = script(vec![
        stable(THEIRS),
        again(THEIRS, "hubs:2"),
        old(),
        again(OURS, "hubs:1"),
    ]);
    let error = revert(&service, recorded(OURS)).await.unwrap_err();
    assert_eq!(error.name(), "Conflict", "{error}");
    assert!(error.to_string().contains("hubs:9"), "{error}");
    replay.played();
}

#[tokio::test]
async fn a_service_that_is_gone_is_said_so() {
    let missing = || {
        answers(
            "DescribeServices",
            json!({"services": [], "failures": [{"reason": "MISSING"}]}).to_string(),
        )
    };
    let (replay, service) = script(vec![missing(), missing()]);
    assert_eq!(apply(&service, Value::Null).await.unwrap_err().name(), "NotFound");
    assert_eq!(revert(&service, Value::Null).await.unwrap_err().name(), "NotFound");
    replay.played();
}

#[tokio::test]
async fn what_would_fail_is_foreseen() {
    let by = |controller: &str, status: &str| {
        let service = json!({
            "status": status, "taskDefinition": OLD, "deploymentController": {"type": controller},
        });
        answers("DescribeServices", json!({"services": [service]}).to_string())
    };
    let with = |volumes: Value| {
        let body = json!({"taskDefinition": definition(OLD, volumes), "tags": []});
        answers("DescribeTaskDefinition", body.to_string())
    };
    let mut by_access_point = efs("storage", None);
    by_access_point["efsVolumeConfiguration"]["authorizationConfig"] = json!({"accessPointId": "fsap-1"});
    let all = service_switch(None);
    let cases = [
        (
            vec![refuses("DescribeServices", 400, "ClusterNotFoundException")],
            &all,
            "an active service",
        ),
        (vec![by("ECS", "DRAINING")], &all, "an active service"),
        (vec![by("CODE_DEPLOY", "ACTIVE")], &all, "deployment controller ECS"),
        (
            vec![by("ECS", "ACTIVE"), with(json!([]))],
            &all,
            "no volume of which mounts fs-1",
        ),
        (
            vec![by("ECS", "ACTIVE"), with(json!([by_access_point]))],
            &all,
            "without an access point",
        ),
        (
            vec![by("ECS", "ACTIVE"), with(volumes())],
            &service_switch(Some("scratch")),
            "volume scratch does not mount fs-1",
        ),
    ];
    for (exchanges, switch, word) in cases {
        let (replay, service) = script(exchanges);
        let faults = service.foresee(&run(), switch, &directory()).await.unwrap();
        assert_eq!(faults.len(), 1, "{word}: {faults:?}");
        assert!(faults[0].to_string().contains(word), "{}", faults[0]);
        replay.played();
    }
    let good = || vec![by("ECS", "ACTIVE"), with(volumes())];
    let (replay, service) = script(good());
    assert_eq!(service.foresee(&run(), &all, &directory()).await.unwrap(), []);
    replay.played();
    let (replay, service) = script(good());
    let faults = service.foresee(&run(), &all, &table()).await.unwrap();
    assert!(faults[0].to_string().contains("a file system"), "{faults:?}");
    replay.played();
}

#[tokio::test]
async fn where_it_leads_is_told_by_what_its_volumes_mount() {
    let lead = async |volume: Option<&str>, file_system: &str| {
        let (_, service) = script(vec![stable(OLD), old()]);
        let target = Target::Efs {
            file_system: file_system.to_owned(),
            vault: None,
            role: None,
        };
        service.lead(&service_switch(volume), &target).await.unwrap()
    };
    assert_eq!(lead(None, "fs-1").await, Lead::There);
    assert_eq!(lead(None, "fs-2").await, Lead::Elsewhere("file system fs-1".to_owned()));
    assert!(matches!(lead(Some("no-such"), "fs-1").await, Lead::Unknown(_)));
}
