use super::*;
use crate::domain::restore::switch_progress::{SwitchRecord, SwitchState};

#[tokio::test]
async fn a_copy_of_the_revision_mounts_the_directory_and_is_deployed() {
    let (replay, service) = script(all([
        vec![stable(OLD), old()],
        both_found().into(),
        vec![newest(&[OLD]), old(), registered(), updated()],
    ]));
    let looked = apply(&service, Value::Null).await.unwrap();
    assert!(is_underway(&looked, OURS), "{looked:?}");
    let requests = replay.played();
    let register = requests[6].json();
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
    assert_eq!(requests[7].json()["taskDefinition"], json!(OURS));
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
        SwitchProgress::Done(recorded(OURS))
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
        SwitchProgress::Done(recorded(OURS))
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
            SwitchProgress::Failed(reason) => assert!(reason.contains(word) && reason.contains("hubs:8"), "{reason}"),
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
        // Deployed by someone who copied the switch's revision, including its tags.
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
    let ready = async |found: Exchange, item: &RestoreItem| {
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
    // A set that recorded what was mounted: no other directory is accepted.
    let mut recorded = directory();
    recorded.configuration = json!({"InUse": {"mounts": [
        {"switch": "web", "by": "service web", "volume": "storage", "root": "/data"}]}});
    let (seen, asked) = ready(found("fs-1", &[]), &recorded).await;
    assert_eq!(asked["paths"], json!(["/aws-backup-restore_x/data"]));
    let error = seen.unwrap_err();
    assert_eq!(error.name(), "NotFound");
    assert!(error.to_string().contains("/aws-backup-restore_x/data"), "{error}");
    // If no function mounts it, the error says so.
    let unseen = refuses(
        "POST /2015-03-31/functions/holdfast-efs-fs-1/invocations",
        404,
        "ResourceNotFoundException",
    );
    let error = ready(unseen, &directory()).await.0.unwrap_err();
    assert!(error.to_string().contains("infra/efs-access.yaml"), "{error}");
}

/// A linear deployment takes 54 minutes by default: with a limit of 30, it would be switched back while it is succeeding.
#[tokio::test]
async fn a_service_that_waits_by_its_strategy_has_a_later_deadline() {
    for (configuration, deadline) in [
        (json!({"strategy": "ROLLING"}), 1_800),
        (json!({"strategy": "LINEAR", "bakeTimeInMinutes": 5}), 1_800 + 59 * 60),
    ] {
        let of = json!({"status": "ACTIVE", "taskDefinition": OLD, "deploymentConfiguration": configuration});
        let described = answers("DescribeServices", json!({"services": [of]}).to_string());
        let (replay, service) = script(vec![described]);
        let before = service
            .observe(&run(), &service_switch(None), &directory())
            .await
            .unwrap();
        assert_eq!(revision_in(&before), Some(OLD));
        let switched = SwitchRecord {
            switch: service_switch(None),
            state: SwitchState::Begun,
            before,
            after: Value::Null,
            returning: Value::Null,
            at: None,
        };
        assert_eq!(switched.deadline_seconds(), deadline);
        replay.played();
    }
}
