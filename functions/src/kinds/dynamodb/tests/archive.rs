//! A table with an archive: the backup suite again, with the job that writes the archive; and how the two end together.

use serde_json::json;

use super::*;
use crate::domain::table_archive::{ArchiveMethod, StoredArchive, TableArchive};
use crate::domain::transfers::execution_name;
use crate::testing::conformance::{BackupAnswers, run_backup};

const EXECUTION: &str = "arn:aws:states:eu-west-1:111122223333:execution:holdfast-transfer:";
const DELETE: &str = "POST /2015-03-31/functions/holdfast-archive-access/invocations";

fn archived_rooms() -> Resource {
    resource(Target::DynamoDb {
        table: "rooms".into(),
        archive: Some(TableArchive {
            method: Some(ArchiveMethod::Scan),
            rate: Some(500),
        }),
    })
}

fn prefix() -> String {
    format!("tables/{}/thing/{}/", run().deployment, run().id)
}

fn job() -> String {
    execution_name(&run().id, "thing", "export-table")
}

fn archived() -> RecoveryPoint {
    RecoveryPoint::TableBackup {
        arn: ARN.into(),
        name: name(),
        archive: Some(StoredArchive {
            address: format!("s3://archive/{}", prefix()),
            job: format!("{EXECUTION}{}", job()),
        }),
    }
}

