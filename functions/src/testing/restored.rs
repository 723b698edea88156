//! A restore in the catalog, in the state that a test sets, and state machines that record what is started.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::domain::descriptor::Descriptor;
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::{RestoreRecord, RestoreStatus};
use crate::domain::set::{Purpose, RunRecord};
use crate::error::{Error, Result};
use crate::runs::state_machines::Machines;
use crate::testing::memory::Memory;
use crate::testing::{catalog, document, started_at};

pub const EXECUTION: &str = "arn:aws:states:us-east-1:000000000000:execution:holdfast-restore:at-night";
pub const UNDO_RESTORE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-undo-restore";
pub const UNDO_CUT_OVER: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-undo-cut-over";

/// The run of that execution.
pub fn run() -> Run {
    run_by(EXECUTION)
}

pub fn run_by(execution: &str) -> Run {
    let deployment = "hubs-prod".to_owned();
    Run {
        id: names::set_id(&deployment, started_at(), execution),
        deployment,
        execution: execution.into(),
        started_at: started_at(),
    }
}

/// The record of a restore of `database` and `login`; `plan` changes the plan.
pub fn record(run: &Run, status: RestoreStatus, plan: &Value) -> RestoreRecord {
    let mut planned = json!({
        "set": "hubs-prod-20261119-021500-ab12", "at_rest": true, "made_at": run.started_at,
        "resources": [planned("database"), planned("login")], "cut_over": "yes", "approval": false, "safety_backup": false,
        "dry_run": false, "on_failure": "undo",
    });
    planned
        .as_object_mut()
        .unwrap()
        .extend(plan.as_object().unwrap().clone());
    let mut record = RestoreRecord::planned(run, serde_json::from_value(planned).unwrap());
    record.status = status;
    record
}

fn planned(name: &str) -> Value {
    match name {
        "database" => json!({
            "resource": {"name": "database", "kind": "aurora", "cluster": "hubs-db", "deadline_seconds": 60},
            "source": {"from": "cluster_snapshot", "id": "hf-hubs-1", "arn": "arn"},
            "beside": {"into": "cluster", "cluster": "hubs-db-copy"},
        }),
        _ => json!({
            "resource": {"name": "login", "kind": "secret", "secret": "hubs/login", "deadline_seconds": 60},
            "source": {"from": "versions", "versions": []}, "beside": {"into": "nothing"},
        }),
    }
}

/// Its items; the cluster's has this status.
pub fn items(run: &Run, status: &str) -> Vec<RestoreItem> {
    let item = |name: &str, status: &str| {
        serde_json::from_value(json!({"restore": run.id, "planned": planned(name), "status": status})).unwrap()
    };
    vec![item("database", status), item("login", "planned")]
}

/// A catalog with this restore, its run, its items and its lease.
pub async fn restoring(record: &RestoreRecord, items: &[RestoreItem], hooks: &[&str]) -> (Catalog, Arc<Memory>, Run) {
    let (catalog, memory) = catalog();
    let run = Run {
        deployment: record.deployment.clone(),
        id: record.id.clone(),
        execution: record.execution.clone(),
        started_at: record.started_at,
    };
    let descriptor = Descriptor::parse(&document(&run.deployment, hooks)).unwrap();
    catalog.put_descriptor(&descriptor).await.unwrap();
    let of_run = RunRecord::begun(&run, Purpose::Restore);
    catalog.put_run(&of_run, &descriptor).await.unwrap();
    catalog.acquire_lease(&run, |_| async { Ok(true) }).await.unwrap();
    catalog.begin_restore(record, items).await.unwrap();
    (catalog, memory, run)
}

/// State machines that record what is started; the first starts may be refused.
pub struct RecordedMachines {
    started: Mutex<Vec<(String, String, Value)>>,
    refusing: Mutex<usize>,
}

impl RecordedMachines {
    pub fn all_well() -> Arc<Self> {
        Self::refusing(0)
    }

    pub fn refusing(times: usize) -> Arc<Self> {
        Arc::new(Self {
            started: Mutex::default(),
            refusing: Mutex::new(times),
        })
    }

    /// Machine, name and input of each execution.
    pub fn executions(&self) -> Vec<(String, String, Value)> {
        self.started.lock().unwrap().clone()
    }
}

#[async_trait]
impl Machines for RecordedMachines {
    async fn start(&self, machine: &str, name: &str, input: &Value) -> Result<()> {
        let mut refusing = self.refusing.lock().unwrap();
        if *refusing > 0 {
            *refusing -= 1;
            return Err(Error::Throttled(format!(
                "starting the state machine {machine}: slow down"
            )));
        }
        let execution = (machine.to_owned(), name.to_owned(), input.clone());
        let mut started = self.started.lock().unwrap();
        if !started.contains(&execution) {
            started.push(execution);
        }
        Ok(())
    }
}
