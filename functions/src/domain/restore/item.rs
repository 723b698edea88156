//! One resource's restore, from its plan to its end: its record in the catalog (`RESTORE#<id>#ITEM#<resource>`), and the state that
//! the machine passes between polls.

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

pub use crate::domain::kinds::shapes::CreatedResource;

/// The record of one resource's restore.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestoreItem {
    /// Id of the restore.
    pub restore: String,
    pub planned: PlannedResource,
    pub status: ItemStatus,
    /// The configuration captured with the set; null if nothing was captured (a source without catalog entry).
    #[serde(default)]
    pub configuration: Value,
    /// The sample taken at backup, to compare with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Since when a function is processing it: when its state was entered; none between two polls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy_since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// 0 to 100, if AWS reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// What it waits for, as text: "cluster x is creating".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// What AWS has been processing, and how long.
    #[serde(default)]
    pub stages: Stages,
    /// What was created so far.
    #[serde(rename = "made", default, skip_serializing_if = "Option::is_none")]
    pub created: Option<CreatedResource>,
    /// The secret from which AWS was asked to set the copy's master password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_from: Option<PasswordSource>,
    /// Settings that were requested, and how AWS responded.
    #[serde(default, skip_serializing_if = "RequestedSettings::is_none")]
    pub settings: RequestedSettings,
    /// What AWS had no capacity for.
    #[serde(default, skip_serializing_if = "Shortage::is_none")]
    pub shortage: Shortage,
    /// What the operator should know: what could not be put back, leftovers of earlier restores.
    #[serde(default)]
    pub remarks: Vec<String>,
    /// Results of the comparison with the source, once it was compared.
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

/// The version of a secret from which RDS was asked to set a copy's master password, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordSource {
    pub secret: String,
    pub version: String,
    pub at: Timestamp,
}

/// The longest that Lambda runs a function (Lambda Developer Guide, "Lambda quotas").
const LONGEST_INVOCATION: SignedDuration = SignedDuration::from_secs(900);

impl RestoreItem {
    /// An item that has not started, without a captured configuration or sample.
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

    /// Whether a function may still be creating something for it: stopping an execution does not stop a running function.
    pub fn is_busy(&self, now: Timestamp) -> bool {
        self.busy_since
            .is_some_and(|since| now.duration_since(since) < LONGEST_INVOCATION)
    }
}

/// The machine's state for one resource's restore. Output, and (`resource`) input of the restore steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestoreJob {
    pub resource: Resource,
    pub status: JobStatus,
    /// Seconds until the next poll; only while in progress.
    #[serde(default)]
    pub wait_seconds: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Whether to notify on-call of what it waits for, before it waits.
    #[serde(default)]
    pub tell: bool,
}

/// The result of one call of a restore step.
#[derive(Debug, Clone, PartialEq)]
pub enum RestoreProgress {
    /// An AWS operation has not ended.
    InProgress {
        /// What AWS is processing, by a name that is the same in every restore of the kind: timings are recorded under it. `None`
        /// if it is unchanged since the last poll.
        stage: Option<&'static str>,
        /// What it waits for, as text.
        phase: String,
        percent: Option<f64>,
        /// What is known to exist so far.
        made: Option<CreatedResource>,
    },
    /// In progress, and AWS was asked for these settings, which is recorded.
    Requested {
        stage: &'static str,
        /// The settings that AWS accepted.
        settings: Vec<&'static str>,
        /// The settings that AWS refuses permanently.
        refused: Vec<RefusedSetting>,
        phase: String,
        made: CreatedResource,
    },
    /// Missing parts wait until AWS has capacity for them.
    LacksCapacity {
        stage: &'static str,
        phase: String,
        /// The parts that wait, by name.
        lacking: Vec<String>,
        /// Parts for which the zone of their source has no capacity.
        in_any_zone: Vec<String>,
        made: Option<CreatedResource>,
    },
    /// Created, configured as captured, and ready to be compared.
    Restored {
        made: CreatedResource,
        remarks: Vec<String>,
    },
    /// It cannot succeed; the reason is from AWS, as text for the operator.
    Failed { reason: String },
}

/// The result of one call to remove what a restore created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoProgress {
    /// Nothing remains.
    Gone,
    /// Deletion is in progress, or waits for a job that cannot be stopped; as text.
    Underway(String),
    /// It cannot be removed, and a person must handle it: what and where, and why.
    Remains(String),
}
