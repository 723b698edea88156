//! What the steps' tests share: a catalog in memory, hooks and kinds that record what they are asked for.

#![allow(clippy::unwrap_used)]
// What a step's tests do not use yet, another step's will.
#![allow(dead_code)]

pub mod conformance;
pub mod memory;
pub mod replay;
pub mod restored;
pub mod restores;
pub mod samples;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::domain::descriptor::{Descriptor, Hook};
use crate::domain::job::{Finished, Progress, Run};
use crate::domain::message::Message;
use crate::domain::names;
use crate::domain::rebuilding::Tagged;
use crate::domain::resource::{RecoveryPoint, Resource, Target, Version};
use crate::domain::restore::item::{Advance, Item, Made, Undoing};
use crate::domain::restore::kept::{Continuous, Kept};
use crate::domain::restore::naming::{Naming, Overrides};
use crate::domain::restore::plan::Beside;
use crate::domain::restore::request::Destination;
use crate::domain::restore::verdict::{Check, Finding};
use crate::domain::set::{BackupSet, RunRecord, Sample, SetStatus};
use crate::error::{Error, Fault, Result};
use crate::hooks::HookDriver;
use crate::kinds::{Backup, Defaults, Deletion, Kind, Kinds, Preflight, Recovery, Restore, Started};
use crate::runs::executions::Executions;
use crate::runs::notifying::Topic;
use crate::testing::memory::Memory;

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

pub fn finished() -> Finished {
    Finished {
        captured_at: later(1),
        finished_at: Some(later(50)),
        size_bytes: Some(4096),
    }
}

/// What is there in an account, and what can be restored from, by the identifiers of resources.
#[derive(Default)]
pub struct Recoverable {
    pub gone: BTreeSet<&'static str>,
    pub continuous: BTreeMap<&'static str, Continuous>,
    pub kept: BTreeMap<&'static str, Kept>,
}

/// A kind that notes what it is asked for; its looks answer what a test puts there.
#[derive(Default)]
pub struct Backups {
    calls: Mutex<Vec<String>>,
    looks: Mutex<VecDeque<Result<Progress>>>,
    looks_at: Script<Progress>,
    /// Names of the resources that were looked at.
    looked: Mutex<Vec<String>>,
    deletions: Mutex<BTreeMap<String, Result<Deletion>>>,
    /// What it shows of all sets, each once.
    tagged: Mutex<Vec<Tagged>>,
    captures: Mutex<VecDeque<Error>>,
    /// What comes of the next tags of a sealed set.
    sealing: Mutex<VecDeque<Result<()>>>,
    /// Names of the backups that are there.
    made: Mutex<BTreeSet<String>>,
    /// What it sees, where it is a guard.
    versions: Option<usize>,
    preflight: Script<Preflight>,
    advances: Script<Advance>,
    undoings: Script<Undoing>,
    checks: Script<Vec<Check>>,
    samples: Script<Option<Sample>>,
    samples_forever: bool,
    recoverable: Mutex<Recoverable>,
    /// Names of the resources whose copies are there.
    copies: Mutex<BTreeSet<String>>,
}

/// Answers by resource, each given once, in their order.
type Script<T> = Mutex<BTreeMap<String, VecDeque<Result<T>>>>;

fn next_of<T>(script: &Script<T>, resource: &str) -> Option<Result<T>> {
    script.lock().unwrap().get_mut(resource)?.pop_front()
}

fn add_to<T>(script: &Script<T>, resource: &str, answer: Result<T>) {
    let mut script = script.lock().unwrap();
    script.entry(resource.into()).or_default().push_back(answer);
}

impl Backups {
    /// A guard that sees so many versions.
    pub fn guarding(versions: usize) -> Self {
        Self {
            versions: Some(versions),
            ..Self::default()
        }
    }

    /// One whose samples never end.
    pub fn sampling_forever() -> Self {
        Self {
            samples_forever: true,
            ..Self::default()
        }
    }

    /// Names of the backups that were made and not deleted.
    pub fn made(&self) -> Vec<String> {
        self.made.lock().unwrap().iter().cloned().collect()
    }

    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// What the next look sees; without any, a job in progress.
    pub fn next(&self, progress: Progress) {
        self.looks.lock().unwrap().push_back(Ok(progress));
    }

