//! What the switches' tests share.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use crate::domain::descriptor::Switch;
use crate::domain::job::Run;
use crate::domain::restore::item::RestoreItem;
use crate::transfers::TransferSettings;

pub const RESTORE: &str = "hubs-prod-20261120-021500-abcd";

pub fn run() -> Run {
    serde_json::from_value(json!({
        "deployment": "hubs-prod", "id": RESTORE, "started_at": "2026-11-20T02:15:00Z",
        "execution": "arn:aws:states:eu-west-1:000000000000:execution:holdfast-restore:one",
    }))
    .unwrap()
}

/// The stack's jobs that move data.
pub fn transfers() -> TransferSettings {
    TransferSettings {
        machine: "arn:aws:states:eu-west-1:111122223333:stateMachine:holdfast-transfer".into(),
        bucket: "archive".into(),
    }
}

pub fn switch(document: Value) -> Switch {
    serde_json::from_value(document).unwrap()
}

pub fn secret_switch() -> Switch {
    switch(json!({
        "name": "database-secret", "resource": "database", "kind": "secret", "secret": "hubs/database",
        "values": {"host": "host", "port": "port"},
    }))
}

fn item(target: Value, destination: Value, made: Value) -> RestoreItem {
    let name = match target["kind"].as_str() {
        Some("aurora") => "database",
        Some("efs") => "files",
        _ => "rooms",
    };
    let mut resource = json!({"name": name, "deadline_seconds": 3600});
    resource
        .as_object_mut()
        .unwrap()
        .extend(target.as_object().unwrap().clone());
    serde_json::from_value(json!({
        "restore": RESTORE, "status": "restored", "made": made,
        "planned": {
            "resource": resource, "beside": destination,
            "source": {"from": "cluster_snapshot", "id": "snap", "arn": "arn"},
        },
    }))
    .unwrap()
}

/// The cluster `hubs-db`, restored as `hubs-db-r1`.
pub fn cluster() -> RestoreItem {
    item(
        json!({"kind": "aurora", "cluster": "hubs-db"}),
        json!({"into": "cluster", "cluster": "hubs-db-r1"}),
        json!({"made": "cluster", "cluster": "hubs-db-r1", "arn": "arn", "host": "stale", "reader_host": "stale", "port": 1}),
    )
}

/// The table `hubs-rooms`, restored as `hubs-rooms-r1`.
pub fn table() -> RestoreItem {
    item(
        json!({"kind": "dynamodb", "table": "hubs-rooms"}),
        json!({"into": "table", "table": "hubs-rooms-r1"}),
        json!({"made": "table", "table": "hubs-rooms-r1", "arn": "arn"}),
    )
}

/// The file system `fs-1`, restored into a directory of itself.
pub fn directory() -> RestoreItem {
    item(
        json!({"kind": "efs", "file_system": "fs-1"}),
        json!({"into": "directory", "file_system": "fs-1"}),
        json!({"made": "directory", "file_system": "fs-1", "job": "job", "directory": "/aws-backup-restore_x"}),
    )
}

/// The file system `fs-1`, restored into `fs-2`.
pub fn file_system() -> RestoreItem {
    item(
        json!({"kind": "efs", "file_system": "fs-1"}),
        json!({"into": "file_system", "token": "t"}),
        json!({"made": "file_system", "file_system": "fs-2", "job": "job", "directory": "/aws-backup-restore_x"}),
    )
}

/// One `DBCluster` of an answer.
pub fn db_cluster(name: &str, id: &str, status: &str, restore: Option<&str>) -> String {
    let tags = restore
        .map(|restore| format!("<TagList><Tag><Key>holdfast:restore</Key><Value>{restore}</Value></Tag></TagList>"))
        .unwrap_or_default();
    format!(
        "<DBCluster><DBClusterIdentifier>{name}</DBClusterIdentifier><DbClusterResourceId>{id}</DbClusterResourceId>\
         <Status>{status}</Status><Endpoint>{name}.cluster-x</Endpoint><ReaderEndpoint>{name}.cluster-ro-x</ReaderEndpoint>\
         <Port>5433</Port>{tags}</DBCluster>"
    )
}

pub fn db_clusters(clusters: &[String]) -> crate::testing::replay::Exchange {
    crate::testing::replay::xml(
        "DescribeDBClusters",
        &format!("<DBClusters>{}</DBClusters>", clusters.concat()),
    )
}
