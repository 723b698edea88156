//! A run of a deployment, and what `plan-backup` leaves in a catalog.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::memory::Memory;
use crate::catalog::Catalog;
use crate::domain::descriptor::Descriptor;
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::resource::Resource;
use crate::domain::set::{BackupSet, Purpose, RunRecord};

pub const EXECUTION: &str = "arn:aws:states:us-east-1:000000000000:execution:holdfast-backup:20261120-021500-hubs-prod";

pub fn started_at() -> Timestamp {
    "2026-11-20T02:15:00Z".parse().unwrap()
}

/// Ten minutes into the run.
pub fn now() -> Timestamp {
    "2026-11-20T02:25:00Z".parse().unwrap()
}

pub fn catalog() -> (Catalog, Arc<Memory>) {
    let memory = Arc::new(Memory::default());
    (Catalog::on(memory.clone()), memory)
}

/// Some seconds after [`now`].
pub fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

/// A resource of the deployment that [`document`] describes.
pub fn resource(name: &str) -> Resource {
    let resources = descriptor("hubs-prod").resources();
    resources.into_iter().find(|resource| resource.name == name).unwrap()
}

pub fn document(deployment: &str, hooks: &[&str]) -> Value {
    let hooks: Vec<_> = hooks
        .iter()
        .map(|name| json!({"name": name, "kind": "lambda", "function": name}))
        .collect();
    json!({
        "deployment": deployment,
        "resources": {
            "database": {"kind": "aurora", "cluster": "hubs-db"},
            "rooms": {"kind": "dynamodb", "table": "hubs-rooms"},
        },
        "hooks": hooks,
    })
}

pub fn descriptor(deployment: &str) -> Descriptor {
    Descriptor::parse(&document(deployment, &[])).unwrap()
}

pub fn run() -> Run {
    let deployment = "hubs-prod".to_owned();
    let set = names::set_id(&deployment, started_at(), EXECUTION);
    Run {
        deployment,
        id: set,
        execution: EXECUTION.into(),
        started_at: started_at(),
    }
}

pub fn record(run: &Run) -> RunRecord {
    RunRecord::begun(run, Purpose::Backup)
}

pub fn running_set(run: &Run, resources: &[&str]) -> BackupSet {
    BackupSet::begun(run, resources.iter().map(|name| (*name).to_owned()).collect())
}

/// A catalog as `plan-backup` leaves it: descriptor, run, lease and a running set of `database` and `rooms`.
pub async fn planned(hooks: &[&str]) -> (Catalog, Arc<Memory>, Run) {
    let (catalog, memory) = catalog();
    let run = run();
    let descriptor = Descriptor::parse(&document(&run.deployment, hooks)).unwrap();
    catalog.put_descriptor(&descriptor).await.unwrap();
    catalog.put_run(&record(&run), &descriptor).await.unwrap();
    catalog.acquire_lease(&run, |_| async { Ok(true) }).await.unwrap();
    catalog
        .begin_set(&running_set(&run, &["database", "rooms"]))
        .await
        .unwrap();
    (catalog, memory, run)
}
