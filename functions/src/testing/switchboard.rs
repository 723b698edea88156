//! What the tests of cut-overs share: a restore of two resources, and switches that return what a test sets.

#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::domain::descriptor::{Descriptor, Switch};
use crate::domain::job::Run;
use crate::domain::reference::Reference;
use crate::domain::resource::Target;
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::switch_progress::{SwitchProgress, SwitchRecord, SwitchState};
use crate::error::{Error, Fault, Result};
use crate::runs::needs::SwitchNeeds;
use crate::switches::{SwitchDriver, Switches};
use crate::testing::memory::Memory;
use crate::testing::{Running, document, now, planned, run};

type Meanwhile = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Switches of every kind: they record their calls, and are done by default.
#[derive(Default)]
pub struct Switchboard {
    calls: Mutex<Vec<String>>,
    leads: Mutex<VecDeque<(String, Reference)>>,
    unready: Mutex<VecDeque<(String, Error)>>,
    applies: Mutex<VecDeque<(String, SwitchProgress)>>,
    reverts: Mutex<VecDeque<(String, SwitchProgress)>>,
    failures: Mutex<VecDeque<(String, Error)>>,
    meanwhile: Mutex<Option<(String, Meanwhile)>>,
}

impl Switchboard {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// What a switch refers to at the next call.
    pub fn leading(&self, switch: &str, reference: Reference) {
        self.leads.lock().unwrap().push_back((switch.into(), reference));
    }

    /// Why a switch is not ready, at the next call.
    pub fn not_ready(&self, switch: &str, why: Error) {
        self.unready.lock().unwrap().push_back((switch.into(), why));
    }

    /// What the next apply of a switch returns.
    pub fn applying(&self, switch: &str, switching: SwitchProgress) {
        self.applies.lock().unwrap().push_back((switch.into(), switching));
    }

    /// What the next revert of a switch returns.
    pub fn reverting(&self, switch: &str, switching: SwitchProgress) {
        self.reverts.lock().unwrap().push_back((switch.into(), switching));
    }

    /// How the next apply or revert of a switch fails.
    pub fn failing(&self, switch: &str, error: Error) {
        self.failures.lock().unwrap().push_back((switch.into(), error));
    }

    /// What happens elsewhere while a switch is applied.
    pub fn meanwhile(&self, switch: &str, happens: Meanwhile) {
        *self.meanwhile.lock().unwrap() = Some((switch.into(), happens));
    }

    fn note(&self, call: String) {
        self.calls.lock().unwrap().push(call);
    }

    fn fail(&self, switch: &str) -> Result<()> {
        let failure = next(&self.failures, switch);
        failure.map_or(Ok(()), Err)
    }
}

fn next<T>(queue: &Mutex<VecDeque<(String, T)>>, switch: &str) -> Option<T> {
    let mut queue = queue.lock().unwrap();
    let at = queue.iter().position(|(name, _)| name == switch)?;
    queue.remove(at).map(|(_, next)| next)
}

#[async_trait]
impl SwitchDriver for Switchboard {
    async fn preflight(&self, _: &Run, _: &Switch, _: &RestoreItem) -> Result<Vec<Fault>> {
        Ok(Vec::new())
    }

    async fn reference(&self, switch: &Switch, _: &Target) -> Result<Reference> {
        Ok(next(&self.leads, &switch.name).unwrap_or(Reference::Matches))
    }

    async fn ready(&self, _: &Run, switch: &Switch, _: &RestoreItem) -> Result<()> {
        next(&self.unready, &switch.name).map_or(Ok(()), Err)
    }

    async fn observe(&self, _: &Run, switch: &Switch, _: &RestoreItem) -> Result<Value> {
        self.note(format!("observe {}", switch.name));
        Ok(json!(format!("before {}", switch.name)))
    }

