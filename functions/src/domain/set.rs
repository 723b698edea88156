//! A backup set and its related records, as the catalog keeps them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::hooks::{HookPhase, HookRecord};
use super::job::{Failure, Run};
pub use super::probe::ProbeResult;
use super::resource::{RecoveryPoint, Resource};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetStatus {
    /// Its run has not ended.
    Running,
    /// Every recovery point was described as finished and restorable.
    Sealed,
    /// Kept for the reasons of its failure; never offered for restore.
    Failed,
    /// Its recovery points are being deleted; never offered for restore.
    Expiring,
}

/// The recovery points of all of a deployment's resources from one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupSet {
    pub id: String,
    pub deployment: String,
    pub status: SetStatus,
    /// ARN of the execution that created it.
    pub execution: String,
    pub started_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Names of the resources that were planned.
    #[serde(default)]
    pub resources: Vec<String>,
    /// Earliest and latest capture time of its points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_from: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_to: Option<Timestamp>,
    /// Seconds between the two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew_seconds: Option<f64>,
    /// Seconds for which the application was quiesced; `None` without hooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiesced_seconds: Option<f64>,
    /// Whether that was until the last backup that reads the application had ended; `None` without hooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiesced_throughout: Option<bool>,
    #[serde(default)]
    pub probes: Vec<ProbeResult>,
    /// Why it failed, one entry for each resource or step.
    #[serde(default)]
    pub reasons: Vec<Reason>,
}

impl BackupSet {
    /// A set that a run starts, with the resources of these names.
    pub fn begun(run: &Run, resources: Vec<String>) -> Self {
        Self {
            id: run.id.clone(),
            deployment: run.deployment.clone(),
            status: SetStatus::Running,
            execution: run.execution.clone(),
            started_at: run.started_at,
            ended_at: None,
            resources,
            captured_from: None,
            captured_to: None,
            skew_seconds: None,
            quiesced_seconds: None,
            quiesced_throughout: None,
            probes: Vec::new(),
            reasons: Vec::new(),
        }
    }
}

/// Why a set failed: which resource (or step), and what happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// A resource's name, or the name of the machine's state.
    pub subject: String,
    /// The error's stable name.
    pub error: String,
    pub message: String,
}

impl Reason {
    /// Whether another reason says the same, possibly about another subject: the error of a switch is also that of its state.
    pub fn is_repeated_in(&self, others: &[Reason]) -> bool {
        others
            .iter()
            .any(|other| other.error == self.error && other.message == self.message)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointStatus {
    InProgress,
    Available,
    Failed,
}

/// One recovery point of a set, with all that a restore needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    pub set: String,
    pub resource: Resource,
    pub status: PointStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_point: Option<RecoveryPoint>,
    /// The configuration that no restore includes, as AWS described it.
    #[serde(default)]
    pub configuration: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// When `poll-status` last polled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<Timestamp>,
    /// The sample of its data, to compare a restore with; `None` if none could be taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    /// The counts of the resource's probes, if they are part of the backup.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<ProbeResult>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl Point {
    /// The point of a resource for which nothing is recorded yet.
    pub fn begun(set: &str, resource: Resource) -> Self {
        Self {
            set: set.to_owned(),
            resource,
            status: PointStatus::InProgress,
            recovery_point: None,
            configuration: Value::Null,
            started_at: None,
            captured_at: None,
            finished_at: None,
            size_bytes: None,
            percent: None,
            looked_at: None,
            sample: None,
            probes: Vec::new(),
            failure: None,
        }
    }
}

/// A sample of a resource's data, read just before its backup started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Sample {
    /// Items of a table.
    Items { items: Vec<SampledItem> },
    /// Files of a file system, without the directories of earlier restores.
    Files {
        /// The number of counted files, and their bytes.
        files: u64,
        bytes: u64,
        /// Whether all were counted, or only as many as the access function is limited to.
        complete: bool,
        sampled: Vec<SampledFile>,
        /// Their directories, each counted. Older sets have none: they counted the whole file system.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        roots: Vec<CountedRoot>,
        /// Directories in use that do not exist.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        missing: Vec<String>,
    },
}

/// The files of one directory, without the directories of restores in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedRoot {
    /// Absolute; `/` is the whole file system.
    pub path: String,
    pub files: u64,
    pub bytes: u64,
    pub complete: bool,
}

/// One item, by its key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampledItem {
    /// The key attributes in DynamoDB's JSON.
    pub key: Value,
    /// Of the whole item's canonical DynamoDB JSON.
    pub sha256: String,
}

/// One file, by its path from the root of the file system, with a leading slash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampledFile {
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
}

/// The purpose of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    #[default]
    Backup,
    /// A backup of what a restore will replace, which the restore takes before it starts.
    SafetyBackup,
    /// A restore that an operator requested.
    Restore,
    /// Undoing a restore's cut-over.
    UndoCutOver,
}

impl Purpose {
    /// Whether the run creates a set.
    pub fn is_backup(self) -> bool {
        matches!(self, Purpose::Backup | Purpose::SafetyBackup)
    }
}

/// One execution of `backup`, `restore` or `undo-cut-over`, whether or not it succeeded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Id of the set or the restore that the run creates.
    pub id: String,
    #[serde(default)]
    pub purpose: Purpose,
    pub deployment: String,
    pub execution: String,
    pub started_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiesced_at: Option<Timestamp>,
    /// The hooks that have begun, or may have; unknown in records from before this field existed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooks: Option<Vec<HookRecord>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed_at: Option<Timestamp>,
    /// Set once on-call was notified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notified_at: Option<Timestamp>,
    /// What went wrong apart from the set itself: a hook, retention, a step.
    #[serde(default)]
    pub warnings: Vec<Reason>,
}

impl RunRecord {
    /// When it started to quiesce the application; `None` if no hook started to.
    pub fn rested_at(&self) -> Option<Timestamp> {
        let none_started = self.hooks.is_some() && self.quiescing_hooks().next().is_none();
        self.quiesced_at.filter(|_| !none_started)
    }

    /// The hooks that began to quiesce the application, and may have changed something.
    pub fn quiescing_hooks(&self) -> impl Iterator<Item = &HookRecord> {
        let all = self.hooks.iter().flatten();
        all.filter(|hook| hook.phase == HookPhase::Quiesce && !hook.did_nothing)
    }

    /// Whether the application has begun to resume.
    pub fn resumes(&self) -> bool {
        let begun = |hook: &HookRecord| hook.phase == HookPhase::Resume || hook.undo_begun_at.is_some();
        self.resumed_at.is_some() || self.hooks.iter().flatten().any(begun)
    }

    /// The record of a run that has just started.
    pub fn begun(run: &Run, purpose: Purpose) -> Self {
        Self {
            id: run.id.clone(),
            purpose,
            deployment: run.deployment.clone(),
            execution: run.execution.clone(),
            started_at: run.started_at,
            ended_at: None,
            quiesced_at: None,
            hooks: None,
            resumed_at: None,
            notified_at: None,
            warnings: Vec::new(),
        }
    }
}

/// The durations, in seconds, of a resource's last sealed backups; the newest last, at most ten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    pub resource: String,
    pub durations: Vec<u64>,
}
