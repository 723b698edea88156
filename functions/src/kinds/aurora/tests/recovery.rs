//! What a cluster can be restored from.

use jiff::Timestamp;

use super::copies::no_cluster;
use super::*;
use crate::domain::resource::Target;
use crate::domain::restore::plan::Source;
use crate::domain::restore::retained_backups::{ContinuousBackup, RetainedBackups};
use crate::domain::restore::set_selection::RecoveryWindow;
use crate::kinds::Recovery;

/// Its own window.
pub const RESTORABLE: &str = "<EarliestRestorableTime>2026-11-13T00:00:00Z</EarliestRestorableTime>\
                              <LatestRestorableTime>2026-11-20T02:00:00Z</LatestRestorableTime>";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn target() -> Target {
    database().target
}

pub fn cluster(times: &str) -> Exchange {
    let cluster = format!("<DBCluster><DBClusterIdentifier>hubs-db</DBClusterIdentifier>{times}</DBCluster>");
    xml("DescribeDBClusters", &format!("<DBClusters>{cluster}</DBClusters>"))
}

pub fn no_backups() -> Exchange {
    refuses(
        "DescribeDBClusterAutomatedBackups",
        404,
        "DBClusterAutomatedBackupNotFoundFault",
    )
}

pub fn backups(of: &[(&str, &str)]) -> Exchange {
    let of = of.iter().map(|(id, day)| {
        format!(
            "<DBClusterAutomatedBackup><DbClusterResourceId>{id}</DbClusterResourceId><Status>retained</Status>\
             <RestoreWindow><EarliestTime>2026-11-01T00:00:00Z</EarliestTime><LatestTime>2026-11-{day}T00:00:00Z</LatestTime>\
             </RestoreWindow></DBClusterAutomatedBackup>"
        )
    });
    let all: String = of.collect();
    xml(
        "DescribeDBClusterAutomatedBackups",
        &format!("<DBClusterAutomatedBackups>{all}</DBClusterAutomatedBackups>"),
    )
}

fn some_snapshots() -> Exchange {
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
    xml(
        "DescribeDBClusterSnapshots",
        &format!("<DBClusterSnapshots>{}</DBClusterSnapshots>", all.join("")),
    )
}

#[tokio::test]
async fn a_cluster_that_is_there_has_its_own_window() {
    let (aurora, replay) = aurora([cluster(RESTORABLE)]);
    let found = aurora.continuous_backup(&target()).await.unwrap().unwrap();
    let its_own = ContinuousBackup {
        window: RecoveryWindow {
            earliest: at("2026-11-13T00:00:00Z"),
            latest: at("2026-11-20T02:00:00Z"),
        },
        source: Source::ClusterAt {
            cluster: "hubs-db".into(),
            resource_id: None,
            at: None,
        },
    };
    assert_eq!(found, its_own);
    replay.played();
}

#[tokio::test]
async fn of_a_deleted_cluster_the_newest_retained_backup_is_taken() {
    let (aurora, replay) = aurora(vec![
        no_cluster(),
        backups(&[("cluster-A", "05"), ("cluster-B", "19"), ("cluster-C", "07")]),
    ]);
    let found = aurora.continuous_backup(&target()).await.unwrap().unwrap();
    assert!(
        matches!(&found.source, Source::ClusterAt { resource_id: Some(id), .. } if id == "cluster-B"),
        "{found:?}"
    );
    assert_eq!(found.window.latest, at("2026-11-19T00:00:00Z"));
    assert_eq!(
        replay.played()[1].field("DBClusterIdentifier").as_deref(),
        Some("hubs-db")
    );
}

/// Without a continuous backup that reaches that far, the newest finished snapshot of the deployment.
#[tokio::test]
async fn what_was_kept_is_the_retained_backup_else_a_snapshot_of_ours() {
    let kept = async |script: Vec<Exchange>, before: Option<&str>| {
        let (aurora, replay) = aurora(script);
        let found = aurora
            .retained_backups("hubs-prod", &target(), before.map(at))
            .await
            .unwrap();
        replay.played();
        match found {
            RetainedBackups::Found(mut each) => each.remove(0).1,
            RetainedBackups::NotRetained(why) => panic!("{why}"),
        }
    };
    let retained = || backups(&[("cluster-A", "19")]);
    let found = kept(vec![no_cluster(), retained()], None).await.unwrap();
    assert_eq!(found.captured_at, at("2026-11-19T00:00:00Z"));
    let found = kept(vec![no_cluster(), retained()], Some("2026-11-10T00:00:00Z")).await;
    assert_eq!(found.unwrap().captured_at, at("2026-11-10T00:00:00Z"));
    let found = kept(vec![no_cluster(), no_backups(), some_snapshots()], None)
        .await
        .unwrap();
    assert!(
        matches!(&found.source, Source::ClusterSnapshot { id, .. } if id == "one"),
        "{found:?}"
    );
    let script = vec![no_cluster(), retained(), some_snapshots()];
    let needed = kept(script, Some("2026-10-01T00:00:00Z")).await.unwrap_err();
    assert!(needed.contains("retained automated backup"), "{needed}");
}

#[tokio::test]
async fn a_snapshot_that_is_gone_or_not_available_is_lost() {
    for (answer, words) in [
        (ours("available"), None),
        (ours("failed"), Some("is failed, not available")),
        (none(), Some("it was deleted")),
    ] {
        let (aurora, replay) = aurora([answer]);
        let lost = aurora.lost(&point()).await.unwrap();
        assert_eq!(lost.is_some(), words.is_some(), "{lost:?}");
        assert!(lost.unwrap_or_default().contains(words.unwrap_or_default()));
        replay.played();
    }
    let (aurora, _) = aurora([refuses("DescribeDBClusterSnapshots", 403, "AccessDenied")]);
    assert_eq!(aurora.lost(&point()).await.unwrap_err().name(), "AccessDenied");
}
