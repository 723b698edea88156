//! A kind that records its calls; its polls return what a test sets.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{later, made, now};
use crate::domain::catalog_rebuild::TaggedPoint;
use crate::domain::job::{Finished, Progress, Run};
use crate::domain::kinds::Safeguard;
use crate::domain::names;
use crate::domain::probe::Endpoint;
use crate::domain::resource::{RecoveryPoint, Resource, Target, Version};
use crate::domain::restore::dependents::Dependent;
use crate::domain::restore::item::{RestoreItem, RestoreProgress, UndoProgress};
use crate::domain::restore::naming::{Naming, Overrides};
use crate::domain::restore::plan::Destination;
use crate::domain::restore::request::RequestedDestination;
use crate::domain::restore::retained_backups::{ContinuousBackup, RetainedBackups};
use crate::domain::restore::verdict::{Check, Finding};
use crate::domain::set::Sample;
use crate::error::{Error, Result};
use crate::kinds::{
    Backup, BackupQuota, Defaults, Deletion, Dependents, Discovery, Kind, Kinds, Logins, MasterUser, Preflight,
    Recovery, Restore, StartedBackup,
};

pub fn finished() -> Finished {
    Finished {
        captured_at: later(1),
        finished_at: Some(later(50)),
        size_bytes: Some(4096),
        probes: Vec::new(),
    }
}

/// What exists in an account, and what can be restored, by the identifiers of resources.
#[derive(Default)]
pub struct Recoverable {
    pub gone: BTreeSet<&'static str>,
    pub continuous: BTreeMap<&'static str, ContinuousBackup>,
    pub kept: BTreeMap<&'static str, RetainedBackups>,
}

/// What a backup finds in an account.
#[derive(Default)]
pub struct Discoverable {
    /// Names of the resources, of which a pattern matches those that begin with it.
    pub names: BTreeSet<String>,
    pub copies: BTreeSet<String>,
    pub endpoints: BTreeMap<&'static str, Endpoint>,
    pub quota: Option<BackupQuota>,
}

/// A kind that records its calls; its polls return what a test sets.
#[derive(Default)]
pub struct RecordedKind {
    calls: Mutex<Vec<String>>,
    looks: Mutex<VecDeque<Result<Progress>>>,
    looks_at: Script<Progress>,
    /// Names of the resources that were polled.
    looked: Mutex<Vec<String>>,
    deletions: Mutex<BTreeMap<String, Result<Deletion>>>,
    /// The recovery points of all sets that it returns, each once.
    tagged: Mutex<Vec<TaggedPoint>>,
    captures: Mutex<VecDeque<Error>>,
    /// The results of the next tags of a sealed set.
    sealing: Mutex<VecDeque<Result<()>>>,
    /// The results of the next safeguards to be turned on.
    safeguards: Mutex<VecDeque<Result<()>>>,
    /// Names of the existing backups.
    made: Mutex<BTreeSet<String>>,
    /// How many versions it returns, if it is a guard.
    versions: Option<usize>,
    preflight: Script<Preflight>,
    advances: Script<RestoreProgress>,
    undoings: Script<UndoProgress>,
    samples: Script<Option<Sample>>,
    samples_forever: bool,
    recoverable: Mutex<Recoverable>,
    discoverable: Mutex<Discoverable>,
    /// By the identifiers of resources.
    dependents: Mutex<BTreeMap<String, Vec<Dependent>>>,
}

/// Results by resource, each returned once, in their order.
type Script<T> = Mutex<BTreeMap<String, VecDeque<Result<T>>>>;

fn next_of<T>(script: &Script<T>, resource: &str) -> Option<Result<T>> {
    script.lock().unwrap().get_mut(resource)?.pop_front()
}

fn add_to<T>(script: &Script<T>, resource: &str, answer: Result<T>) {
    let mut script = script.lock().unwrap();
    script.entry(resource.into()).or_default().push_back(answer);
}

impl RecordedKind {
    /// A guard that returns this many versions.
    pub fn guarding(versions: usize) -> Self {
        Self {
            versions: Some(versions),
            ..Self::default()
        }
    }

    /// A kind whose samples never end.
    pub fn sampling_forever() -> Self {
        Self {
            samples_forever: true,
            ..Self::default()
        }
    }

    /// Names of the backups that were created and not deleted.
    pub fn made(&self) -> Vec<String> {
        self.made.lock().unwrap().iter().cloned().collect()
    }

    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// What the next poll returns; by default, a job in progress.
    pub fn next(&self, progress: Progress) {
        self.looks.lock().unwrap().push_back(Ok(progress));
    }

    pub fn fail_next(&self, error: Error) {
        self.looks.lock().unwrap().push_back(Err(error));
    }

    /// What the next poll of a resource's backup returns; takes precedence over [`RecordedKind::next`].
    pub fn looking(&self, resource: &str, seen: Result<Progress>) {
        add_to(&self.looks_at, resource, seen);
    }

