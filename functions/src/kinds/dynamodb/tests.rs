#![allow(clippy::unwrap_used)]

mod archive;
mod capture;
mod compare;
pub mod conformance;
mod deletion;
mod discovery;
mod preflight;
mod recovery;
mod restore;
mod safeguards;
mod sample;
mod undo;

use aws_config::retry::RetryConfig;
use serde_json::Value;

use super::*;
use crate::domain::job::{Progress, Run};
use crate::domain::names;
use crate::domain::resource::RecoveryPoint;
use crate::kinds::{Backup, Deletion};
use crate::testing::replay::{Exchange, Replay, answers, cut, refuses};
use crate::testing::samples::{reason, resource, run};

const ARN: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/rooms/backup/01795140961000-abcdef01";

fn dynamodb(script: impl IntoIterator<Item = Exchange>) -> (DynamoDb, Replay) {
    let replay = Replay::new(script);
    (DynamoDb::from_config(&replay.config(), &Defaults::of_tests()), replay)
}

fn rooms() -> Resource {
    resource(Target::DynamoDb {
        table: "rooms".into(),
        archive: None,
    })
}

fn name() -> String {
    names::recovery_point(&run().id, "thing")
}

fn point() -> RecoveryPoint {
    RecoveryPoint::TableBackup {
        arn: ARN.into(),
        name: name(),
        archive: None,
    }
}

fn details(name: &str, status: &str, size: u64) -> String {
    format!(
        r#"{{"BackupArn":"{ARN}","BackupName":"{name}","BackupSizeBytes":{size},"BackupStatus":"{status}","BackupType":"USER","BackupCreationDateTime":1795140961.5}}"#
    )
}

fn created() -> Exchange {
    answers(
        "CreateBackup",
        format!(r#"{{"BackupDetails":{}}}"#, details(&name(), "CREATING", 0)),
    )
}

/// Summaries with name, status and seconds, and whether there is another page.
fn listed(backups: &[(&str, &str, u64)], more: bool) -> Exchange {
    let summaries: Vec<_> = backups
        .iter()
        .map(|(name, status, at)| {
            format!(r#"{{"TableName":"rooms","BackupArn":"{ARN}-{at}","BackupName":"{name}","BackupStatus":"{status}","BackupCreationDateTime":{at}}}"#)
        })
        .collect();
    let more = if more {
        r#","LastEvaluatedBackupArn":"arn:aws:dynamodb:eu-west-1:1:table/rooms/backup/last""#
    } else {
        ""
    };
    answers(
        "ListBackups",
        format!(r#"{{"BackupSummaries":[{}]{more}}}"#, summaries.join(",")),
    )
}

fn described(name: &str, status: &str, size: u64, items: u64) -> Exchange {
    let bytes = items * 100;
    answers(
        "DescribeBackup",
        format!(
            r#"{{"BackupDescription":{{"BackupDetails":{},"SourceTableDetails":{{"TableName":"rooms","TableId":"id","KeySchema":[],
            "TableCreationDateTime":1.7e9,"ItemCount":{items},"TableSizeBytes":{bytes}}}}}}}"#,
            details(name, status, size)
        ),
    )
}

fn gone() -> Exchange {
    refuses("DescribeBackup", 400, "BackupNotFoundException")
}

#[tokio::test]
async fn a_backup_is_made_once_after_looking_for_it() {
    let ours = name();
    let (dynamodb, replay) = dynamodb([
        listed(
            &[("another", "AVAILABLE", 1795140900), (&ours, "DELETED", 1795140901)],
            true,
        ),
        listed(&[], false),
        created(),
        listed(&[("another", "AVAILABLE", 1795140900)], true),
        listed(&[(&ours, "CREATING", 1795140961)], false),
    ]);
    let first = dynamodb.back_up(&run(), &rooms()).await.unwrap();
    assert_eq!(first.recovery_point, point());
    assert_eq!(first.started_at.as_millisecond(), 1_795_140_961_500);
    let second = dynamodb.back_up(&run(), &rooms()).await.unwrap();
    assert!(
        matches!(second.recovery_point, RecoveryPoint::TableBackup { arn, name, .. } if arn == format!("{ARN}-1795140961") && name == ours)
    );
    let requests = replay.played();
    let body = |n: usize| serde_json::from_str::<Value>(&requests[n].body).unwrap();
    assert_eq!(
        (body(0)["TableName"].as_str(), body(0)["TimeRangeLowerBound"].as_f64()),
        (Some("rooms"), Some(1_795_140_780.0))
    );
    assert!(body(1)["ExclusiveStartBackupArn"].as_str().unwrap().ends_with("/last"));
    assert_eq!(
        (body(2)["TableName"].as_str(), body(2)["BackupName"].as_str()),
        (Some("rooms"), Some(name().as_str()))
    );
}

#[tokio::test]
async fn the_sdk_never_repeats_create_backup_by_itself() {
    for lost in [cut("CreateBackup"), refuses("CreateBackup", 500, "InternalServerError")] {
        let replay = Replay::new([
            listed(&[], false),
            lost,
            listed(&[(&name(), "AVAILABLE", 1795140961)], false),
        ]);
        let dynamodb = DynamoDb::from_config(
            &replay.config_with(RetryConfig::standard().with_max_attempts(3)),
            &Defaults::of_tests(),
        );
        assert_eq!(
            dynamodb.back_up(&run(), &rooms()).await.unwrap_err().name(),
            "Unavailable"
        );
        dynamodb.back_up(&run(), &rooms()).await.unwrap();
        replay.played();
    }
}