    async fn apply(
        &self,
        _: &Run,
        switch: &Switch,
        _: &RestoreItem,
        before: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress> {
        self.note(format!("apply {} {noted}", switch.name));
        assert_eq!(*before, json!(format!("before {}", switch.name)));
        self.fail(&switch.name)?;
        let happens = match &*self.meanwhile.lock().unwrap() {
            Some((name, happens)) if *name == switch.name => Some(happens()),
            _ => None,
        };
        if let Some(happens) = happens {
            happens.await;
        }
        let done = SwitchProgress::Done(json!(format!("after {}", switch.name)));
        Ok(next(&self.applies, &switch.name).unwrap_or(done))
    }

    async fn revert(
        &self,
        _: &Run,
        switch: &Switch,
        _: &RestoreItem,
        before: &Value,
        after: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress> {
        let noted = match noted {
            Value::Null => String::new(),
            noted => format!(" {noted}"),
        };
        self.note(format!("revert {} {after}{noted}", switch.name));
        assert_eq!(*before, json!(format!("before {}", switch.name)));
        self.fail(&switch.name)?;
        Ok(next(&self.reverts, &switch.name).unwrap_or(SwitchProgress::Done(before.clone())))
    }
}

/// `one` of the cluster, then `two` of the table.
fn switches() -> [Switch; 2] {
    [("one", "database", "host"), ("two", "rooms", "table")].map(|(name, resource, fact)| {
        serde_json::from_value(json!({
            "name": name, "resource": resource, "kind": "parameter", "parameter": format!("/hubs/{name}"), "value": fact,
        }))
        .unwrap()
    })
}

/// Both switches, in these states.
pub fn switched(states: [SwitchState; 2]) -> Vec<SwitchRecord> {
    let of = |(switch, state): (Switch, SwitchState)| SwitchRecord {
        before: json!(format!("before {}", switch.name)),
        after: json!(format!("after {}", switch.name)),
        returning: Value::Null,
        at: Some(now()),
        switch,
        state,
    };
    switches().into_iter().zip(states).map(of).collect()
}

/// A restore whose copies were verified.
pub fn verified() -> RestoreRecord {
    let run = run();
    serde_json::from_value(json!({
        "id": run.id, "deployment": run.deployment, "execution": run.execution, "started_at": run.started_at,
        "status": "restored",
        "plan": {
            "at_rest": true, "made_at": now(), "resources": [], "cut_over": "yes", "approval": false,
            "safety_backup": false, "dry_run": false, "on_failure": "undo",
        },
        "verification": {"outcome": "verified", "checks": [], "at": now()},
    }))
    .unwrap()
}

fn item(name: &str, target: Value, beside: Value, made: Value) -> RestoreItem {
    let mut resource = json!({"name": name, "deadline_seconds": 3600});
    resource
        .as_object_mut()
        .unwrap()
        .extend(target.as_object().unwrap().clone());
    serde_json::from_value(json!({
        "restore": run().id, "status": "restored", "made": made,
        "planned": {"resource": resource, "beside": beside, "source": {"from": "table_backup", "arn": "arn"}},
    }))
    .unwrap()
}

/// A catalog with this restore, its run and its items, and switches on this board.
pub async fn needs(board: &Arc<Switchboard>, record: RestoreRecord) -> (SwitchNeeds, Run) {
    let (needs, run, _) = needs_on_memory(board, record).await;
    (needs, run)
}

pub async fn needs_on_memory(board: &Arc<Switchboard>, record: RestoreRecord) -> (SwitchNeeds, Run, Arc<Memory>) {
    let (catalog, memory, run) = planned(&[]).await;
    catalog.delete_run(&run.deployment, &run.id).await.unwrap();
    let mut descriptor = Descriptor::parse(&document(&run.deployment, &[])).unwrap();
    descriptor.cut_over = switches().into();
    catalog
        .put_run(&crate::testing::record(&run), &descriptor)
        .await
        .unwrap();
    let items = [
        item(
            "database",
            json!({"kind": "aurora", "cluster": "hubs-db"}),
            json!({"into": "cluster", "cluster": "hubs-db-r1"}),
            json!({"made": "cluster", "cluster": "hubs-db-r1", "arn": "arn", "host": "h", "reader_host": "r", "port": 1}),
        ),
        item(
            "rooms",
            json!({"kind": "dynamodb", "table": "hubs-rooms"}),
            json!({"into": "table", "table": "hubs-rooms-r1"}),
            json!({"made": "table", "table": "hubs-rooms-r1", "arn": "arn"}),
        ),
    ];
    catalog.begin_restore(&record, &items).await.unwrap();
    let switches = Switches::all(board.clone());
    let executions = Arc::new(Running::default());
    let needs = SwitchNeeds {
        catalog,
        switches,
        executions,
    };
    (needs, run, memory)
}

pub async fn record(catalog: &Catalog, run: &Run) -> RestoreRecord {
    catalog.known_restore(&run.deployment, &run.id).await.unwrap()
}