    /// The resources that were polled since the last call of this, by name.
    pub fn looked(&self) -> Vec<String> {
        let mut looked = std::mem::take(&mut *self.looked.lock().unwrap());
        looked.sort();
        looked
    }

    /// The outcome of deleting the backup of this name; by default, it is gone.
    pub fn deleting(&self, name: &str, deletion: Result<Deletion>) {
        self.deletions.lock().unwrap().insert(name.into(), deletion);
    }

    /// The sealed sets' recovery points that AWS returns to the kind that is called first.
    pub fn showing(&self, tagged: Vec<TaggedPoint>) {
        *self.tagged.lock().unwrap() = tagged;
    }

    /// What exists, and what can be restored.
    pub fn recovering(&self, recoverable: Recoverable) {
        *self.recoverable.lock().unwrap() = recoverable;
    }

    /// What a backup finds.
    pub fn discovering(&self, discoverable: Discoverable) {
        *self.discoverable.lock().unwrap() = discoverable;
    }

    /// What refers to the resource of this identifier.
    pub fn depending(&self, identifier: &str, dependents: Vec<Dependent>) {
        self.dependents.lock().unwrap().insert(identifier.into(), dependents);
    }

    /// The next capture fails with this error.
    pub fn failing_to_capture(&self, error: Error) {
        self.captures.lock().unwrap().push_back(error);
    }

    /// The next tag of a sealed set fails with this error.
    pub fn refuse_next_seal(&self, error: Error) {
        self.sealing.lock().unwrap().push_back(Err(error));
    }

    /// The next safeguard cannot be turned on, because of this error.
    pub fn refuse_next_safeguard(&self, error: Error) {
        self.safeguards.lock().unwrap().push_back(Err(error));
    }

    /// What the next preflight of a resource's restore finds; by default, nothing.
    pub fn set_preflight(&self, resource: &str, preflight: Result<Preflight>) {
        add_to(&self.preflight, resource, preflight);
    }

    /// What the next advance of a resource's restore returns; by default, its copy exists.
    pub fn advancing(&self, resource: &str, advance: Result<RestoreProgress>) {
        add_to(&self.advances, resource, advance);
    }

    /// What the next undo of a resource's restore returns; by default, its copy is gone.
    pub fn undoing(&self, resource: &str, undoing: Result<UndoProgress>) {
        add_to(&self.undoings, resource, undoing);
    }

    /// What the next sample of a resource contains; by default, nothing can be sampled.
    pub fn sampling(&self, resource: &str, sample: Result<Option<Sample>>) {
        add_to(&self.samples, resource, sample);
    }

    fn note(&self, call: String) {
        self.calls.lock().unwrap().push(call);
    }
}

/// The real kinds, for methods that call nothing in AWS.
fn real() -> Kinds {
    Kinds::from_config(&aws_config::SdkConfig::builder().build(), &Defaults::of_tests())
}

/// Every kind is this one.
pub fn kinds(kind: &Arc<RecordedKind>) -> Kinds {
    let kind: Arc<dyn Kind> = kind.clone();
    Kinds::all(&kind)
}

pub fn table_backup(name: &str) -> RecoveryPoint {
    RecoveryPoint::TableBackup {
        arn: format!("arn:aws:dynamodb:us-east-1:000000000000:table/hubs-rooms/backup/{name}"),
        name: name.into(),
        archive: None,
    }
}

#[async_trait]
impl Backup for RecordedKind {
    async fn capture(&self, resource: &Resource) -> Result<Value> {
        self.note(format!("capture {}", resource.name));
        if let Some(error) = self.captures.lock().unwrap().pop_front() {
            return Err(error);
        }
        Ok(json!({"captured": resource.name}))
    }

