use super::*;
use crate::error::Fault;

const DESCRIBE_KEY: &str = "DescribeKey";

fn point(more: Value) -> Exchange {
    let mut answer = json!({
        "RecoveryPointArn": ARN, "Status": "COMPLETED", "ResourceArn": arn(SOURCE), "BackupSizeInBytes": 1,
        "EncryptionKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/vault", "IsParent": false, "IsEncrypted": true,
    });
    for (name, value) in more.as_object().unwrap() {
        answer[name] = value.clone();
    }
    answers(POINT, answer.to_string())
}

fn key(state: &str) -> Exchange {
    answers(
        DESCRIBE_KEY,
        json!({"KeyMetadata": {"KeyId": "k", "KeyState": state}}).to_string(),
    )
}

/// All calls of a preflight for a restore into a directory, without faults.
pub fn good() -> [Exchange; 7] {
    [
        point(json!({})),
        key("Enabled"),
        file_system(&captured()),
        key("Enabled"),
        jobs(json!([])),
        jobs(json!([])),
        directories(INVOKE, &[]),
    ]
}

fn faults(found: &Preflight) -> String {
    found.faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_directory_has_no_fault_where_all_is_well_and_leftovers_are_told() {
    let (kind, replay) = efs(good());
    let found = kind.preflight(&run(), &item()).await.unwrap();
    assert_eq!(faults(&found), "");
    assert!(
        found.remarks.is_empty() && found.security_groups.is_empty(),
        "{found:?}"
    );
    assert!(found.creates.is_empty(), "the directory itself is in the plan");
    replay.played();
    let mut script = good();
    script[6] = directories(
        INVOKE,
        &[DIRECTORY, "aws-backup-failed-restore_2026-11-20T02-15-03-123Z"],
    );
    let (kind, replay) = efs(script);
    let found = kind.preflight(&run(), &item()).await.unwrap();
    assert_eq!(found.faults, []);
    assert!(
        found.remarks.len() == 2 && found.remarks[0].contains(DIRECTORY),
        "{found:?}"
    );
    assert!(found.remarks[1].contains("3 files, 30 bytes"), "{found:?}");
    assert_eq!(replay.played()[6].json()["action"], "list");
}

#[tokio::test]
async fn each_thing_that_would_fail_later_is_a_fault_now() {
    let mut replicating = captured();
    replicating["FileSystem"]["FileSystemProtection"]["ReplicationOverwriteProtection"] = json!("REPLICATING");
    let mut deleting = captured();
    deleting["FileSystem"]["LifeCycleState"] = json!("deleting");
    let running = json!([listed(
        "job-9",
        "RUNNING",
        "2026-11-20T01:00:00Z",
        json!({"CreatedResourceArn": arn(SOURCE)})
    )]);
    let pending = json!([listed("job-8", "PENDING", "2026-11-20T01:00:00Z", json!({}))]);
    let own = json!({"errorType": "AccessDenied", "errorMessage": "not root"}).to_string();
    let broken = answers(INVOKE, own).with_header("x-amz-function-error", "Unhandled");
    for (at, exchange, path, words) in [
        (0, point(json!({"Status": "EXPIRED"})), "recovery_point", "EXPIRED"),
        (0, point(json!({"Status": "PARTIAL"})), "recovery_point", "PARTIAL"),
        (0, point(json!({"ResourceArn": arn("fs-9")})), "recovery_point", "fs-9"),
        (1, key("PendingDeletion"), "recovery_point", "cancel-key-deletion"),
        (
            1,
            refuses(DESCRIBE_KEY, 400, "NotFoundException"),
            "recovery_point",
            "key/vault",
        ),
        (
            2,
            file_system(&replicating),
            "file_system",
            "destination of a replication",
        ),
        (2, file_system(&deleting), "file_system", "is deleting"),
        (3, key("Disabled"), "file_system", "enable-key"),
        (4, jobs(pending), "file_system", "job-8"),
        (5, jobs(running), "file_system", "job-9"),
        (
            6,
            no_function(INVOKE),
            "file_system",
            "deploy infra/efs-access.yaml with FileSystemId=fs-01234567",
        ),
        (6, broken, "file_system", "not root"),
        (
            6,
            refuses(INVOKE, 408, "EFSMountConnectivityException"),
            "file_system",
            "port 2049",
        ),
    ] {
        let mut script = good();
        script[at] = exchange;
        let (kind, replay) = efs(script);
        let found = kind.preflight(&run(), &item()).await.unwrap();
        let said = faults(&found);
        assert!(
            said.contains(&format!("resources.thing.{path}")) && said.contains(words),
            "{words}: {said}"
        );
        assert_eq!(found.faults.len(), 1, "{said}");
        replay.played();
    }
}

#[tokio::test]
async fn what_is_gone_hides_what_depends_on_it() {
    let mut script: Vec<_> = good().into();
    script.splice(0..2, [refuses(POINT, 400, "ResourceNotFoundException")]);
    script.splice(1..3, [no_file_system()]);
    let (kind, replay) = efs(script);
    let said = faults(&kind.preflight(&run(), &item()).await.unwrap());
    assert!(
        said.contains("not in vault") || said.contains("this one is gone"),
        "{said}"
    );
    assert!(said.contains("fs-01234567, which is gone,"), "{said}");
    replay.played();
}

#[tokio::test]
async fn the_automatic_vault_and_another_accounts_role_are_refused() {
    let mut other = item();
    other.planned.source = Source::RecoveryPoint {
        arn: ARN.into(),
        vault: "aws/efs/automatic-backup-vault".into(),
    };
    other.planned.resource.target = Target::Efs {
        file_system: SOURCE.into(),
        vault: None,
        role: Some("arn:aws:iam::999999999999:role/backup".into()),
    };
    let (kind, replay) = efs(good().into_iter().skip(2));
    let said = faults(&kind.preflight(&run(), &other).await.unwrap());
    assert!(
        said.contains("resources.thing.vault") && said.contains("denies restores"),
        "{said}"
    );
    assert!(
        said.contains("resources.thing.role") && said.contains("account 111122223333"),
        "{said}"
    );
    replay.played();
}

#[tokio::test]
async fn only_an_aws_that_cannot_be_asked_is_an_error() {
    for (at, exchange) in [
        (0, refuses(POINT, 429, "ThrottlingException")),
        (1, refuses(DESCRIBE_KEY, 500, "KMSInternalException")),
        (2, refuses(FILES, 403, "AccessDeniedException")),
        (4, refuses(JOBS, 500, "ServiceUnavailableException")),
        (6, refuses(INVOKE, 429, "TooManyRequestsException")),
    ] {
        let script = good().into_iter().take(at).chain([exchange]);
        let (kind, replay) = efs(script);
        kind.preflight(&run(), &item()).await.unwrap_err();
        replay.played();
    }
}

#[tokio::test]
async fn a_new_file_system_says_what_it_takes_and_what_it_does_not_get() {
    let none = answers(FILES, r#"{"FileSystems":[]}"#);
    let mut item = into_new();
    item.configuration["FileSystem"]["AvailabilityZoneName"] = json!("eu-west-1a");
    item.configuration["Replications"] = json!([{"SourceFileSystemId": SOURCE}]);
    let (kind, replay) = efs([
        point(json!({"StorageClass": "COLD"})),
        key("Enabled"),
        none,
        key("Enabled"),
    ]);
    let found = kind.preflight(&run(), &item).await.unwrap();
    assert_eq!(faults(&found), "");
    assert_eq!(found.security_groups, ["sg-2", "sg-1"]);
    assert!(found.creates.iter().any(|what| what.contains("subnet-1")), "{found:?}");
    let said = found.remarks.join("\n");
    for words in [
        "cold storage",
        "1 access points",
        "in one zone, eu-west-1a",
        "is replicated",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
    replay.played();
    let mut taken = captured();
    taken["FileSystem"]["CreationToken"] = json!(TOKEN);
    let (kind, _) = efs([point(json!({})), key("Enabled"), file_system(&taken), key("Enabled")]);
    let said = faults(&kind.preflight(&run(), &into_new()).await.unwrap());
    assert!(
        said.contains("resources.thing.into") && said.contains("fs-01234567 has it"),
        "{said}"
    );
}

#[tokio::test]
async fn what_is_restored_of_it_and_what_is_not_is_told() {
    let live = format!("/{DIRECTORY}/storage");
    let root = json!({"path": live, "files": 3, "bytes": 30, "complete": true});
    let mut item = item();
    item.sample = serde_json::from_value(json!({
        "of": "files", "files": 3, "bytes": 30, "complete": true, "sampled": [], "roots": [root],
    }))
    .unwrap();
    item.configuration["AccessPoints"] = json!([]);
    item.configuration["InUse"] =
        json!({"mounts": [{"switch": "web", "by": "service web", "volume": "v", "root": live}]});
    let mut script = good();
    let old = "aws-backup-restore_2026-11-19T02-15-03-123Z";
    script[6] = directories(INVOKE, &[old, DIRECTORY]);
    let (kind, _) = efs(script);
    let remarks = kind.preflight(&run(), &item).await.unwrap().remarks;
    assert!(
        remarks[0].contains(&format!("restored: {live} (service web)")) && remarks[0].contains("`roots`"),
        "{remarks:?}"
    );
    assert!(
        remarks[1].contains(old) && remarks[1].contains("can be removed"),
        "{remarks:?}"
    );
    assert!(
        remarks[2].contains(DIRECTORY) && remarks[2].contains("keep it"),
        "{remarks:?}"
    );
}
