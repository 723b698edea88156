//! A backup set and the records around it, as the catalog keeps them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::job::{Failure, Run};
use super::resource::{RecoveryPoint, Resource};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetStatus {
    /// Its run has not ended.
    Running,
    /// Every recovery point was seen finished and restorable.
    Sealed,
    /// Kept for its reasons; never offered for restore.
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
    /// ARN of the execution that made it.
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
    #[serde(default)]
    pub probes: Vec<ProbeResult>,
    /// Why it failed, one entry a resource or step.
    #[serde(default)]
    pub reasons: Vec<Reason>,
}

impl BackupSet {
    /// A set that a run begins, of the resources of these names.
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
            probes: Vec::new(),
            reasons: Vec::new(),
        }
    }
}

/// A count taken at backup time, or why it could not be taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeResult {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
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
    /// Whether another says the same, be it of another subject: what failed a switch has failed the state that made it.
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
    /// The configuration that a restore does not bring back, as AWS described it.
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
    /// When `poll-status` last looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<Timestamp>,
    /// What was sampled of its data, to compare a restore with; `None` where nothing could be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl Point {
    /// The point of a resource of which nothing is recorded yet.
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
            failure: None,
        }
    }
}

/// A few things of a resource's data, read just before its backup began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Sample {
    /// Items of a table.
    Items { items: Vec<SampledItem> },
    /// Files of a file system, without the directories of earlier restores.
    Files {
        /// Files that were counted, and their bytes.
        files: u64,
        bytes: u64,
        /// Whether all were counted, or only as many as the access function may.
        complete: bool,
        sampled: Vec<SampledFile>,
        /// The directories in which they are, each counted; none in a set from before there were any: all of the file system.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        roots: Vec<CountedRoot>,
        /// Directories in use that were not there.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        missing: Vec<String>,
    },
}

/// The files of one directory, without the directories of restores in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedRoot {
    /// Absolute; `/` is all of the file system.
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

/// What a run is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    #[default]
    Backup,
    /// A backup of what a restore will replace, made by the restore before it begins.
    SafetyBackup,
    /// A restore that an operator asked for.
    Restore,
    /// Switching a restore's cut-over back.
    UndoCutOver,
}

impl Purpose {
    /// Whether the run makes a set.
    pub fn is_backup(self) -> bool {
        matches!(self, Purpose::Backup | Purpose::SafetyBackup)
    }
}

/// One execution of `backup`, `restore` or `undo-cut-over`, whatever came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Id of the set or of the restore that the run makes.
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
    /// The hooks of which it is not certain that they did not begin to bring the application to rest; a record of before there
    /// was this field does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooks_begun: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed_at: Option<Timestamp>,
    /// Set once on-call was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notified_at: Option<Timestamp>,
    /// What went wrong beside the set itself: a hook, retention, a step.
    #[serde(default)]
    pub warnings: Vec<Reason>,
}

impl RunRecord {
    /// When it began to bring the application to rest; `None` where no hook began to.
    pub fn rested_at(&self) -> Option<Timestamp> {
        let none_began = self.hooks_begun.as_ref().is_some_and(Vec::is_empty);
        self.quiesced_at.filter(|_| !none_began)
    }

    /// Whether a hook has to be asked to bring the application back.
    pub fn has_begun(&self, hook: &str) -> bool {
        let begun = self.hooks_begun.as_ref();
        begun.is_none_or(|begun| begun.iter().any(|name| name == hook))
    }

    /// The record of a run that has just begun.
    pub fn begun(run: &Run, purpose: Purpose) -> Self {
        Self {
            id: run.id.clone(),
            purpose,
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
}

/// The durations, in seconds, of a resource's last sealed backups; the newest last, at most ten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    pub resource: String,
    pub durations: Vec<u64>,
}
