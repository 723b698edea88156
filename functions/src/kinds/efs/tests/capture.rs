//! What is captured.

use super::*;

#[tokio::test]
async fn all_that_aws_backup_does_not_keep_is_captured_as_efs_answered_it() {
    let at = |path: &str| format!("GET /2015-02-01/{path}");
    let (kind, replay) = efs([
        file_system("available"),
        answers(
            &at("mount-targets"),
            r#"{"MountTargets":[{"MountTargetId":"fsmt-1","FileSystemId":"fs-01234567","SubnetId":"subnet-1","LifeCycleState":"available"}],"NextMarker":"more"}"#,
        ),
        answers(
            &at("mount-targets/fsmt-1/security-groups"),
            r#"{"SecurityGroups":["sg-1"]}"#,
        ),
        answers(
            &at("mount-targets"),
            r#"{"MountTargets":[{"MountTargetId":"fsmt-2","FileSystemId":"fs-01234567","SubnetId":"subnet-2","LifeCycleState":"available"}]}"#,
        ),
        answers(
            &at("mount-targets/fsmt-2/security-groups"),
            r#"{"SecurityGroups":["sg-2"]}"#,
        ),
        answers(
            &at("access-points"),
            r#"{"AccessPoints":[{"AccessPointId":"fsap-1","PosixUser":{"Uid":1000,"Gid":1000},"RootDirectory":{"Path":"/storage"}}]}"#,
        ),
        answers(
            &at("file-systems/fs-01234567/policy"),
            r#"{"FileSystemId":"fs-01234567","Policy":"{\"Version\":\"2012-10-17\"}"}"#,
        ),
        answers(
            &at("file-systems/fs-01234567/lifecycle-configuration"),
            r#"{"LifecyclePolicies":[{"TransitionToIA":"AFTER_30_DAYS"}]}"#,
        ),
        answers(
            &at("file-systems/fs-01234567/backup-policy"),
            r#"{"BackupPolicy":{"Status":"DISABLED"}}"#,
        ),
        refuses(
            &at("file-systems/replication-configurations"),
            404,
            "ReplicationNotFound",
        ),
    ]);
    let captured = kind.capture(&storage()).await.unwrap();
    for (pointer, value) in [
        ("/FileSystem/ThroughputMode", "elastic"),
        ("/FileSystem/Tags/0/Value", "hubs"),
        ("/MountTargets/0/SubnetId", "subnet-1"),
        ("/MountTargets/0/SecurityGroups/0", "sg-1"),
        ("/MountTargets/1/SecurityGroups/0", "sg-2"),
        ("/AccessPoints/0/RootDirectory/Path", "/storage"),
        ("/Policy", r#"{"Version":"2012-10-17"}"#),
        ("/LifecyclePolicies/0/TransitionToIA", "AFTER_30_DAYS"),
        ("/BackupPolicy/Status", "DISABLED"),
    ] {
        assert_eq!(
            captured.pointer(pointer).and_then(Value::as_str),
            Some(value),
            "{pointer} in {captured:#}"
        );
    }
    assert!(captured.get("Replications").is_none());
    replay.played();
    let (kind, _) = efs([refuses(FILES, 404, "FileSystemNotFound")]);
    assert_eq!(kind.capture(&storage()).await.unwrap_err().name(), "NotFound");
}
