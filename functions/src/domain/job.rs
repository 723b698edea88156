//! The backup of one resource while it is under way: what a state machine carries between looks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::resource::{RecoveryPoint, Resource};

/// Identity of a run: one execution of a state machine for one deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub deployment: String,
    /// Id of the backup set or of the restore that the run makes; a pure function of the other three.
    pub id: String,
    /// ARN of the execution.
    pub execution: String,
    /// When the execution started.
    pub started_at: Timestamp,
}

/// What the machine's Choice looks at.
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
    /// 0 to 100, where AWS tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// Never a guard's versions, which could outgrow the machine's state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_point: Option<RecoveryPoint>,
    /// When AWS accepted the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Median duration in seconds of this resource's last sealed backups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual_seconds: Option<u64>,
    /// When it was last looked at, also in vain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<Timestamp>,
    /// Looks in a row that failed: they say nothing about the job.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub misses: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl Job {
    /// An ended job with no more than its end, and when that was seen: the machine carries all jobs of a run, and its state is
    /// bounded.
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

/// Why something ended badly: the error's stable name and its message. Also the shape of a machine's caught
/// error, whose `cause` may be the JSON text in which Lambda wraps `errorMessage` (see [`Failure::message`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    #[serde(alias = "Error")]
    pub error: String,
    /// Empty where Step Functions gives none: a task that timed out.
    #[serde(alias = "Cause", default)]
    pub cause: String,
}

impl Failure {
    /// The message for a person: Lambda's `errorMessage` where the cause is Lambda's JSON, else the cause.
    pub fn message(&self) -> String {
        serde_json::from_str::<serde_json::Value>(&self.cause)
            .ok()
            .and_then(|cause| cause.get("errorMessage")?.as_str().map(str::to_owned))
            .unwrap_or_else(|| self.cause.clone())
    }
}

/// What AWS says of a job or recovery point, before pacing and deadline are applied.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    InProgress {
        percent: Option<f64>,
    },
    /// Finished and restorable: described, complete, not empty.
    Succeeded(Finished),
    /// Ended without a usable recovery point; the reason is AWS's, in words for the operator.
    Failed {
        reason: String,
    },
    /// Ended without having begun, because another job was at work on the resource, which has ended since: it may be started
    /// again.
    Blocked {
        reason: String,
    },
}

/// A finished recovery point.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// The moment whose data it holds.
    pub captured_at: Timestamp,
    /// When AWS says that the job ended; `None` where it does not say (cluster snapshots).
    pub finished_at: Option<Timestamp>,
    pub size_bytes: Option<u64>,
}
