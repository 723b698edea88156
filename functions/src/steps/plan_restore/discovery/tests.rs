#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::replay::{Exchange, Replay, answers, refuses, xml};

fn aws(script: impl IntoIterator<Item = Exchange>) -> (Aws, Replay) {
    let replay = Replay::new(script);
    (Aws::new(&replay.config()), replay)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn cluster(times: &str) -> Exchange {
    let cluster = format!("<DBCluster><DBClusterIdentifier>hubs-db</DBClusterIdentifier>{times}</DBCluster>");
    xml("DescribeDBClusters", &format!("<DBClusters>{cluster}</DBClusters>"))
}

fn no_cluster() -> Exchange {
    refuses("DescribeDBClusters", 404, "DBClusterNotFoundFault")
}

fn retained(id: &str, day: &str) -> String {
    format!(
        "<DBClusterAutomatedBackup><DbClusterResourceId>{id}</DbClusterResourceId><Status>retained</Status>\
         <RestoreWindow><EarliestTime>2026-11-01T00:00:00Z</EarliestTime><LatestTime>2026-11-{day}T00:00:00Z</LatestTime>\
         </RestoreWindow></DBClusterAutomatedBackup>"
    )
}

#[tokio::test]
async fn a_cluster_that_is_there_has_its_own_window() {
    let (aws, replay) = aws([cluster(
        "<EarliestRestorableTime>2026-11-13T00:00:00Z</EarliestRestorableTime>\
         <LatestRestorableTime>2026-11-20T02:00:00Z</LatestRestorableTime>",
    )]);
    let found = aws.cluster_backup("hubs-db").await.unwrap().unwrap();
    let window = Window {
        earliest: at("2026-11-13T00:00:00Z"),
        latest: at("2026-11-20T02:00:00Z"),
    };
    assert_eq!(
        found,
        ClusterBackup {
            resource_id: None,
            window
        }
    );
    replay.played();
}

#[tokio::test]
async fn of_a_deleted_cluster_the_newest_retained_backup_is_taken() {
    let backups = format!(
        "{}{}{}",
        retained("cluster-A", "05"),
        retained("cluster-B", "19"),
        retained("cluster-C", "07")
    );
    let (aws, replay) = aws([
        no_cluster(),
        xml(
            "DescribeDBClusterAutomatedBackups",
            &format!("<DBClusterAutomatedBackups>{backups}</DBClusterAutomatedBackups>"),
        ),
    ]);
    let found = aws.cluster_backup("hubs-db").await.unwrap().unwrap();
    assert_eq!(found.resource_id.as_deref(), Some("cluster-B"));
    assert_eq!(found.window.latest, at("2026-11-19T00:00:00Z"));
    assert_eq!(
        replay.played()[1].field("DBClusterIdentifier").as_deref(),
        Some("hubs-db")
    );
}

#[tokio::test]
async fn of_a_cluster_without_any_backup_there_is_none() {
    let gone = refuses(
        "DescribeDBClusterAutomatedBackups",
        404,
        "DBClusterAutomatedBackupNotFoundFault",
    );
    let (aws, replay) = aws([no_cluster(), gone, no_cluster()]);
    assert_eq!(aws.cluster_backup("hubs-db").await.unwrap(), None);
    assert!(!aws.has_cluster("hubs-db").await.unwrap());
    replay.played();
}

#[tokio::test]
async fn a_table_has_a_window_only_while_its_recovery_is_on() {
    let continuous = |status: &str| {
        answers(
            "DescribeContinuousBackups",
            format!(
                r#"{{"ContinuousBackupsDescription":{{"ContinuousBackupsStatus":"ENABLED","PointInTimeRecoveryDescription":
                {{"PointInTimeRecoveryStatus":"{status}","EarliestRestorableDateTime":1795132800,
                "LatestRestorableDateTime":1795140000}}}}}}"#
            ),
        )
    };
    let (aws, replay) = aws([
        continuous("ENABLED"),
        continuous("DISABLED"),
        refuses("DescribeContinuousBackups", 400, "TableNotFoundException"),
        refuses("DescribeContinuousBackups", 400, "AccessDeniedException"),
    ]);
    let window = aws.table_backup("rooms").await.unwrap().unwrap();
    assert_eq!(
        (window.earliest.as_second(), window.latest.as_second()),
        (1_795_132_800, 1_795_140_000)
    );
    assert_eq!(aws.table_backup("rooms").await.unwrap(), None);
    assert_eq!(aws.table_backup("rooms").await.unwrap(), None);
    assert_eq!(aws.table_backup("rooms").await.unwrap_err().name(), "AccessDenied");
    replay.played();
}