    async fn back_up(&self, run: &Run, resource: &Resource) -> Result<StartedBackup> {
        self.note(format!("back_up {}", resource.name));
        if let Some(number) = self.versions {
            let version = |number: usize| Version {
                name: format!("/hubs/prod/{number}"),
                version: "1".into(),
            };
            return Ok(StartedBackup {
                recovery_point: RecoveryPoint::Versions {
                    versions: (0..number).map(version).collect(),
                    seen_at: now(),
                },
                started_at: now(),
            });
        }
        let name = names::recovery_point(&run.id, &resource.name);
        self.made.lock().unwrap().insert(name.clone());
        Ok(StartedBackup {
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

    async fn tagged(&self, _: &[Resource]) -> Result<Vec<TaggedPoint>> {
        let asked = self.calls().iter().filter(|call| *call == "tagged").count();
        self.note("tagged".into());
        // It replaces every kind, and returns the recovery points for the first.
        Ok(match asked % Kinds::COUNT {
            0 => self.tagged.lock().unwrap().clone(),
            _ => Vec::new(),
        })
    }

    async fn turn_on(&self, safeguard: Safeguard, target: &Target) -> Result<()> {
        self.note(format!("turn_on {} of {}", safeguard.words(), target.identifier()));
        self.safeguards.lock().unwrap().pop_front().unwrap_or(Ok(()))
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
impl Recovery for RecordedKind {
    async fn exists(&self, target: &Target) -> Result<bool> {
        Ok(!self.recoverable.lock().unwrap().gone.contains(target.identifier()))
    }

    async fn continuous_backup(&self, target: &Target) -> Result<Option<ContinuousBackup>> {
        let recoverable = self.recoverable.lock().unwrap();
        Ok(recoverable.continuous.get(target.identifier()).cloned())
    }

    async fn retained_backups(&self, _: &str, target: &Target, _: Option<Timestamp>) -> Result<RetainedBackups> {
        let recoverable = self.recoverable.lock().unwrap();
        let kept = recoverable.kept.get(target.identifier()).cloned();
        Ok(kept.unwrap_or(RetainedBackups::NotRetained("nobody keeps it")))
    }

    /// As the real kind; for a file system that does not exist, a new one.
    async fn destination(&self, run: &Run, resource: &Resource, naming: &Naming<'_>) -> Result<Destination> {
        let into = match self.exists(&resource.target).await? {
            true => RequestedDestination::Directory,
            false => RequestedDestination::FileSystem,
        };
        let naming = Naming {
            into: naming.into.or(Some(into)),
            ..*naming
        };
        real().of(&resource.target).destination(run, resource, &naming).await
    }

    /// As for clusters.
    fn overridden(&self, configuration: Value, overrides: &Overrides<'_>) -> Value {
        let cluster = Target::Aurora { cluster: String::new() };
        real().of(&cluster).overridden(configuration, overrides)
    }
}

#[async_trait]
impl Restore for RecordedKind {
    async fn preflight(&self, _: &Run, item: &RestoreItem) -> Result<Preflight> {
        let name = &item.planned.resource.name;
        self.note(format!("preflight {name}"));
        next_of(&self.preflight, name).unwrap_or_else(|| Ok(Preflight::default()))
    }

    async fn advance(&self, _: &Run, item: &RestoreItem) -> Result<RestoreProgress> {
        let name = &item.planned.resource.name;
        self.note(format!("advance {name}"));
        next_of(&self.advances, name).unwrap_or_else(|| {
            Ok(RestoreProgress::Restored {
                made: made(&item.planned.destination),
                remarks: Vec::new(),
            })
        })
    }

    async fn undo(&self, _: &Run, item: &RestoreItem) -> Result<UndoProgress> {
        let name = &item.planned.resource.name;
        self.note(format!("undo {name}"));
        next_of(&self.undoings, name).unwrap_or(Ok(UndoProgress::Gone))
    }

    async fn compare(&self, _: &Run, item: &RestoreItem, at_rest: bool) -> Result<Vec<Check>> {
        let name = &item.planned.resource.name;
        let rest = if at_rest { " at rest" } else { "" };
        self.note(format!("compare {name}{rest}"));
        Ok(vec![Check {
            name: format!("{name}: configuration"),
            finding: Finding::Same,
            detail: "as captured".into(),
        }])
    }

    async fn sample(&self, resource: &Resource, _: &Value) -> Result<Option<Sample>> {
        self.note(format!("sample {}", resource.name));
        if self.samples_forever {
            std::future::pending::<()>().await;
        }
        next_of(&self.samples, &resource.name).unwrap_or(Ok(None))
    }
}

#[async_trait]
impl Discovery for RecordedKind {
    async fn matching(&self, pattern: &Target) -> Result<Vec<String>> {
        let names = &self.discoverable.lock().unwrap().names;
        let begins = |name: &&String| name.starts_with(pattern.identifier());
        Ok(names.iter().filter(begins).cloned().collect())
    }

    async fn copies(&self) -> Result<BTreeSet<String>> {
        Ok(self.discoverable.lock().unwrap().copies.clone())
    }

    async fn endpoint(&self, target: &Target) -> Result<Endpoint> {
        let cluster = target.identifier();
        let endpoint = self.discoverable.lock().unwrap().endpoints.get(cluster).cloned();
        endpoint.ok_or_else(|| Error::NotFound(format!("no cluster {cluster}")))
    }

    async fn backup_quota(&self) -> Result<Option<BackupQuota>> {
        Ok(self.discoverable.lock().unwrap().quota)
    }
}

#[async_trait]
impl Dependents for RecordedKind {
    async fn dependents(&self, item: &RestoreItem) -> Result<Vec<Dependent>> {
        let dependents = self.dependents.lock().unwrap();
        let found = dependents.get(item.planned.resource.target.identifier());
        Ok(found.cloned().unwrap_or_default())
    }
}

/// As for clusters.
#[async_trait]
impl Logins for RecordedKind {
    async fn master_user(&self, _: &RestoreItem) -> Result<Option<MasterUser>> {
        Ok(None)
    }

    async fn set_master_password(&self, item: &RestoreItem, _: &str) -> Result<()> {
        self.note(format!("set_master_password {}", item.planned.resource.name));
        Ok(())
    }
}
