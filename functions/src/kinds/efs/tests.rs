#![allow(clippy::unwrap_used)]

mod capture;
pub mod conformance;
mod deletion;
mod recovery;
mod recovery_points;
mod restore;

use serde_json::Value;

use super::*;
use crate::domain::job::Progress;
use crate::domain::names;
use crate::domain::resource::RecoveryPoint;
use crate::kinds::{Backup, Deletion};
use crate::testing::replay::{Exchange, Replay, answers, cut, refuses};
use crate::testing::samples::{reason, resource, run};

const ROLE: &str = "arn:aws:iam::111122223333:role/backup";
const FILES: &str = "GET /2015-02-01/file-systems";
const START: &str = "PUT /backup-jobs";
const JOB: &str = "GET /backup-jobs/job-1";
const LIST: &str = "GET /backup-jobs";
const STOP: &str = "POST /backup-jobs/job-1";
const POINT: &str =
    "GET /backup-vaults/vault/recovery-points/arn%3Aaws%3Abackup%3Aeu-west-1%3A111122223333%3Arecovery-point%3A1";
const DELETE: &str =
    "DELETE /backup-vaults/vault/recovery-points/arn%3Aaws%3Abackup%3Aeu-west-1%3A111122223333%3Arecovery-point%3A1";
const TAGS: &str = "GET /tags/arn%3Aaws%3Abackup%3Aeu-west-1%3A111122223333%3Arecovery-point%3A1";
const ARN: &str = "arn:aws:backup:eu-west-1:111122223333:recovery-point:1";
const FS_ARN: &str = "arn:aws:elasticfilesystem:eu-west-1:111122223333:file-system/fs-01234567";

fn efs(script: impl IntoIterator<Item = Exchange>) -> (Efs, Replay) {
    let replay = Replay::new(script);
    (Efs::from_config(&replay.config(), &defaults()), replay)
}

fn storage() -> Resource {
    resource(Target::Efs {
        file_system: "fs-01234567".into(),
        vault: None,
        role: None,
    })
}

fn defaults() -> Defaults {
    Defaults {
        role: ROLE.into(),
        ..Defaults::of_tests()
    }
}

fn point() -> RecoveryPoint {
    RecoveryPoint::BackupRecoveryPoint {
        arn: ARN.into(),
        vault: "vault".into(),
        job: "job-1".into(),
    }
}

fn file_system(state: &str) -> Exchange {
    answers(
        FILES,
        format!(
            r#"{{"FileSystems":[{{"FileSystemId":"fs-01234567","FileSystemArn":"{FS_ARN}","OwnerId":"1","CreationToken":"t",
            "CreationTime":1.7e9,"LifeCycleState":"{state}","NumberOfMountTargets":1,"SizeInBytes":{{"Value":6144}},
            "PerformanceMode":"generalPurpose","ThroughputMode":"elastic","Encrypted":true,"Tags":[{{"Key":"team","Value":"hubs"}}]}}]}}"#
        ),
    )
}

