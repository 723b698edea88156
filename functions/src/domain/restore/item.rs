//! One resource's restore, from its plan to its end: what the catalog keeps (`RESTORE#<id>#ITEM#<resource>`) and what the
//! machine carries between looks.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::job::{Failure, JobStatus};
use crate::domain::pacing;
use crate::domain::resource::Resource;
use crate::domain::restore::plan::PlannedResource;
use crate::domain::restore::settings::{RefusedSetting, RequestedSettings};
use crate::domain::restore::shortage::Shortage;
use crate::domain::restore::stages::Stages;
use crate::domain::restore::verdict::Check;
use crate::domain::set::Sample;

/// One resource's restore, with all that it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestoreItem {
    /// Id of the restore.
    pub restore: String,
    pub planned: PlannedResource,
    pub status: ItemStatus,
    /// The configuration captured with the set; null where nothing was captured (a source without catalog entry).
    #[serde(default)]
    pub configuration: Value,
    /// What was sampled at backup, to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Since when a function is at work on it, by the time that its state was entered; none between two looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy_since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// 0 to 100, where AWS tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// What it waits for, in words: "cluster x is creating".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// How long AWS was, and is, at work on what.
    #[serde(default)]
    pub stages: Stages,
    /// What was made so far.
    #[serde(rename = "made", default, skip_serializing_if = "Option::is_none")]
    pub created: Option<CreatedResource>,
    /// From which secret the copy's master password was asked to be set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_from: Option<PasswordSource>,
    /// Settings that were asked for, and what AWS said.
    #[serde(default, skip_serializing_if = "RequestedSettings::is_none")]
    pub settings: RequestedSettings,
    /// What AWS had no capacity for.
    #[serde(default, skip_serializing_if = "Shortage::is_none")]
    pub shortage: Shortage,
    /// What the operator should know: what could not be put back, leftovers of earlier restores.
    #[serde(default)]
    pub remarks: Vec<String>,
    /// What its comparison with the source found, once it was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checks: Option<Vec<Check>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// Nothing was created for it.
    Planned,
    /// Something may have been created.
    InProgress,
    Restored,
    Failed,
    /// What was created is gone.
    Undone,
}

/// A version of a secret from which RDS was asked to set a copy's master password, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordSource {
    pub secret: String,
    pub version: String,
    pub at: Timestamp,
}

/// What a restore made of one resource, and how an application reaches it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "made", rename_all = "snake_case")]
pub enum CreatedResource {
    Cluster {
        cluster: String,
        arn: String,
        /// Writer endpoint.
        host: String,
        reader_host: String,
        port: u16,
        /// ARN of the new managed master secret, where the source had one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        master_secret: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        master_username: Option<String>,
        /// `DbClusterResourceId`, by which policies for `rds-db:connect` name it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resource_id: Option<String>,
        /// Whether it takes logins by IAM.
        #[serde(default)]
        iam_authentication: bool,
    },
    Table {
        table: String,
        arn: String,
    },
    /// A directory of the file system that was backed up, such as `/aws-backup-restore_2026-11-20T02-15-00-123Z`. Without
    /// one while the job runs.
    Directory {
        file_system: String,
        job: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        directory: Option<String>,
    },
    /// A new file system; its directory is known where an access function mounts it.
    FileSystem {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_system: Option<String>,
        job: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        directory: Option<String>,
    },
    /// A guard makes nothing.
    Nothing,
}

/// The longest that Lambda runs a function (Lambda Developer Guide, "Lambda quotas").
const LONGEST_INVOCATION: SignedDuration = SignedDuration::from_secs(900);

impl RestoreItem {
    /// One of which nothing is begun, and nothing was captured or sampled.
    pub fn planned(restore: String, planned: PlannedResource) -> Self {
        Self {
            restore,
            planned,
            status: ItemStatus::Planned,
            configuration: Value::Null,
            sample: None,
            started_at: None,
            busy_since: None,
            finished_at: None,
            percent: None,
            phase: None,
            stages: Stages::default(),
            created: None,
            password_from: None,
            settings: RequestedSettings::default(),
            shortage: Shortage::default(),
            remarks: Vec::new(),
            checks: None,
            failure: None,
        }
    }

    /// Whether its deadline is past.
    pub fn is_late(&self, now: Timestamp) -> bool {
        pacing::past_deadline(self.elapsed(now), self.planned.resource.deadline_seconds)
    }

    /// Seconds since its restore began.
    pub fn elapsed(&self, now: Timestamp) -> u64 {
        let since = now.duration_since(self.started_at.unwrap_or(now));
        u64::try_from(since.as_secs()).unwrap_or(0)
    }

    /// Whether a function may still be making something of it: stopping an execution stops no function in flight.
    pub fn is_busy(&self, now: Timestamp) -> bool {
        self.busy_since
            .is_some_and(|since| now.duration_since(since) < LONGEST_INVOCATION)
    }
}

impl CreatedResource {
    /// The identifier by which AWS knows the copy; `None` where it is no resource of its own, or not known yet.
    pub fn identifier(&self) -> Option<&str> {
        match self {
            CreatedResource::Cluster { cluster, .. } => Some(cluster),
            CreatedResource::Table { table, .. } => Some(table),
            CreatedResource::FileSystem { file_system, .. } => file_system.as_deref(),
            CreatedResource::Directory { .. } | CreatedResource::Nothing => None,
        }
    }
}

/// What the machine carries of one resource's restore. Output, and (`resource`) input of the restoring steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestoreJob {
    pub resource: Resource,
    pub status: JobStatus,
    /// When to look again, in seconds; only while in progress.
    #[serde(default)]
    pub wait_seconds: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Whether on-call has to be told what it waits for, before it is waited for.
    #[serde(default)]
    pub tell: bool,
}

/// What one call of a restoring step came to.
#[derive(Debug, Clone, PartialEq)]
pub enum RestoreProgress {
    /// Something that was asked of AWS has not ended.
    InProgress {
        /// What AWS is at work on, by a word that is the same in every restore of the kind: how long it takes is remembered by
        /// it. `None` where it is still what it was at the last look.
        stage: Option<&'static str>,
        /// What it waits for, in words.
        phase: String,
        percent: Option<f64>,
        /// What is known to exist by now.
        made: Option<CreatedResource>,
    },
    /// The same, once AWS was asked for these settings, which is remembered.
    Requested {
        stage: &'static str,
        /// Those that it took.
        settings: Vec<&'static str>,
        /// Those that it refuses for good.
        refused: Vec<RefusedSetting>,
        phase: String,
        made: CreatedResource,
    },
    /// What is missing waits until AWS has capacity for it.
    LacksCapacity {
        stage: &'static str,
        phase: String,
        /// The parts that wait, by name.
        lacking: Vec<String>,
        /// Parts that found none in the zone of their source.
        in_any_zone: Vec<String>,
        made: Option<CreatedResource>,
    },
    /// Made, configured as captured, and ready to be compared.
    Restored {
        made: CreatedResource,
        remarks: Vec<String>,
    },
    /// It will never be; the reason is AWS's, in words for the operator.
    Failed { reason: String },
}

/// What one call to remove what a restore made came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoProgress {
    /// Nothing of it is there.
    Gone,
    /// Deletion is under way, or waits for a job that cannot be stopped; in words.
    Underway(String),
    /// It stays, and a person has to see to it: what and where, and why.
    Remains(String),
}
