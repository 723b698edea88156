//! A deployment and the copy of its cluster, for tests.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use crate::domain::descriptor::Descriptor;
use crate::domain::restore::item::RestoreItem;

pub fn descriptor(cut_over: Value) -> Descriptor {
    let mut document = json!({
        "deployment": "hubs-prod",
        "resources": {"database": {"kind": "aurora", "cluster": "hubs-db"}},
        "probes": {
            "users": {"resource": "database", "sql": "SELECT count(*) FROM users", "secret": "hubs/db", "database": "hubs"},
        },
    });
    if cut_over.as_array().is_some_and(|switches| !switches.is_empty()) {
        document["cut_over"] = cut_over;
    }
    Descriptor::parse(&document).unwrap()
}

/// The copy of `database`, restored.
pub fn copied(configuration: Value) -> RestoreItem {
    let item = json!({
        "restore": "hubs-prod-20261120-030000-630a",
        "planned": {
            "resource": {"name": "database", "kind": "aurora", "cluster": "hubs-db", "deadline_seconds": 60},
            "source": {"from": "cluster_snapshot", "id": "hf-1", "arn": "arn"},
            "beside": {"into": "cluster", "cluster": "hubs-db-r1"},
        },
        "status": "restored",
        "configuration": configuration,
        "made": {
            "made": "cluster", "cluster": "hubs-db-r1", "arn": "arn:aws:rds:us-east-1:000000000000:cluster:hubs-db-r1",
            "host": "copy.example", "reader_host": "reader.copy.example", "port": 5432, "master_secret": "arn:secret:new",
            "resource_id": "cluster-NEW", "master_username": "postgres",
        },
    });
    serde_json::from_value(item).unwrap()
}
