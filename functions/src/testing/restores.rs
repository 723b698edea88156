//! A planned restore of `database` and `rooms`, for the steps' tests.

use std::sync::Arc;

use super::{catalog, descriptor, later, now, resource, run};
use crate::catalog::Catalog;
use crate::domain::descriptor::Descriptor;
use crate::domain::job::Run;
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::item::{CreatedResource, RestoreItem};
use crate::domain::restore::matching::Matching;
use crate::domain::restore::plan::{CutOverMode, Destination, OnFailure, Plan, PlannedResource, Source};
use crate::domain::set::{Purpose, RunRecord};
use crate::testing::memory::Memory;

pub fn planned_resource(name: &str) -> PlannedResource {
    let mut planned = resource(if name.starts_with("database") {
        "database"
    } else {
        "rooms"
    });
    planned.name = name.into();
    let (source, destination) = match name {
        "database" => (
            Source::ClusterSnapshot {
                id: "hf-snapshot".into(),
                arn: "arn:aws:rds:us-east-1:000000000000:cluster-snapshot:hf-snapshot".into(),
            },
            Destination::Cluster {
                cluster: "hubs-db-r1".into(),
            },
        ),
        _ => (
            Source::TableBackup {
                arn: "arn:aws:dynamodb:us-east-1:000000000000:table/hubs-rooms/backup/01".into(),
            },
            Destination::Table {
                table: "hubs-rooms-r1".into(),
            },
        ),
    };
    PlannedResource {
        resource: planned,
        source,
        destination,
        holds: Some(later(-3600)),
        loss_seconds: Some(3600),
        size_bytes: Some(4096),
        usual_seconds: None,
        creates: Vec::new(),
    }
}

pub fn item(name: &str) -> RestoreItem {
    RestoreItem::planned(run().id, planned_resource(name))
}

/// What a restore into `destination` creates, for the destinations of the steps' tests.
pub fn made(destination: &Destination) -> CreatedResource {
    match destination {
        Destination::Cluster { cluster } => CreatedResource::Cluster {
            cluster: cluster.clone(),
            arn: format!("arn:aws:rds:us-east-1:000000000000:cluster:{cluster}"),
            host: format!("{cluster}.cluster-abc.us-east-1.rds.amazonaws.com"),
            reader_host: format!("{cluster}.cluster-ro-abc.us-east-1.rds.amazonaws.com"),
            port: 5432,
            master_secret: None,
            master_username: Some("postgres".into()),
            resource_id: Some("cluster-COPY".into()),
            iam_authentication: false,
        },
        Destination::Table { table } => CreatedResource::Table {
            table: table.clone(),
            arn: format!("arn:aws:dynamodb:us-east-1:000000000000:table/{table}"),
        },
        Destination::Directory { file_system } => CreatedResource::Directory {
            file_system: file_system.clone(),
            job: "restore-job".into(),
            directory: Some("/aws-backup-restore_2026-11-20T02-15-00-123Z".into()),
        },
        Destination::FileSystem { .. } => CreatedResource::FileSystem {
            file_system: Some("fs-0copy".into()),
            job: "restore-job".into(),
            directory: Some("/aws-backup-restore_2026-11-20T02-15-00-123Z".into()),
        },
        other => panic!("no step's test restores into {other:?}"),
    }
}

pub fn cluster() -> CreatedResource {
    CreatedResource::Cluster {
        cluster: "hubs-db-r1".into(),
        arn: "arn:aws:rds:us-east-1:000000000000:cluster:hubs-db-r1".into(),
        host: "copy.example".into(),
        reader_host: "reader.copy.example".into(),
        port: 5432,
        master_secret: None,
        master_username: Some("postgres".into()),
        resource_id: Some("cluster-COPY".into()),
        iam_authentication: false,
    }
}

pub fn table(name: &str) -> CreatedResource {
    CreatedResource::Table {
        table: name.into(),
        arn: format!("arn:aws:dynamodb:us-east-1:000000000000:table/{name}"),
    }
}

pub fn plan() -> Plan {
    Plan {
        set: Some("hubs-prod-20261119-021500-aaaa".into()),
        at: None,
        at_rest: true,
        made_at: now(),
        resources: vec![planned_resource("database"), planned_resource("rooms")],
        not_covered: Vec::new(),
        remarks: Vec::new(),
        cut_over: CutOverMode::Yes,
        approval: false,
        safety_backup: false,
        dry_run: false,
        on_failure: OnFailure::Undo,
        switches: Vec::new(),
        matching: Matching::default(),
        security_groups: Vec::new(),
        options: Vec::new(),
        naming: Vec::new(),
        expected_seconds: None,
    }
}

/// A catalog as `plan-restore` leaves it.
pub async fn planned_restore() -> (Catalog, Arc<Memory>, Run) {
    planned_restore_of(&descriptor("hubs-prod")).await
}

/// The same for a deployment with this descriptor.
pub async fn planned_restore_of(descriptor: &Descriptor) -> (Catalog, Arc<Memory>, Run) {
    let (catalog, memory) = catalog();
    let run = run();
    catalog.put_descriptor(descriptor).await.unwrap();
    let record = RunRecord::begun(&run, Purpose::Restore);
    catalog.put_run(&record, descriptor).await.unwrap();
    catalog.acquire_lease(&run, |_| async { Ok(true) }).await.unwrap();
    let record = RestoreRecord::planned(&run, plan());
    catalog
        .begin_restore(&record, &[item("database"), item("rooms")])
        .await
        .unwrap();
    (catalog, memory, run)
}