    pub fn fail_next(&self, error: Error) {
        self.looks.lock().unwrap().push_back(Err(error));
    }

    /// What the next look at a resource's backup comes to; before what [`Backups::next`] puts there for all.
    pub fn looking(&self, resource: &str, seen: Result<Progress>) {
        add_to(&self.looks_at, resource, seen);
    }

    /// The resources that were looked at since this was last asked, by name.
    pub fn looked(&self) -> Vec<String> {
        let mut looked = std::mem::take(&mut *self.looked.lock().unwrap());
        looked.sort();
        looked
    }

    /// What becomes of the deletion of the backup of this name; without any, it is gone.
    pub fn deleting(&self, name: &str, deletion: Result<Deletion>) {
        self.deletions.lock().unwrap().insert(name.into(), deletion);
    }

    /// What AWS shows of sealed sets to the kind that is asked first.
    pub fn showing(&self, tagged: Vec<Tagged>) {
        *self.tagged.lock().unwrap() = tagged;
    }

    /// What is there, and what can be restored from.
    pub fn recovering(&self, recoverable: Recoverable) {
        *self.recoverable.lock().unwrap() = recoverable;
    }

    /// The next capture fails so.
    pub fn failing_to_capture(&self, error: Error) {
        self.captures.lock().unwrap().push_back(error);
    }

    /// The next tag of a sealed set is refused so.
    pub fn refuse_next_seal(&self, error: Error) {
        self.sealing.lock().unwrap().push_back(Err(error));
    }

    /// What the next look ahead of a resource's restore finds; without any, nothing.
    pub fn set_preflight(&self, resource: &str, preflight: Result<Preflight>) {
        add_to(&self.preflight, resource, preflight);
    }

    /// What the next advance of a resource's restore comes to; without any, its copy is there.
    pub fn advancing(&self, resource: &str, advance: Result<Advance>) {
        add_to(&self.advances, resource, advance);
    }

    /// What the next undoing of a resource's restore comes to; without any, its copy is gone.
    pub fn undoing(&self, resource: &str, undoing: Result<Undoing>) {
        add_to(&self.undoings, resource, undoing);
    }

    /// What the next comparison of a resource's copy finds; without any, the configuration is the same.
    pub fn comparing(&self, resource: &str, checks: Result<Vec<Check>>) {
        add_to(&self.checks, resource, checks);
    }

    /// What the next sampling of a resource finds; without any, nothing can be sampled.
    pub fn sampling(&self, resource: &str, sample: Result<Option<Sample>>) {
        add_to(&self.samples, resource, sample);
    }

    /// Names of the resources whose copies were made and not undone.
    pub fn copies(&self) -> Vec<String> {
        self.copies.lock().unwrap().iter().cloned().collect()
    }

    fn note(&self, call: String) {
        self.calls.lock().unwrap().push(call);
    }
}

/// The kinds themselves, for what asks AWS nothing.
fn real() -> Kinds {
    let defaults = Defaults {
        vault: "vault".into(),
        role: "role".into(),
    };
    Kinds::from_config(&aws_config::SdkConfig::builder().build(), defaults)
}

/// Every kind is this one.
pub fn kinds(kind: &Arc<Backups>) -> Kinds {
    let kind: Arc<dyn Kind> = kind.clone();
    Kinds::all(&kind)
}

pub fn table_backup(name: &str) -> RecoveryPoint {
    RecoveryPoint::TableBackup {
        arn: format!("arn:aws:dynamodb:us-east-1:000000000000:table/hubs-rooms/backup/{name}"),
        name: name.into(),
    }
}

#[async_trait]
impl Backup for Backups {
    async fn capture(&self, resource: &Resource) -> Result<Value> {
        self.note(format!("capture {}", resource.name));
        if let Some(error) = self.captures.lock().unwrap().pop_front() {
            return Err(error);
        }
        Ok(json!({"captured": resource.name}))
    }

