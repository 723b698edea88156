//! Whether the source of a copy exists, and can be restored.

use serde_json::json;

use super::copies::*;
use super::preflight::{Answers, key, planned, snapshot};
use super::*;
use crate::kinds::Restore;

#[tokio::test]
async fn a_snapshot_that_cannot_be_restored_from_is_a_fault() {
    for (source, fault) in [
        (
            refuses("DescribeDBClusterSnapshots", 404, "DBClusterSnapshotNotFoundFault"),
            "resources.thing.snapshot: hf-snap (gone) is not allowed; expected an existing cluster snapshot: restore \
             another set (`holdfast sets` lists them)",
        ),
        (
            snapshot(&[("Status", "creating")]),
            "resources.thing.snapshot: hf-snap (creating) is not allowed; expected one that is available: wait until it is, \
             then start a new restore",
        ),
        (
            snapshot(&[("Status", "failed")]),
            "resources.thing.snapshot: hf-snap (failed) is not allowed; expected one that is available: restore another set",
        ),
    ] {
        let answers = Answers {
            source,
            ..Answers::without_source()
        };
        assert_eq!(answers.faults(&planned()).await, [fault]);
    }
}

#[tokio::test]
async fn a_snapshot_elsewhere_has_to_be_copied_or_shared() {
    let mut other = planned();
    let elsewhere = "arn:aws:rds:us-east-1:111122223333:cluster-snapshot:hf-snap";
    other.planned.source = crate::domain::restore::plan::Source::ClusterSnapshot {
        id: "hf-snap".into(),
        arn: elsewhere.into(),
    };
    // RDS is not called for it at all.
    let good = Answers::good();
    let mut script = vec![good.keys, good.groups].concat_all();
    script.extend([good.target, good.instances, good.quotas]);
    let (kind, replay) = aurora(script);
    let preflight = kind.preflight(&restore(), &other).await.unwrap();
    replay.played();
    assert_eq!(preflight.faults.len(), 1);
    let fault = preflight.faults[0].to_string();
    assert!(
        fault.starts_with("resources.thing.snapshot: hf-snap (in us-east-1) is not allowed"),
        "{fault}"
    );
    assert!(
        fault.contains("copy-db-cluster-snapshot --region eu-west-1 --source-region us-east-1"),
        "{fault}"
    );

    let anothers = "arn:aws:rds:eu-west-1:999999999999:cluster-snapshot:hf-snap";
    other.planned.source = crate::domain::restore::plan::Source::ClusterSnapshot {
        id: "hf-snap".into(),
        arn: anothers.into(),
    };
    assert_eq!(Answers::good().faults(&other).await, Vec::<String>::new());
    let answers = Answers {
        source: refuses("DescribeDBClusterSnapshots", 404, "DBClusterSnapshotNotFoundFault"),
        ..Answers::without_source()
    };
    let faults = answers.faults(&other).await;
    assert!(faults[0].contains("have it shared, or copied here"), "{faults:?}");
}

trait ConcatAll {
    fn concat_all(self) -> Vec<Exchange>;
}

impl ConcatAll for Vec<Vec<Exchange>> {
    fn concat_all(self) -> Vec<Exchange> {
        self.into_iter().flatten().collect()
    }
}

/// A cluster whose continuous backup covers one o'clock to two.
pub fn continuous(status: &str) -> Exchange {
    let mut cluster = configuration()["DBCluster"].clone();
    cluster["EarliestRestorableTime"] = "2026-11-20T01:00:00Z".into();
    cluster["LatestRestorableTime"] = "2026-11-20T02:00:00Z".into();
    cluster_answer(&cluster, status)
}

pub fn retained() -> Exchange {
    let backup = json!([{
        "DBClusterIdentifier": "hubs-db", "DbClusterResourceId": "cluster-GONE", "Engine": "aurora-postgresql",
        "EngineVersion": "16.4", "Status": "retained",
        "RestoreWindow": { "EarliestTime": "2026-11-20T01:00:00Z", "LatestTime": "2026-11-20T02:00:00Z" },
    }]);
    list(
        "DescribeDBClusterAutomatedBackups",
        "DBClusterAutomatedBackups",
        &backup,
    )
}

