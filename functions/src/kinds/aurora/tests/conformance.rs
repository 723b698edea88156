//! RDS's answers to the conformance suite.

use std::sync::Arc;

use serde_json::{Value, json};

use super::copies::{
    TARGET, cluster_answer, configuration, faithful, from_snapshot, instances_answer, item, no_cluster,
    restore as restore_run, restored, snapshot_is, tag_list, versions, with,
};
use super::recovery::{RESTORABLE, backups, cluster, no_backups};
use super::*;
use crate::testing::conformance::{BackupAnswers, RecoveryAnswers, RestoreAnswers};

pub fn backup() -> BackupAnswers {
    BackupAnswers {
        kind: |aws| Arc::new(Aurora::from_config(aws)),
        resource: database(),
        point: RecoveryPoint::ClusterSnapshot {
            id: id(),
            arn: ARN.into(),
        },
        capture: || {
            vec![
                xml(
                    "DescribeDBClusters",
                    "<DBClusters><DBCluster><DBClusterIdentifier>hubs-db</DBClusterIdentifier><Engine>aurora-postgresql</Engine>\
                     </DBCluster></DBClusters>",
                ),
                xml("DescribeDBInstances", "<DBInstances/>"),
                xml("DescribeDBClusterEndpoints", "<DBClusterEndpoints/>"),
                answers("DescribeScalableTargets", r#"{"ScalableTargets":[]}"#),
            ]
        },
        back_up: || vec![none(), cluster_is("available"), created(), ours("creating")],
        create: Some("CreateDBClusterSnapshot"),
        adopt: || vec![ours("creating")],
        conflict: Some(|| vec![snapshot("available", 100, "hubs-db", "another-set")]),
        find: || vec![ours("available")],
        find_foreign: || vec![snapshot("available", 100, "other-db", &run().id)],
        poll: || vec![ours("available")],
        poll_running: || vec![ours("creating")],
        poll_failed: || vec![ours("failed")],
        poll_gone: || vec![none()],
        hindered: None,
        abandon: Vec::new,
        abandon_again: Vec::new,
        mark_sealed: || vec![xml("AddTagsToResource", "")],
        tagged: || {
            let untagged = "<DBClusterSnapshot><Status>available</Status></DBClusterSnapshot>".to_owned();
            let creating = shown("creating", 40, "hubs-db", &run().id);
            let ours = shown("available", 100, "hubs-db", &run().id);
            vec![snapshots(&[untagged, creating, ours])]
        },
        delete: || vec![ours("available"), xml("DeleteDBClusterSnapshot", ""), none()],
        remove: Some("DeleteDBClusterSnapshot"),
        delete_again: || vec![none()],
    }
}

pub fn recovery() -> RecoveryAnswers {
    RecoveryAnswers {
        kind: |aws| Arc::new(Aurora::from_config(aws)),
        resource: database(),
        exists: || vec![cluster("")],
        gone: Some(|| vec![no_cluster()]),
        continuous: Some((|| vec![cluster(RESTORABLE)], || vec![no_cluster(), no_backups()])),
        kept: Some((
            || vec![no_cluster(), backups(&[("cluster-A", "19")])],
            || vec![no_cluster(), no_backups(), snapshots(&[])],
        )),
        destination: [Vec::new, Vec::new],
        configuration: configuration(),
        instance_classes: &["/DBInstances/0/DBInstanceClass", "/DBInstances/1/DBInstanceClass"],
        ca_certificates: &[
            "/DBInstances/0/CACertificateIdentifier",
            "/DBInstances/1/CACertificateIdentifier",
        ],
    }
}

pub fn restore() -> RestoreAnswers {
    let bare = item(from_snapshot(), Value::Null);
    RestoreAnswers {
        kind: |aws| Arc::new(Aurora::from_config(aws)),
        run: restore_run(),
        item: bare.clone(),
        begin: || {
            vec![
                no_cluster(),
                snapshot_is("available", "16.4"),
                versions(&[("16.4", "available")]),
                restored("RestoreDBClusterFromSnapshot"),
            ]
        },
        create: Some("RestoreDBClusterFromSnapshot"),
        in_progress: || vec![cluster_answer(&copy(&restore_run().id), "creating")],
        conflict: Some(|| vec![cluster_answer(&copy("another-restore"), "available")]),
        undo_nothing: || vec![no_cluster()],
        created: bare,
        undo: || {
            let deleting = format!("<DBCluster><DBClusterIdentifier>{TARGET}</DBClusterIdentifier></DBCluster>");
            vec![
                cluster_answer(&copy(&restore_run().id), "available"),
                instances_answer(&json!([])),
                xml("DeleteDBCluster", &deleting),
            ]
        },
        remove: Some("DeleteDBCluster"),
        undo_again: || vec![no_cluster()],
        undo_foreign: Some(|| vec![cluster_answer(&copy("another-restore"), "available")]),
    }
}

/// The copy that a restore made.
fn copy(of: &str) -> Value {
    let changes = [
        ("DeletionProtection", json!(false)),
        ("DBClusterMembers", Value::Null),
        ("TagList", tag_list(&[], of)),
    ];
    with(faithful()["DBCluster"].clone(), &changes)
}