    async fn back_up(&self, run: &Run, resource: &Resource) -> Result<Started> {
        self.note(format!("back_up {}", resource.name));
        if let Some(number) = self.versions {
            let version = |number: usize| Version {
                name: format!("/hubs/prod/{number}"),
                version: "1".into(),
            };
            return Ok(Started {
                recovery_point: RecoveryPoint::Versions {
                    versions: (0..number).map(version).collect(),
                    seen_at: now(),
                },
                started_at: now(),
            });
        }
        let name = names::recovery_point(&run.id, &resource.name);
        self.made.lock().unwrap().insert(name.clone());
        Ok(Started {
            recovery_point: table_backup(&name),
            started_at: now(),
        })
    }

    async fn find(&self, run: &Run, resource: &Resource) -> Result<Option<RecoveryPoint>> {
        self.note(format!("find {} {}", run.id, resource.name));
        let name = names::recovery_point(&run.id, &resource.name);
        let made = self.made.lock().unwrap().contains(&name);
        Ok(made.then(|| table_backup(&name)))
    }

    async fn poll(&self, resource: &Resource, _: &RecoveryPoint) -> Result<Progress> {
        self.looked.lock().unwrap().push(resource.name.clone());
        if let Some(seen) = next_of(&self.looks_at, &resource.name) {
            return seen;
        }
        let next = self.looks.lock().unwrap().pop_front();
        next.unwrap_or(Ok(Progress::InProgress { percent: None }))
    }

    async fn back_up_again(&self, _: &Run, resource: &Resource, _: &RecoveryPoint) -> Result<RecoveryPoint> {
        self.note(format!("back_up_again {}", resource.name));
        Ok(table_backup("again"))
    }

    async fn abandon(&self, _: &RecoveryPoint) -> Result<()> {
        self.note("abandon".into());
        Ok(())
    }

    async fn tagged(&self, _: &[Resource]) -> Result<Vec<Tagged>> {
        let asked = self.calls().iter().filter(|call| *call == "tagged").count();
        self.note("tagged".into());
        // It stands in the place of every kind, and shows what there is in the first.
        Ok(match asked % Kinds::COUNT {
            0 => self.tagged.lock().unwrap().clone(),
            _ => Vec::new(),
        })
    }

    async fn mark_sealed(&self, point: &RecoveryPoint, points: usize) -> Result<()> {
        let RecoveryPoint::TableBackup { name, .. } = point else {
            panic!("not made here: {point:?}")
        };
        self.note(format!("mark_sealed {name} {points}"));
        self.sealing.lock().unwrap().pop_front().unwrap_or(Ok(()))
    }

    async fn delete(&self, run: &Run, point: &RecoveryPoint) -> Result<Deletion> {
        let RecoveryPoint::TableBackup { name, .. } = point else {
            panic!("not made here: {point:?}")
        };
        self.note(format!("delete {} {name}", run.id));
        let deletion = self.deletions.lock().unwrap().get(name).cloned();
        let deletion = deletion.unwrap_or(Ok(Deletion::Gone));
        if matches!(deletion, Ok(Deletion::Gone)) {
            self.made.lock().unwrap().remove(name);
        }
        deletion
    }
}

#[async_trait]
impl Recovery for Backups {
    async fn exists(&self, target: &Target) -> Result<bool> {
        Ok(!self.recoverable.lock().unwrap().gone.contains(target.identifier()))
    }

    async fn continuous(&self, target: &Target) -> Result<Option<Continuous>> {
        let recoverable = self.recoverable.lock().unwrap();
        Ok(recoverable.continuous.get(target.identifier()).cloned())
    }

    async fn kept(&self, _: &str, target: &Target, _: Option<Timestamp>) -> Result<Kept> {
        let recoverable = self.recoverable.lock().unwrap();
        let kept = recoverable.kept.get(target.identifier()).cloned();
        Ok(kept.unwrap_or(Kept::Nothing("nobody keeps it")))
    }

    /// As each kind has it; of a file system that is gone, a new one.
    async fn destination(&self, run: &Run, resource: &Resource, naming: &Naming<'_>) -> Result<Beside> {
        let into = match self.exists(&resource.target).await? {
            true => Destination::Directory,
            false => Destination::FileSystem,
        };
        let naming = Naming {
            into: naming.into.or(Some(into)),
            ..*naming
        };
        real().of(&resource.target).destination(run, resource, &naming).await
    }

