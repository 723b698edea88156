use super::*;
use crate::domain::set::SampledFile;
use crate::testing::replay::cut;

pub fn started() -> Exchange {
    answers(START, r#"{"RestoreJobId":"job-1"}"#)
}

fn reason(advance: RestoreProgress) -> String {
    match advance {
        RestoreProgress::Failed { reason } => reason,
        other => panic!("not failed: {other:?}"),
    }
}

#[tokio::test]
async fn a_job_is_started_with_all_metadata_and_our_token() {
    let (kind, replay) = efs([started(), job("RUNNING", json!({"PercentDone": "12.50%"}))]);
    let advanced = kind.advance(&run(), &item()).await.unwrap();
    let RestoreProgress::InProgress {
        stage,
        phase,
        percent,
        made,
    } = advanced
    else {
        panic!("{advanced:?}")
    };
    assert_eq!(
        (stage, percent, made),
        (Some("copying"), Some(12.5), Some(in_directory(None)))
    );
    assert!(phase.contains("job-1") && phase.contains("RUNNING"), "{phase}");
    assert_eq!(
        replay.played()[0].json(),
        json!({
            "RecoveryPointArn": ARN, "IamRoleArn": ROLE, "ResourceType": "EFS",
            "IdempotencyToken": names::token(&run().id, "thing", "restore"),
            "Metadata": {
                "file-system-id": SOURCE, "newFileSystem": "false", "Encrypted": "true", "PerformanceMode": "generalPurpose",
                "CreationToken": names::token(&run().id, "thing", "directory"),
            },
        })
    );
}

#[tokio::test]
async fn a_new_file_system_is_made_as_the_old_one_was() {
    let (kind, replay) = efs([started(), job("PENDING", json!({}))]);
    let mut item = into_new();
    item.configuration["FileSystem"]["PerformanceMode"] = json!("maxIO");
    let advanced = kind.advance(&run(), &item).await.unwrap();
    assert!(matches!(advanced, RestoreProgress::InProgress { made: Some(made), .. } if made == in_new(None, None)));
    assert_eq!(
        replay.played()[0].json()["Metadata"],
        json!({
            "file-system-id": SOURCE, "newFileSystem": "true", "Encrypted": "true", "PerformanceMode": "maxIO",
            "KmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k", "CreationToken": TOKEN,
        })
    );
    let (kind, replay) = efs([started(), job("PENDING", json!({}))]);
    let plain = RestoreItem {
        configuration: json!({"FileSystem": {"Encrypted": false}}),
        ..into_new()
    };
    kind.advance(&run(), &plain).await.unwrap();
    let asked = replay.played()[0].json()["Metadata"].clone();
    assert_eq!((&asked["Encrypted"], asked.get("KmsKeyId")), (&json!("false"), None));
    let (kind, replay) = efs([started(), job("PENDING", json!({}))]);
    let unknown = RestoreItem {
        configuration: Value::Null,
        ..into_new()
    };
    kind.advance(&run(), &unknown).await.unwrap();
    assert_eq!(replay.played()[0].json()["Metadata"]["Encrypted"], "true");
}

#[tokio::test]
async fn a_start_whose_answer_was_lost_is_repeated_with_the_same_request() {
    let (kind, replay) = efs([cut(START), started(), refuses(JOB, 400, "ResourceNotFoundException")]);
    assert_eq!(kind.advance(&run(), &item()).await.unwrap_err().name(), "Unavailable");
    let error = kind.advance(&run(), &item()).await.unwrap_err();
    assert_eq!(error.name(), "Unavailable");
    assert!(error.to_string().contains("does not show it yet"), "{error}");
    let requests = replay.played();
    assert_eq!(requests[0].json(), requests[1].json());
}

#[tokio::test]
async fn a_job_that_ended_badly_has_failed_in_awss_words() {
    for state in ["FAILED", "ABORTED"] {
        let (kind, replay) = efs([job(state, json!({"StatusMessage": "the role may not"}))]);
        let reason = reason(kind.advance(&run(), &with(item(), in_directory(None))).await.unwrap());
        assert!(
            reason.contains(state) && reason.contains("the role may not") && reason.contains("job-1"),
            "{reason}"
        );
        replay.played();
    }
    let (kind, _) = efs([refuses(JOB, 400, "ResourceNotFoundException")]);
    let reason = reason(kind.advance(&run(), &with(item(), in_directory(None))).await.unwrap());
    assert!(reason.contains("does not know restore job job-1"), "{reason}");
    let (kind, _) = efs([job("NEVER_HEARD_OF", json!({"PercentDone": "many"}))]);
    let advanced = kind.advance(&run(), &with(item(), in_directory(None))).await.unwrap();
    assert!(matches!(advanced, RestoreProgress::InProgress { percent: None, .. }));
}

/// Automatic backups of a file system are on by default.
#[tokio::test]
async fn a_job_that_another_was_in_the_way_of_is_started_again_once_that_has_ended() {
    let blocked = || {
        let message = "Restore job failed because there was a running job for the same resource.";
        job("FAILED", json!({ "StatusMessage": message }))
    };
    let backups = |state: &str| {
        let jobs = json!({"BackupJobs": [{"BackupJobId": "plan", "State": state}]});
        answers("GET /backup-jobs", jobs.to_string())
    };
    let (kind, replay) = efs([
        started(),
        blocked(),
        jobs(json!([])),
        jobs(json!([])),
        jobs(json!([])),
        backups("RUNNING"),
        blocked(),
        jobs(json!([])),
        jobs(json!([])),
        jobs(json!([])),
        backups("COMPLETED"),
        answers(START, r#"{"RestoreJobId":"job-2"}"#),
        answers(
            "GET /restore-jobs/job-2",
            json!({"RestoreJobId": "job-2", "Status": "PENDING"}).to_string(),
        ),
    ]);
    let waits = kind.advance(&run(), &item()).await.unwrap();
    let RestoreProgress::InProgress {
        phase, made: created, ..
    } = waits
    else {
        panic!("{waits:?}")
    };
    assert_eq!(created, Some(in_directory(None)));
    assert!(phase.ends_with("started again when job plan has ended"), "{phase}");
    let again = kind.advance(&run(), &with(item(), in_directory(None))).await.unwrap();
    let RestoreProgress::InProgress {
        made: Some(created), ..
    } = again
    else {
        panic!("{again:?}")
    };
    assert!(
        matches!(&created, CreatedResource::Directory { job, .. } if job == "job-2"),
        "{created:?}"
    );
    let requests = replay.played();
    assert_eq!(
        requests[11].json()["IdempotencyToken"],
        names::token(&run().id, "thing", "restore after job-1")
    );
    assert_eq!(requests[11].json()["Metadata"], requests[0].json()["Metadata"]);
}

/// A second job would restore everything twice.
#[tokio::test]
async fn a_job_in_the_place_of_a_hindered_one_is_adopted_though_nobody_recorded_it() {
    let message = json!({"StatusMessage": "There was a running job for the same resource."});
    let metadata = json!({"Metadata": {"CreationToken": names::token(&run().id, "thing", "directory")}});
    let (kind, replay) = efs([
        job("FAILED", message.clone()),
        jobs(json!([
            listed("job-1", "FAILED", "2026-11-20T02:15:01Z", message),
            listed("job-2", "RUNNING", "2026-11-20T02:16:01Z", json!({})),
        ])),
        answers("GET /restore-jobs/job-2/metadata", metadata.to_string()),
        answers(
            "GET /restore-jobs/job-2",
            json!({"RestoreJobId": "job-2", "Status": "RUNNING"}).to_string(),
        ),
    ]);
    let adopted = kind.advance(&run(), &with(item(), in_directory(None))).await.unwrap();
    assert!(
        matches!(&adopted, RestoreProgress::InProgress { made: Some(CreatedResource::Directory { job, .. }), .. } if job == "job-2"),
        "{adopted:?}"
    );
    replay.played();
}

#[tokio::test]
async fn the_directory_is_the_one_that_was_made_while_the_job_ran() {
    let earlier = "aws-backup-restore_2026-11-19T02-15-03-123Z";
    let later = "aws-backup-restore_2026-11-20T02-17-03-123456789Z";
    let lost = "aws-backup-lost+found_2026-11-20T02-16-03-123Z";
    let (kind, replay) = efs([
        completed(SOURCE),
        directories(INVOKE, &[earlier, DIRECTORY, lost, later]),
        jobs(json!([listed("job-1", "COMPLETED", "2026-11-20T02:15:01Z", json!({}))])),
    ]);
    let advanced = kind.advance(&run(), &with(item(), in_directory(None))).await.unwrap();
    let RestoreProgress::Restored { made, remarks } = advanced else {
        panic!("{advanced:?}")
    };
    assert_eq!(made, in_directory(Some(&format!("/{DIRECTORY}"))));
    assert!(remarks.len() == 1 && remarks[0].contains(lost), "{remarks:?}");
    assert_eq!(replay.played()[1].json(), json!({"action": "list", "most_entries": 0}));
}

#[tokio::test]
async fn a_directory_that_cannot_be_told_fails_naming_what_it_may_be() {
    let second = "aws-backup-restore_2026-11-20T02-16-03-123Z";
    let ran = listed(
        "other",
        "COMPLETED",
        "2026-11-20T02:15:02Z",
        json!({"CompletionDate": seconds("2026-11-20T02:15:30Z")}),
    );
    for (names, others) in [(vec![DIRECTORY, second], json!([])), (vec![DIRECTORY], json!([ran]))] {
        let (kind, replay) = efs([completed(SOURCE), directories(INVOKE, &names), jobs(others)]);
        let reason = reason(kind.advance(&run(), &with(item(), in_directory(None))).await.unwrap());
        assert!(names.iter().all(|name| reason.contains(name)), "{reason}");
        replay.played();
    }
    // Another file system's restore does not matter.
    let elsewhere = listed(
        "other",
        "RUNNING",
        "2026-11-20T02:15:02Z",
        json!({"CreatedResourceArn": arn("fs-9")}),
    );
    let (kind, _) = efs([
        completed(SOURCE),
        directories(INVOKE, &[DIRECTORY]),
        jobs(json!([elsewhere])),
    ]);
    let advanced = kind.advance(&run(), &with(item(), in_directory(None))).await.unwrap();
    assert!(matches!(advanced, RestoreProgress::Restored { .. }), "{advanced:?}");
}

#[tokio::test]
async fn a_directory_that_is_not_seen_is_waited_for_some_minutes() {
    let ended = |time: &str| {
        job(
            "COMPLETED",
            json!({"CompletionDate": seconds(time), "CreatedResourceArn": arn(SOURCE)}),
        )
    };
    let none = || [directories(INVOKE, &[]), jobs(json!([]))];
    let (kind, _) = efs([ended("2026-11-20T02:16:30Z")].into_iter().chain(none()));
    let advanced = kind.advance(&run(), &with(item(), in_directory(None))).await.unwrap();
    assert!(matches!(advanced, RestoreProgress::InProgress { .. }), "{advanced:?}");
    let (kind, _) = efs([ended("2026-11-20T02:10:30Z")].into_iter().chain(none()));
    let reason = reason(kind.advance(&run(), &with(item(), in_directory(None))).await.unwrap());
    assert!(reason.contains("shows none"), "{reason}");
}

#[tokio::test]
async fn without_a_function_that_mounts_it_the_operator_is_told_what_to_deploy() {
    let (kind, _) = efs([completed(SOURCE), no_function(INVOKE)]);
    let reason = reason(kind.advance(&run(), &with(item(), in_directory(None))).await.unwrap());
    assert!(
        reason.contains("deploy infra/efs-access.yaml with FileSystemId=fs-01234567"),
        "{reason}"
    );
    for (answer, name) in [
        (refuses(INVOKE, 408, "EFSMountTimeoutException"), "NotReady"),
        (refuses(INVOKE, 429, "TooManyRequestsException"), "Throttled"),
        (refuses(INVOKE, 502, "ResourceNotReadyException"), "NotReady"),
        (cut(INVOKE), "Unavailable"),
        (its_own("Unavailable"), "Unavailable"),
        (its_own("AccessDenied"), "AccessDenied"),
        (its_own("Sandbox.Timedout"), "JobFailed"),
        (answers(INVOKE, r#"{"directories": 3}"#), "JobFailed"),
    ] {
        let (kind, replay) = efs([completed(SOURCE), answer]);
        let error = kind
            .advance(&run(), &with(item(), in_directory(None)))
            .await
            .unwrap_err();
        assert_eq!(error.name(), name, "{error}");
        assert!(error.to_string().contains("holdfast-efs-fs-01234567"), "{error}");
        replay.played();
    }
}

fn its_own(kind: &str) -> Exchange {
    let said = json!({"errorType": kind, "errorMessage": "what it said"}).to_string();
    answers(INVOKE, said).with_header("x-amz-function-error", "Unhandled")
}

#[tokio::test]
async fn a_plan_for_something_else_is_refused() {
    let (kind, _) = efs([]);
    let mut other = item();
    other.planned.destination = Destination::Directory {
        file_system: "fs-9".into(),
    };
    assert_eq!(kind.advance(&run(), &other).await.unwrap_err().name(), "InvalidInput");
    other.planned.destination = Destination::Nothing;
    assert_eq!(kind.advance(&run(), &other).await.unwrap_err().name(), "InvalidInput");
}

pub fn counted(files: u64, paths: &[&str]) -> Exchange {
    let sampled = paths.iter().map(|path| SampledFile {
        path: (*path).into(),
        bytes: 2,
        sha256: "hash".into(),
    });
    let sample = Sample::Files {
        files,
        bytes: 2 * files,
        complete: true,
        sampled: sampled.collect(),
        roots: Vec::new(),
        missing: Vec::new(),
    };
    answers(INVOKE, serde_json::to_string(&sample).unwrap())
}

fn found(paths: &[&str]) -> Exchange {
    answers(INVOKE, json!({ "paths": paths }).to_string())
}

/// A set that recorded this as in use.
fn in_use(root: &str) -> Value {
    json!({"InUse": {"declared": ["/gone"], "mounts": [{"switch": "web", "by": "service web", "volume": "v", "root": root}]}})
}

#[tokio::test]
async fn a_file_system_is_sampled_where_a_function_mounts_it() {
    let (kind, replay) = efs([directories(INVOKE, &[]), counted(1, &["/a"]), no_function(INVOKE)]);
    let storage = item().planned.resource;
    let Some(Sample::Files { sampled, roots, .. }) = kind.sample(&storage, &json!({})).await.unwrap() else {
        panic!("no sample")
    };
    assert_eq!((sampled[0].path.as_str(), roots[0].path.as_str()), ("/a", "/"));
    assert_eq!(kind.sample(&storage, &json!({})).await.unwrap(), None);
    assert_eq!(
        replay.played()[1].json(),
        json!({"action": "sample", "root": "/", "most_entries": 200_000, "most_files": 40, "within_seconds": 45})
    );
}

#[tokio::test]
async fn once_a_restore_has_left_a_directory_what_is_in_use_is_sampled_and_restored_by_itself() {
    let live = format!("/{DIRECTORY}/storage");
    let (kind, replay) = efs([directories(INVOKE, &[DIRECTORY]), found(&[&live]), counted(3, &["/a"])]);
    let storage = item().planned.resource;
    let configuration = in_use(&live);
    let sample = kind.sample(&storage, &configuration).await.unwrap();
    let Some(Sample::Files {
        files,
        sampled,
        roots,
        missing,
        ..
    }) = &sample
    else {
        panic!("no sample")
    };
    assert_eq!((*files, &sampled[0].path), (3, &format!("{live}/a")));
    assert_eq!((&roots[0].path, missing), (&live, &vec!["/gone".to_owned()]));
    let requests = replay.played();
    assert_eq!(requests[1].json(), json!({"action": "find", "paths": ["/gone", live]}));
    assert_eq!(requests[2].json()["root"], json!(live));
    // And only that directory of its set is restored.
    let item = RestoreItem {
        sample,
        configuration,
        ..item()
    };
    let (kind, replay) = efs([started(), job("PENDING", json!({}))]);
    kind.advance(&run(), &item).await.unwrap();
    let metadata = replay.played()[0].json()["Metadata"].clone();
    assert_eq!(metadata["itemsToRestore"], json!(json!([live]).to_string()));
}

#[tokio::test]
async fn a_job_of_our_token_that_restores_something_else_is_not_used() {
    for (job, item) in [
        (job("RUNNING", json!({"RecoveryPointArn": "arn:other"})), item()),
        (
            job(
                "RUNNING",
                json!({"RecoveryPointArn": ARN, "CreatedResourceArn": arn("fs-9")}),
            ),
            item(),
        ),
        (
            job(
                "RUNNING",
                json!({"RecoveryPointArn": ARN, "CreatedResourceArn": arn(SOURCE)}),
            ),
            into_new(),
        ),
    ] {
        let (kind, _) = efs([started(), job]);
        assert_eq!(kind.advance(&run(), &item).await.unwrap_err().name(), "Conflict");
    }
}