#[tokio::test]
async fn a_time_outside_of_the_window_is_a_fault_that_names_it() {
    for (resource_id, source) in [
        (None, continuous as fn(&str) -> Exchange),
        (Some("cluster-GONE"), |_| retained()),
    ] {
        for (asked, inside) in [
            ("2026-11-20T00:59:59Z", false),
            ("2026-11-20T01:00:00Z", true),
            ("2026-11-20T02:00:00Z", true),
            ("2026-11-20T02:00:01Z", false),
        ] {
            let answers = Answers {
                source: source("available"),
                ..Answers::good()
            };
            let faults = answers
                .faults(&item(at(resource_id, Some(asked)), configuration()))
                .await;
            let fault = format!(
                "resources.thing.at: {asked} is not allowed; expected a time from 2026-11-20T01:00:00Z to \
                 2026-11-20T02:00:00Z: the window of the continuous backup of cluster hubs-db"
            );
            assert_eq!(faults, if inside { vec![] } else { vec![fault] });
        }
    }
}

#[tokio::test]
async fn a_continuous_backup_that_is_not_there_is_a_fault() {
    let without_window = cluster_answer(&configuration()["DBCluster"], "available");
    let not_found = || {
        refuses(
            "DescribeDBClusterAutomatedBackups",
            404,
            "DBClusterAutomatedBackupNotFoundFault",
        )
    };
    for (resource_id, source, fault) in [
        (
            None,
            no_cluster(),
            "resources.thing.cluster: hubs-db (gone) is not allowed",
        ),
        (
            None,
            continuous("stopped"),
            "resources.thing.cluster: hubs-db (stopped) is not allowed",
        ),
        (
            None,
            without_window,
            "resources.thing.cluster: hubs-db (without continuous backups) is not allowed",
        ),
        (
            Some("cluster-GONE"),
            not_found(),
            "resources.thing.cluster: hubs-db (cluster-GONE, without automated backups) is not allowed",
        ),
        (
            Some("cluster-GONE"),
            list(
                "DescribeDBClusterAutomatedBackups",
                "DBClusterAutomatedBackups",
                &json!([]),
            ),
            "resources.thing.cluster: hubs-db (cluster-GONE, without automated backups) is not allowed",
        ),
    ] {
        let others = match fault.contains("without continuous backups") {
            true => Answers::good(),
            false => Answers::without_source(),
        };
        let answers = Answers { source, ..others };
        let faults = answers.faults(&item(at(resource_id, None), configuration())).await;
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with(fault), "{faults:?}");
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_a_fault() {
    for (answer, words) in [
        (key("Disabled"), "aws kms enable-key"),
        (key("PendingDeletion"), "aws kms cancel-key-deletion"),
        (refuses("DescribeKey", 400, "NotFoundException"), "NotFoundException"),
    ] {
        let answers = Answers {
            keys: vec![answer],
            ..Answers::good()
        };
        let faults = answers.faults(&planned()).await;
        assert_eq!(faults.len(), 1, "{faults:?}");
        let path =
            "resources.thing.kms_key: arn:aws:kms:eu-west-1:111122223333:key/k is not allowed; expected a key that can";
        assert!(faults[0].starts_with(path) && faults[0].contains(words), "{faults:?}");
        assert!(faults[0].contains("cluster snapshot hf-snap"), "{faults:?}");
    }
    // A caller without permission gets that as the error.
    let (kind, _) = aurora([snapshot(&[]), refuses("DescribeKey", 400, "AccessDeniedException")]);
    assert_eq!(
        kind.preflight(&restore(), &planned()).await.unwrap_err().name(),
        "AccessDenied"
    );
}