fn started() -> Exchange {
    answers(
        "StartExecution",
        format!(r#"{{"executionArn":"{EXECUTION}{}","startDate":1795140962}}"#, job()),
    )
}

fn already_started() -> Exchange {
    refuses("StartExecution", 400, "ExecutionAlreadyExists")
}

fn execution(status: &str, more: &str) -> Exchange {
    answers(
        "DescribeExecution",
        format!(
            r#"{{"executionArn":"{EXECUTION}{}","stateMachineArn":"m","status":"{status}","startDate":1795140962,"stopDate":1795141000{more}}}"#,
            job()
        ),
    )
}

fn stopped() -> Exchange {
    answers("StopExecution", r#"{"stopDate":1795141001}"#)
}

fn ended() -> Exchange {
    execution("SUCCEEDED", "")
}

fn lists_ours() -> Exchange {
    answers(
        "ListBackups",
        format!(r#"{{"BackupSummaries":[{}]}}"#, details(&name(), "CREATING", 0)),
    )
}

fn lists_others() -> Exchange {
    listed(&[("another", "AVAILABLE", 1795140900)], false)
}

fn deleted(gone: bool) -> Exchange {
    answers(DELETE, json!({ "gone": gone }).to_string())
}

fn with_archive() -> BackupAnswers {
    BackupAnswers {
        resource: archived_rooms(),
        point: archived(),
        back_up: || vec![lists_others(), created(), started()],
        adopt: || vec![lists_ours(), already_started(), ended()],
        poll: || vec![described(&name(), "AVAILABLE", 500, 5), execution("SUCCEEDED", "")],
        poll_running: || vec![described(&name(), "AVAILABLE", 500, 5), execution("RUNNING", "")],
        poll_failed: || {
            let failed = execution(
                "FAILED",
                r#","error":"JobFailed","cause":"{\"errorMessage\":\"no room\"}""#,
            );
            vec![described(&name(), "AVAILABLE", 500, 5), failed]
        },
        poll_gone: || {
            let unknown = refuses("DescribeExecution", 400, "ExecutionDoesNotExist");
            vec![described(&name(), "AVAILABLE", 500, 5), unknown]
        },
        abandon: || vec![execution("RUNNING", ""), stopped()],
        abandon_again: || vec![execution("ABORTED", "")],
        tagged: || vec![all_backups()],
        delete: || {
            let whole = described(&name(), "AVAILABLE", 5, 5);
            let backup = vec![lists_ours(), whole, answers("DeleteBackup", "{}"), gone()];
            [backup, vec![ended(), deleted(true)]].concat()
        },
        delete_again: || vec![lists_others(), gone(), ended(), deleted(true)],
        ..conformance::backup()
    }
}

#[tokio::test]
async fn a_table_with_an_archive_does_what_every_backup_does() {
    run_backup(with_archive(), &[]).await;
}

#[tokio::test]
async fn a_job_that_still_writes_is_stopped_before_its_files_are_deleted() {
    let refused = refuses("StopExecution", 400, "ValidationException");
    for stop in [vec![stopped()], vec![refused.clone(), ended()]] {
        let before = vec![lists_others(), gone(), execution("RUNNING", "")];
        let (kind, replay) = dynamodb([before, stop, vec![deleted(true)]].concat());
        assert_eq!(kind.delete(&run(), &archived()).await.unwrap(), Deletion::Gone);
        replay.played();
    }
    // What cannot be stopped is not deleted: it would be written again.
    let (kind, replay) = dynamodb([
        lists_others(),
        gone(),
        execution("RUNNING", ""),
        refused,
        execution("RUNNING", ""),
    ]);
    assert!(kind.delete(&run(), &archived()).await.is_err());
    replay.played();
}

/// The archive's execution is named after the run and the resource, and its input does not change between two calls.
#[tokio::test]
async fn the_job_is_started_once_for_a_run_and_a_resource() {
    let (kind, replay) = dynamodb([
        lists_others(),
        created(),
        started(),
        lists_ours(),
        already_started(),
        ended(),
    ]);
    kind.back_up(&run(), &archived_rooms()).await.unwrap();
    kind.back_up(&run(), &archived_rooms()).await.unwrap();
    let requests = replay.played();
    let [first, second] = [&requests[2], &requests[4]].map(|request| request.json());
    assert_eq!(first, second);
    assert_eq!(first["name"], job().as_str());
    let input: Value = serde_json::from_str(first["input"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&input["step"], &input["placement"]),
        (&json!("export-table"), &json!("function"))
    );
    let asked = &input["input"];
    assert_eq!(asked["prefix"], prefix().as_str());
    assert_eq!(
        (&asked["table"], &asked["archive"]),
        (&json!("rooms"), &json!({"method": "scan", "rate": 500}))
    );
    assert_eq!(asked["at"], "2026-11-20T02:16:01.5Z");
}

#[tokio::test]
async fn a_failed_archive_fails_the_backup_and_says_what_to_do() {
    let (kind, _) = dynamodb((with_archive().poll_failed)());
    let reason = reason(kind.poll(&archived_rooms(), &archived()).await.unwrap());
    for words in [
        "no room",
        "not sealed",
        "remove `archive`",
        "s3://archive/",
        "JobFailed",
    ] {
        assert!(reason.contains(words), "{words}: {reason}");
    }
    // A backup that failed itself is not asked for its archive.
    let (kind, replay) = dynamodb([gone()]);
    assert!(matches!(
        kind.poll(&archived_rooms(), &archived()).await.unwrap(),
        Progress::Failed { .. }
    ));
    replay.played();
}

#[tokio::test]
async fn an_archive_is_still_written_when_the_backup_is_done_and_the_other_way_round() {
    for (backup, archive) in [("AVAILABLE", "RUNNING"), ("CREATING", "SUCCEEDED")] {
        let (kind, _) = dynamodb([described(&name(), backup, 500, 5), execution(archive, "")]);
        let progress = kind.poll(&archived_rooms(), &archived()).await.unwrap();
        assert_eq!(progress, Progress::InProgress { percent: None });
    }
    let (kind, _) = dynamodb((with_archive().poll)());
    let Progress::Succeeded(finished) = kind.poll(&archived_rooms(), &archived()).await.unwrap() else {
        panic!("not finished")
    };
    assert_eq!(finished.finished_at.map(|at| at.as_second()), Some(1_795_141_000));
}

#[tokio::test]
async fn an_archive_goes_with_its_backup_and_no_other() {
    let (kind, replay) = dynamodb([lists_others(), gone(), ended(), deleted(false)]);
    assert_eq!(kind.delete(&run(), &archived()).await.unwrap(), Deletion::Underway);
    let requests = replay.played();
    assert_eq!(
        requests[3].json(),
        json!({"action": "delete_folder", "folder": prefix().trim_end_matches('/')})
    );
    let other = Run {
        id: "hubs-prod-20260101-000000-abcd".into(),
        ..run()
    };
    let (kind, replay) = dynamodb([lists_others(), gone()]);
    let error = kind.delete(&other, &archived()).await.unwrap_err();
    assert_eq!(error.name(), "Conflict", "{error}");
    replay.played();
    // Without the permission, or while the function fails, the point stays.
    let (kind, _) = dynamodb([
        lists_others(),
        gone(),
        ended(),
        refuses(DELETE, 403, "AccessDeniedException"),
    ]);
    assert!(matches!(
        kind.delete(&run(), &archived()).await.unwrap(),
        Deletion::Protected(_)
    ));
}