    /// As clusters have it.
    fn overridden(&self, configuration: Value, overrides: &Overrides<'_>) -> Value {
        let cluster = Target::Aurora { cluster: String::new() };
        real().of(&cluster).overridden(configuration, overrides)
    }
}

#[async_trait]
impl Restore for Backups {
    async fn preflight(&self, _: &Run, item: &Item) -> Result<Preflight> {
        let name = &item.planned.resource.name;
        self.note(format!("preflight {name}"));
        next_of(&self.preflight, name).unwrap_or_else(|| Ok(Preflight::default()))
    }

    async fn advance(&self, _: &Run, item: &Item) -> Result<Advance> {
        let name = &item.planned.resource.name;
        self.note(format!("advance {name}"));
        let advance = next_of(&self.advances, name).unwrap_or_else(|| {
            Ok(Advance::Restored {
                made: made(&item.planned.beside),
                remarks: Vec::new(),
            })
        });
        if advance.is_ok() {
            self.copies.lock().unwrap().insert(name.clone());
        }
        advance
    }

    async fn undo(&self, _: &Run, item: &Item) -> Result<Undoing> {
        let name = &item.planned.resource.name;
        self.note(format!("undo {name}"));
        let undoing = next_of(&self.undoings, name).unwrap_or(Ok(Undoing::Gone));
        if matches!(undoing, Ok(Undoing::Gone)) {
            self.copies.lock().unwrap().remove(name);
        }
        undoing
    }

    async fn compare(&self, _: &Run, item: &Item, at_rest: bool) -> Result<Vec<Check>> {
        let name = &item.planned.resource.name;
        let rest = if at_rest { " at rest" } else { "" };
        self.note(format!("compare {name}{rest}"));
        next_of(&self.checks, name).unwrap_or_else(|| {
            Ok(vec![Check {
                name: format!("{name}: configuration"),
                finding: Finding::Same,
                detail: "as captured".into(),
            }])
        })
    }

    async fn sample(&self, resource: &Resource, _: &Value) -> Result<Option<Sample>> {
        self.note(format!("sample {}", resource.name));
        if self.samples_forever {
            std::future::pending::<()>().await;
        }
        next_of(&self.samples, &resource.name).unwrap_or(Ok(None))
    }
}

