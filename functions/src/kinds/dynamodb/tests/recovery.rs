//! What a table can be restored from.

use super::*;
use crate::domain::resource::Target;
use crate::domain::restore::plan::Source;
use crate::domain::restore::retained_backups::{RetainedBackup, RetainedBackups};
use crate::kinds::Recovery;

/// The continuous backup of every table in these tests.
pub const LATEST: i64 = 1_795_140_000;

fn target() -> Target {
    Target::DynamoDb {
        table: "rooms".into(),
        archive: None,
    }
}

pub fn continuous(status: &str) -> Exchange {
    answers(
        "DescribeContinuousBackups",
        format!(
            r#"{{"ContinuousBackupsDescription":{{"ContinuousBackupsStatus":"ENABLED","PointInTimeRecoveryDescription":
            {{"PointInTimeRecoveryStatus":"{status}","EarliestRestorableDateTime":1795132800,
            "LatestRestorableDateTime":{LATEST}}}}}}}"#
        ),
    )
}

pub fn backup(table: &str, status: &str, at: i64) -> String {
    format!(
        r#"{{"TableName":"{table}","BackupName":"{table}$DeletedTableBackup","BackupArn":"arn:{table}:{at}",
        "BackupCreationDateTime":{at},"BackupStatus":"{status}","BackupType":"SYSTEM","BackupSizeBytes":7}}"#
    )
}

pub fn page(backups: &[String], more: &str) -> Exchange {
    answers(
        "ListBackups",
        format!(r#"{{"BackupSummaries":[{}]{more}}}"#, backups.join(",")),
    )
}

/// The table exists.
pub fn there() -> Exchange {
    answers("DescribeTable", r#"{"Table":{"TableName":"rooms"}}"#)
}

async fn kept(script: Vec<Exchange>, target: &Target) -> Vec<(String, std::result::Result<RetainedBackup, String>)> {
    let (kind, replay) = dynamodb(script);
    let found = kind.retained_backups("hubs-prod", target, None).await.unwrap();
    replay.played();
    match found {
        RetainedBackups::Found(each) => each,
        RetainedBackups::NotRetained(why) => panic!("{why}"),
    }
}

#[tokio::test]
async fn a_table_has_a_continuous_backup_only_while_its_recovery_is_on() {
    let (kind, replay) = dynamodb([
        continuous("ENABLED"),
        continuous("DISABLED"),
        refuses("DescribeContinuousBackups", 400, "TableNotFoundException"),
        refuses("DescribeContinuousBackups", 400, "AccessDeniedException"),
    ]);
    let found = kind.continuous_backup(&target()).await.unwrap().unwrap();
    assert_eq!(
        (found.window.earliest.as_second(), found.window.latest.as_second()),
        (1_795_132_800, LATEST)
    );
    assert_eq!(kind.continuous_backup(&target()).await.unwrap(), None);
    assert_eq!(kind.continuous_backup(&target()).await.unwrap(), None);
    assert_eq!(
        kind.continuous_backup(&target()).await.unwrap_err().name(),
        "AccessDenied"
    );
    replay.played();
}

#[tokio::test]
async fn of_a_prefix_the_newest_of_each_table_is_taken_to_the_last_page() {
    let first = page(
        &[
            backup("hubs-rooms", "AVAILABLE", LATEST),
            backup("shop", "AVAILABLE", LATEST),
        ],
        r#","LastEvaluatedBackupArn":"arn:last""#,
    );
    let second = page(
        &[
            backup("hubs-rooms", "AVAILABLE", LATEST + 60),
            backup("hubs-users", "AVAILABLE", LATEST),
            backup("hubs-old", "DELETED", LATEST),
        ],
        "",
    );
    let prefix = Target::DynamodbPrefix {
        prefix: "hubs-".into(),
        archive: None,
    };
    let found = kept(vec![first, second], &prefix).await;
    let names: Vec<&str> = found.iter().map(|(table, _)| table.as_str()).collect();
    assert_eq!(names, ["hubs-rooms", "hubs-users"]);
    let rooms = found[0].1.as_ref().unwrap();
    assert_eq!(rooms.captured_at.as_second(), LATEST + 60);
    assert_eq!(rooms.size_bytes, Some(7));
}

#[tokio::test]
async fn a_table_comes_from_its_system_backup_else_from_its_own_recovery() {
    let none = || page(&[], "");
    let longer = page(
        &[
            backup("rooms-2", "AVAILABLE", LATEST),
            backup("rooms", "AVAILABLE", LATEST),
        ],
        "",
    );
    let [(_, Ok(found))] = &kept(vec![longer], &target()).await[..] else {
        panic!("not found")
    };
    assert_eq!(
        found.source,
        Source::TableBackup {
            arn: format!("arn:rooms:{LATEST}")
        }
    );
    let on = vec![none(), there(), continuous("ENABLED")];
    let [(_, Ok(found))] = &kept(on, &target()).await[..] else {
        panic!("not found")
    };
    assert!(matches!(found.source, Source::TableAt { .. }), "{found:?}");
    let off = vec![none(), there(), continuous("DISABLED")];
    let [(_, Err(needed))] = &kept(off, &target()).await[..] else {
        panic!("found")
    };
    assert!(needed.starts_with("point-in-time recovery"), "{needed}");
    let gone = vec![none(), refuses("DescribeTable", 400, "ResourceNotFoundException")];
    let [(_, Err(needed))] = &kept(gone, &target()).await[..] else {
        panic!("found")
    };
    assert!(needed.starts_with("a SYSTEM backup"), "{needed}");
}

#[tokio::test]
async fn a_table_that_is_gone_is_told_from_one_that_cannot_be_asked() {
    let (kind, replay) = dynamodb([
        refuses("DescribeTable", 400, "ResourceNotFoundException"),
        refuses("DescribeTable", 400, "ThrottlingException"),
    ]);
    assert!(!kind.exists(&target()).await.unwrap());
    assert_eq!(kind.exists(&target()).await.unwrap_err().name(), "Throttled");
    replay.played();
}