#[tokio::test]
async fn system_backups_are_listed_to_the_last_page() {
    let backup = |table: &str, status: &str| {
        format!(
            r#"{{"TableName":"{table}","BackupName":"{table}$DeletedTableBackup","BackupArn":"arn:{table}",
            "BackupCreationDateTime":1795140000,"BackupStatus":"{status}","BackupType":"SYSTEM","BackupSizeBytes":7}}"#
        )
    };
    let first = format!(
        r#"{{"BackupSummaries":[{},{}],"LastEvaluatedBackupArn":"arn:last"}}"#,
        backup("hubs-rooms", "AVAILABLE"),
        backup("shop", "AVAILABLE")
    );
    let second = format!(
        r#"{{"BackupSummaries":[{},{}]}}"#,
        backup("hubs-users", "AVAILABLE"),
        backup("hubs-old", "DELETED")
    );
    let (aws, replay) = aws([answers("ListBackups", first), answers("ListBackups", second)]);
    let found = aws.system_backups("hubs-").await.unwrap();
    let tables: Vec<&str> = found.iter().map(|(table, _)| table.as_str()).collect();
    assert_eq!(tables, ["hubs-rooms", "hubs-users"]);
    assert_eq!(
        (found[0].1.arn.as_str(), found[0].1.size_bytes),
        ("arn:hubs-rooms", Some(7))
    );
    let asked = replay.played();
    assert_eq!(asked[0].json()["BackupType"], "SYSTEM");
    assert_eq!(asked[1].json()["ExclusiveStartBackupArn"], "arn:last");
}

#[tokio::test]
async fn of_snapshots_only_finished_ones_of_the_deployment_count() {
    let snapshot = |id: &str, status: &str, deployment: &str| {
        format!(
            "<DBClusterSnapshot><DBClusterSnapshotIdentifier>{id}</DBClusterSnapshotIdentifier>\
             <DBClusterSnapshotArn>arn:{id}</DBClusterSnapshotArn><Status>{status}</Status>\
             <SnapshotCreateTime>2026-11-20T02:16:01Z</SnapshotCreateTime><TagList><Tag><Key>holdfast:deployment</Key>\
             <Value>{deployment}</Value></Tag></TagList></DBClusterSnapshot>"
        )
    };
    let all = [
        snapshot("one", "available", "hubs-prod"),
        snapshot("two", "creating", "hubs-prod"),
        snapshot("three", "available", "hubs"),
    ];
    let (aws, replay) = aws([xml(
        "DescribeDBClusterSnapshots",
        &format!("<DBClusterSnapshots>{}</DBClusterSnapshots>", all.join("")),
    )]);
    let found = aws.snapshots("hubs-prod", "hubs-db").await.unwrap();
    assert_eq!(found.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(), ["one"]);
    assert_eq!(replay.played()[0].field("SnapshotType").as_deref(), Some("manual"));
}

#[tokio::test]
async fn what_is_gone_is_told_from_what_cannot_be_asked() {
    const FILES: &str = "GET /2015-02-01/file-systems";
    let (aws, replay) = aws([
        refuses(FILES, 404, "FileSystemNotFound"),
        refuses(FILES, 403, "AccessDeniedException"),
        refuses("DescribeTable", 400, "ResourceNotFoundException"),
        refuses("DescribeTable", 400, "ThrottlingException"),
    ]);
    assert!(!aws.has_file_system("fs-1").await.unwrap());
    assert_eq!(aws.has_file_system("fs-1").await.unwrap_err().name(), "AccessDenied");
    assert!(!aws.has_table("rooms").await.unwrap());
    assert_eq!(aws.has_table("rooms").await.unwrap_err().name(), "Throttled");
    replay.played();
}