#[tokio::test]
async fn the_earliest_of_several_is_ours() {
    let ours = name();
    let (dynamodb, _) = dynamodb([listed(
        &[(&ours, "AVAILABLE", 1795140999), (&ours, "CREATING", 1795140961)],
        false,
    )]);
    let adopted = dynamodb.back_up(&run(), &rooms()).await.unwrap();
    assert_eq!(adopted.started_at.as_second(), 1_795_140_961);
}

#[tokio::test]
async fn what_a_lost_run_made_is_found_and_nothing_else() {
    let ours = name();
    let (kind, replay) = dynamodb([
        listed(&[("another", "AVAILABLE", 1795140900)], true),
        listed(&[(&ours, "CREATING", 1795140961)], false),
        listed(&[(&ours, "DELETED", 1795140961)], false),
    ]);
    assert_eq!(
        kind.find(&run(), &rooms()).await.unwrap(),
        Some(RecoveryPoint::TableBackup {
            arn: format!("{ARN}-1795140961"),
            name: name(),
            archive: None
        })
    );
    assert_eq!(kind.find(&run(), &rooms()).await.unwrap(), None);
    let none = resource(Target::DynamodbPrefix {
        prefix: "none-".into(),
        archive: None,
    });
    assert_eq!(kind.find(&run(), &none).await.unwrap(), None);
    assert_eq!(
        replay.played()[0].json()["TimeRangeLowerBound"].as_f64(),
        Some(1_795_140_780.0)
    );
}

#[tokio::test]
async fn failures_have_their_names() {
    for (code, status, name) in [
        ("ThrottlingException", 400, "Throttled"),
        ("InternalServerError", 500, "Unavailable"),
        ("AccessDeniedException", 400, "AccessDenied"),
        ("TableInUseException", 400, "NotReady"),
        ("BackupInUseException", 400, "NotReady"),
        ("ContinuousBackupsUnavailableException", 400, "NotReady"),
        ("LimitExceededException", 400, "QuotaExceeded"),
        ("TableNotFoundException", 400, "NotFound"),
    ] {
        let (dynamodb, _) = dynamodb([listed(&[], false), refuses("CreateBackup", status, code)]);
        assert_eq!(
            dynamodb.back_up(&run(), &rooms()).await.unwrap_err().name(),
            name,
            "{code}"
        );
    }
    let (kind, replay) = dynamodb([]);
    let prefix = resource(Target::DynamodbPrefix {
        prefix: "hubs-".into(),
        archive: None,
    });
    assert_eq!(kind.back_up(&run(), &prefix).await.unwrap_err().name(), "NotFound");
    replay.played();
}

#[tokio::test]
async fn a_look_says_what_became_of_the_backup() {
    let ours = name();
    let (kind, _) = dynamodb([
        described(&ours, "CREATING", 0, 5),
        described(&ours, "NEVER_HEARD_OF", 0, 5),
        described(&ours, "AVAILABLE", 500, 5),
        described(&ours, "AVAILABLE", 500, 5),
        described(&ours, "AVAILABLE", 0, 0),
        described(&ours, "AVAILABLE", 0, 5),
    ]);
    for _ in 0..2 {
        assert_eq!(
            kind.poll(&rooms(), &point()).await.unwrap(),
            Progress::InProgress { percent: None }
        );
    }
    // 0 bytes mean nothing: DynamoDB has not measured it yet.
    for size in [Some(500), Some(500), None, None] {
        let Progress::Succeeded(finished) = kind.poll(&rooms(), &point()).await.unwrap() else {
            panic!("not finished")
        };
        assert_eq!(finished.captured_at.as_millisecond(), 1_795_140_961_500);
        assert_eq!((finished.finished_at, finished.size_bytes), (None, size));
    }
}

#[tokio::test]
async fn a_backup_that_is_deleted_or_missing_has_failed() {
    for (answer, words) in [
        (described(&name(), "DELETED", 5, 5), "DELETED"),
        (gone(), "was deleted"),
    ] {
        let (dynamodb, _) = dynamodb([answer]);
        let reason = reason(dynamodb.poll(&rooms(), &point()).await.unwrap());
        assert!(reason.contains(words) && reason.contains(ARN), "{reason}");
    }
    let (dynamodb, _) = dynamodb([refuses("DescribeBackup", 500, "InternalServerError")]);
    assert_eq!(
        dynamodb.poll(&rooms(), &point()).await.unwrap_err().name(),
        "Unavailable"
    );
}

/// Backups of the account, one of which is Holdfast's and finished.
fn all_backups() -> Exchange {
    let named = |name: &str, status: &str| {
        format!(
            r#"{{"TableName":"rooms","BackupName":"{name}","BackupArn":"{ARN}","BackupCreationDateTime":1795140961,
            "BackupStatus":"{status}","BackupType":"USER","BackupSizeBytes":7}}"#
        )
    };
    let listed = [
        named(&name(), "AVAILABLE"),
        named("somebody-elses", "AVAILABLE"),
        named(&names::recovery_point(&run().id, "other"), "CREATING"),
    ];
    answers(
        "ListBackups",
        format!(r#"{{"BackupSummaries":[{}]}}"#, listed.join(",")),
    )
}