fn started() -> Exchange {
    answers(
        START,
        format!(r#"{{"BackupJobId":"job-1","RecoveryPointArn":"{ARN}","CreationDate":1795140961.5,"IsParent":false}}"#),
    )
}

fn job(state: &str, more: &str) -> Exchange {
    answers(
        JOB,
        format!(
            r#"{{"BackupJobId":"job-1","State":"{state}","ResourceArn":"{FS_ARN}","RecoveryPointArn":"{ARN}","IsParent":false,"IsEncrypted":true{more}}}"#
        ),
    )
}

fn completed() -> Exchange {
    job(
        "COMPLETED",
        r#","MessageCategory":"SUCCESS","PercentDone":"100.0","CompletionDate":1795144561.25"#,
    )
}

fn recovery_point(status: &str, size: i64) -> Exchange {
    answers(
        POINT,
        format!(
            r#"{{"RecoveryPointArn":"{ARN}","Status":"{status}","BackupSizeInBytes":{size},"IsEncrypted":true,"IsParent":false}}"#
        ),
    )
}

fn no_point() -> Exchange {
    refuses(POINT, 400, "ResourceNotFoundException")
}

fn tags(deployment: &str) -> Exchange {
    answers(
        TAGS,
        format!(
            r#"{{"Tags":{{"holdfast:deployment":"{deployment}","holdfast:set":"s","holdfast:resource":"thing"}}}}"#
        ),
    )
}

#[tokio::test]
async fn a_job_is_started_with_our_token_tags_and_windows() {
    let (efs, replay) = efs([file_system("available"), started(), job("CREATED", "")]);
    let made = efs.back_up(&run(), &storage()).await.unwrap();
    assert_eq!(made.recovery_point, point());
    assert_eq!(made.started_at.as_millisecond(), 1_795_140_961_500);
    let asked: Value = serde_json::from_str(&replay.played()[1].body).unwrap();
    assert_eq!(asked["BackupVaultName"], "vault");
    assert_eq!(asked["IamRoleArn"], ROLE);
    assert_eq!(asked["ResourceArn"], FS_ARN);
    assert_eq!(asked["IdempotencyToken"], names::token(&run().id, "thing", "backup"));
    // Another job is waited for until the deadline of six hours.
    assert_eq!(asked["StartWindowMinutes"], 360);
    assert_eq!(asked["CompleteWindowMinutes"], 420);
    assert_eq!(asked["RecoveryPointTags"]["holdfast:set"], run().id);
}

#[tokio::test]
async fn a_resource_has_its_own_vault_and_role_and_a_short_deadline_a_long_enough_window() {
    let (efs, replay) = efs([file_system("updating"), started(), job("CREATED", "")]);
    let target = Target::Efs {
        file_system: "fs-01234567".into(),
        vault: Some("own".into()),
        role: Some("arn:own".into()),
    };
    let made = efs
        .back_up(
            &run(),
            &Resource {
                deadline_seconds: 60,
                ..resource(target)
            },
        )
        .await
        .unwrap();
    assert!(matches!(made.recovery_point, RecoveryPoint::BackupRecoveryPoint { vault, .. } if vault == "own"));
    let asked: Value = serde_json::from_str(&replay.played()[1].body).unwrap();
    assert_eq!(
        (asked["BackupVaultName"].as_str(), asked["IamRoleArn"].as_str()),
        (Some("own"), Some("arn:own"))
    );
    assert_eq!(asked["StartWindowMinutes"], 60);
    assert_eq!(asked["CompleteWindowMinutes"], 120);
}

#[tokio::test]
async fn a_job_whose_answer_was_lost_is_adopted_by_its_token() {
    let (efs, replay) = efs([
        file_system("available"),
        cut(START),
        file_system("available"),
        started(),
        job("RUNNING", ""),
    ]);
    assert_eq!(efs.back_up(&run(), &storage()).await.unwrap_err().name(), "Unavailable");
    assert_eq!(efs.back_up(&run(), &storage()).await.unwrap().recovery_point, point());
    let requests = replay.played();
    let body = |n: usize| serde_json::from_str::<Value>(&requests[n].body).unwrap();
    assert_eq!(body(1), body(3));
}

#[tokio::test]
async fn a_job_not_shown_yet_is_asked_for_again_and_one_of_something_else_is_a_conflict() {
    let (kind, _) = efs([
        file_system("available"),
        started(),
        refuses(JOB, 400, "ResourceNotFoundException"),
    ]);
    assert_eq!(
        kind.back_up(&run(), &storage()).await.unwrap_err().name(),
        "Unavailable"
    );
    let other = answers(
        JOB,
        r#"{"BackupJobId":"job-1","State":"CREATED","ResourceArn":"arn:other"}"#,
    );
    let (kind, _) = efs([file_system("available"), started(), other]);
    assert_eq!(kind.back_up(&run(), &storage()).await.unwrap_err().name(), "Conflict");
}

#[tokio::test]
async fn failures_have_their_names() {
    for (code, status, name) in [
        ("ThrottlingException", 429, "Throttled"),
        ("ServiceUnavailableException", 500, "Unavailable"),
        ("LimitExceededException", 400, "QuotaExceeded"),
        ("AccessDeniedException", 403, "AccessDenied"),
        ("ResourceNotFoundException", 400, "NotFound"),
        ("InvalidRequestException", 400, "JobFailed"),
    ] {
        let (efs, _) = efs([file_system("available"), refuses(START, status, code)]);
        let error = efs.back_up(&run(), &storage()).await.unwrap_err();
        assert_eq!(error.name(), name, "{error}");
    }
    for (state, name) in [
        ("creating", "NotReady"),
        ("deleting", "JobFailed"),
        ("error", "JobFailed"),
    ] {
        let (efs, _) = efs([file_system(state)]);
        assert_eq!(
            efs.back_up(&run(), &storage()).await.unwrap_err().name(),
            name,
            "{state}"
        );
    }
    let (efs, _) = efs([refuses(FILES, 404, "FileSystemNotFound")]);
    assert_eq!(efs.back_up(&run(), &storage()).await.unwrap_err().name(), "NotFound");
}

#[tokio::test]
async fn a_job_under_way_tells_its_percentage() {
    let (efs, _) = efs([
        job("CREATED", ""),
        job("PENDING", ""),
        job("RUNNING", r#","PercentDone":"12.5""#),
        job("ABORTING", r#","PercentDone":"40%""#),
        job("NEVER_HEARD_OF", r#","PercentDone":"many""#),
    ]);
    for percent in [None, None, Some(12.5), Some(40.0), None] {
        assert_eq!(
            efs.poll(&storage(), &point()).await.unwrap(),
            Progress::InProgress { percent }
        );
    }
}

#[tokio::test]
async fn a_completed_job_counts_once_its_recovery_point_is_seen_whole() {
    let (efs, replay) = efs([
        completed(),
        recovery_point("CREATING", 0),
        completed(),
        recovery_point("COMPLETED", 4096),
        job("COMPLETED", r#","CompletionDate":1795144561.25"#),
        recovery_point("AVAILABLE", 4096),
    ]);
    assert!(matches!(
        efs.poll(&storage(), &point()).await.unwrap(),
        Progress::InProgress { .. }
    ));
    for _ in 0..2 {
        let Progress::Succeeded(finished) = efs.poll(&storage(), &point()).await.unwrap() else {
            panic!("not finished")
        };
        assert_eq!(finished.captured_at.as_millisecond(), 1_795_144_561_250);
        assert_eq!(finished.finished_at, Some(finished.captured_at));
        assert_eq!(finished.size_bytes, Some(4096));
    }
    replay.played();
}

#[tokio::test]
async fn every_bad_end_has_failed_in_awss_words() {
    for state in ["FAILED", "ABORTED", "EXPIRED", "PARTIAL"] {
        let (efs, _) = efs([job(
            state,
            r#","StatusMessage":"the reason","MessageCategory":"AccessDenied""#,
        )]);
        let reason = reason(efs.poll(&storage(), &point()).await.unwrap());
        for part in [state, "the reason", "AccessDenied", "job-1"] {
            assert!(reason.contains(part), "{part} in {reason}");
        }
    }
    let issues = job(
        "COMPLETED",
        r#","MessageCategory":"AggregateAll","StatusMessage":"3 files skipped","CompletionDate":1795144561"#,
    );
    let bad = [
        (vec![issues], "3 files skipped"),
        (vec![completed(), no_point()], "is not in vault vault"),
        (vec![completed(), recovery_point("PARTIAL", 5)], "PARTIAL"),
        (vec![completed(), recovery_point("EXPIRED", 5)], "EXPIRED"),
        (vec![completed(), recovery_point("STOPPED", 5)], "STOPPED"),
        (vec![completed(), recovery_point("DELETING", 5)], "DELETING"),
        (vec![refuses(JOB, 400, "ResourceNotFoundException")], "does not know"),
    ];
    for (script, words) in bad {
        let (efs, replay) = efs(script);
        let reason = reason(efs.poll(&storage(), &point()).await.unwrap());
        assert!(reason.contains(words), "{words} in {reason}");
        replay.played();
    }
    let (efs, _) = efs([refuses(JOB, 500, "DependencyFailureException")]);
    assert_eq!(efs.poll(&storage(), &point()).await.unwrap_err().name(), "Unavailable");
}

/// A job that another job blocked.
fn blocked() -> Exchange {
    job(
        "EXPIRED",
        r#","StatusMessage":"Backup job failed because there was a running job for the same resource.""#,
    )
}

/// The jobs of the file system; the other one is in this state.
fn with_another(state: &str) -> Exchange {
    answers(
        LIST,
        format!(
            r#"{{"BackupJobs":[{{"BackupJobId":"job-1","State":"EXPIRED"}},{{"BackupJobId":"plan","State":"{state}"}}]}}"#
        ),
    )
}

/// Automatic backups of a file system are on by default.
#[tokio::test]
async fn a_job_that_another_was_in_the_way_of_is_started_again_once_that_has_ended() {
    let (kind, replay) = efs([
        blocked(),
        with_another("RUNNING"),
        blocked(),
        with_another("COMPLETED"),
        file_system("available"),
        started(),
        job("CREATED", ""),
    ]);
    let waits = kind.poll(&storage(), &point()).await.unwrap();
    assert_eq!(waits, Progress::InProgress { percent: None });
    let over = kind.poll(&storage(), &point()).await.unwrap();
    assert!(matches!(over, Progress::Blocked { .. }), "{over:?}");
    kind.back_up_again(&run(), &storage(), &point()).await.unwrap();
    let asked: Value = serde_json::from_str(&replay.played()[5].body).unwrap();
    assert_eq!(
        asked["IdempotencyToken"],
        names::token(&run().id, "thing", "backup after job-1")
    );
    assert_eq!(asked["RecoveryPointTags"]["holdfast:set"], run().id);
}

#[tokio::test]
async fn a_job_past_its_deadline_is_stopped_twice_without_harm() {
    let (kind, replay) = efs([
        answers(STOP, ""),
        refuses(STOP, 400, "InvalidRequestException"),
        refuses(STOP, 403, "AccessDeniedException"),
    ]);
    kind.abandon(&point()).await.unwrap();
    kind.abandon(&point()).await.unwrap();
    assert_eq!(kind.abandon(&point()).await.unwrap_err().name(), "AccessDenied");
    replay.played();
}

#[tokio::test]
async fn a_recovery_point_of_a_sealed_set_says_so_by_its_tag() {
    let tag = TAGS.replace("GET", "POST");
    let (efs, replay) = efs([answers(&tag, "")]);
    efs.mark_sealed(&point(), 3).await.unwrap();
    assert_eq!(
        replay.played()[0].json(),
        serde_json::json!({"Tags": {"holdfast:sealed": "3"}})
    );
}
