//! The backup of one resource in progress: the state that a state machine keeps between polls.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use super::failure::Failure;
use super::probe::ProbeResult;
use super::resource::{RecoveryPoint, Resource};

/// Identity of a run: one execution of a state machine for one deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub deployment: String,
    /// Id of the backup set or the restore that the run creates; a pure function of the other three.
    pub id: String,
    /// ARN of the execution.
    pub execution: String,
    /// When the execution started.
    pub started_at: Timestamp,
}

/// What the machine's Choice branches on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    InProgress,
    Succeeded,
    Failed,
}

/// One resource's backup, from its start to its end. Output of the start steps; input and output of `poll-status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub resource: Resource,
    pub status: JobStatus,
    /// The application has to stay quiesced until this job ends (EFS: the data is read while the job runs).
    #[serde(default)]
    pub holds_quiesce: bool,
    /// 0 to 100, if AWS reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// Never a guard's versions, which could exceed the limit of the machine's state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_point: Option<RecoveryPoint>,
    /// When AWS accepted the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Median duration in seconds of this resource's last sealed backups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual_seconds: Option<u64>,
    /// When it was last polled, also if the poll failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<Timestamp>,
    /// How many polls in a row failed: they say nothing about the job.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub misses: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl Job {
    /// An ended job with only its end, and when that was noticed: the machine's state has all jobs of a run, and is limited.
    pub fn ended(self) -> Self {
        Self {
            percent: None,
            recovery_point: None,
            started_at: None,
            usual_seconds: None,
            misses: 0,
            ..self
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde gives a reference
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What AWS reports about a job or recovery point, before pacing and deadline are applied.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    InProgress {
        percent: Option<f64>,
    },
    /// Finished and restorable: described, complete, not empty.
    Succeeded(Finished),
    /// Ended without a usable recovery point; the reason is AWS's, for the operator.
    Failed {
        reason: String,
    },
    /// Ended without having started, because another job was processing the resource. That job has ended since: this one may be
    /// started again.
    Blocked {
        reason: String,
    },
}

/// A finished recovery point.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// The time whose data it holds.
    pub captured_at: Timestamp,
    /// When the job ended, according to AWS; `None` if AWS does not say (cluster snapshots).
    pub finished_at: Option<Timestamp>,
    pub size_bytes: Option<u64>,
    /// The counts of the resource's probes, if they are part of the backup.
    pub probes: Vec<ProbeResult>,
}