/// What a restore into `beside` makes.
pub fn made(beside: &Beside) -> Made {
    match beside {
        Beside::Cluster { cluster } => Made::Cluster {
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
        Beside::Table { table } => Made::Table {
            table: table.clone(),
            arn: format!("arn:aws:dynamodb:us-east-1:000000000000:table/{table}"),
        },
        Beside::Directory { file_system } => Made::Directory {
            file_system: file_system.clone(),
            job: "restore-job".into(),
            directory: Some("/aws-backup-restore_2026-11-20T02-15-00-123Z".into()),
        },
        Beside::FileSystem { .. } => Made::FileSystem {
            file_system: Some("fs-0copy".into()),
            job: "restore-job".into(),
            directory: Some("/aws-backup-restore_2026-11-20T02-15-00-123Z".into()),
        },
        Beside::Nothing => Made::Nothing,
    }
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
    RunRecord {
        id: run.id.clone(),
        purpose: crate::domain::set::Purpose::Backup,
        deployment: run.deployment.clone(),
        execution: run.execution.clone(),
        started_at: run.started_at,
        ended_at: None,
        quiesced_at: None,
        hooks_begun: None,
        resumed_at: None,
        notified_at: None,
        warnings: Vec::new(),
    }
}

pub fn running_set(run: &Run, resources: &[&str]) -> BackupSet {
    BackupSet {
        id: run.id.clone(),
        deployment: run.deployment.clone(),
        status: SetStatus::Running,
        execution: run.execution.clone(),
        started_at: run.started_at,
        ended_at: None,
        resources: resources.iter().map(|name| (*name).to_owned()).collect(),
        captured_from: None,
        captured_to: None,
        skew_seconds: None,
        quiesced_seconds: None,
        probes: Vec::new(),
        reasons: Vec::new(),
    }
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

/// Hooks that note what they are asked for, and of which one fails a number of times.
pub struct Recorded {
    calls: Mutex<Vec<String>>,
    /// What fails, by hook or by action and hook, and how often it still does.
    failing: Mutex<(String, usize)>,
    /// The hook whose function does not exist.
    missing: Mutex<Option<String>>,
}

impl Recorded {
    /// Hooks of which one has no function.
    pub fn missing(hook: &str) -> Arc<Self> {
        let hooks = Self::all_well();
        *hooks.missing.lock().unwrap() = Some(hook.to_owned());
        hooks
    }

    pub fn all_well() -> Arc<Self> {
        Self::failing("", 0)
    }

    pub fn failing(hook: &str, times: usize) -> Arc<Self> {
        Arc::new(Self {
            calls: Mutex::default(),
            failing: Mutex::new((hook.into(), times)),
            missing: Mutex::default(),
        })
    }

    /// As [`Recorded::failing`], for one action alone.
    pub fn failing_to(action: &str, hook: &str, times: usize) -> Arc<Self> {
        Self::failing(&format!("{action} {hook}"), times)
    }

    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

impl Recorded {
    fn record(&self, action: &str, hook: &Hook) -> Result<()> {
        let call = format!("{action} {}", hook.name);
        self.calls.lock().unwrap().push(call.clone());
        if self.missing.lock().unwrap().as_deref() == Some(hook.name.as_str()) {
            return Err(Error::NotFound(format!(
                "calling function {}: there is none",
                hook.name
            )));
        }
        let mut failing = self.failing.lock().unwrap();
        if (failing.0 == hook.name || failing.0 == call) && failing.1 > 0 {
            failing.1 -= 1;
            return Err(Error::JobFailed(format!("hook {} said no", hook.name)));
        }
        Ok(())
    }
}

#[async_trait]
impl HookDriver for Recorded {
    async fn quiesce(&self, hook: &Hook, _: &Run) -> Result<()> {
        self.record("quiesce", hook)
    }

    async fn resume(&self, hook: &Hook, _: &Run) -> Result<()> {
        self.record("resume", hook)
    }

    async fn check(&self, hook: &Hook) -> Result<Option<Fault>> {
        let missing = self.missing.lock().unwrap().as_deref() == Some(hook.name.as_str());
        Ok(missing.then(|| Fault {
            path: format!("hooks.{}.function", hook.name),
            value: "a function, which does not exist,".to_owned(),
            allowed: "a function".to_owned(),
        }))
    }
}

/// Executions of which some run.
#[derive(Default)]
pub struct Executing {
    running: Mutex<BTreeSet<String>>,
}

impl Executing {
    pub fn begin(&self, execution: &str) {
        self.running.lock().unwrap().insert(execution.to_owned());
    }
}

#[async_trait]
impl Executions for Executing {
    async fn is_running(&self, execution: &str) -> Result<bool> {
        Ok(self.running.lock().unwrap().contains(execution))
    }
}

/// Executions that all run, until they end.
#[derive(Default)]
pub struct Running {
    ended: Mutex<bool>,
}

impl Running {
    pub fn end(&self) {
        *self.ended.lock().unwrap() = true;
    }
}

#[async_trait]
impl Executions for Running {
    async fn is_running(&self, _: &str) -> Result<bool> {
        Ok(!*self.ended.lock().unwrap())
    }
}

/// Keeps what on-call is told; one topic may refuse.
#[derive(Default)]
pub struct Inbox {
    messages: Mutex<Vec<(String, Message)>>,
    refusing: Option<(String, Error)>,
}

impl Inbox {
    pub fn open() -> Arc<Self> {
        Arc::default()
    }

    pub fn refusing(topic: &str, error: Error) -> Arc<Self> {
        Arc::new(Self {
            messages: Mutex::default(),
            refusing: Some((topic.into(), error)),
        })
    }

    pub fn messages(&self) -> Vec<(String, Message)> {
        self.messages.lock().unwrap().clone()
    }
}

#[async_trait]
impl Topic for Inbox {
    async fn publish(&self, topic: &str, message: &Message) -> Result<()> {
        if let Some((refused, error)) = &self.refusing
            && refused == topic
        {
            return Err(error.clone());
        }
        self.messages.lock().unwrap().push((topic.into(), message.clone()));
        Ok(())
    }
}
