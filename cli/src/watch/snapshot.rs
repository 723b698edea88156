//! A snapshot of an execution: its description by Step Functions, and its run in the catalog.

use std::collections::BTreeMap;

use aws_sdk_sfn::types::ExecutionStatus;
use holdfast::domain::set::{BackupSet, Point, RunRecord};
use jiff::Timestamp;

/// The run at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSnapshot {
    pub execution: String,
    pub deployment: String,
    /// For the commands that are suggested at the end: see `Stack::option`.
    pub stack_option: String,
    /// Id of its set.
    pub id: String,
    pub status: ExecutionStatus,
    pub started_at: Timestamp,
    pub stopped_at: Option<Timestamp>,
    /// Why the execution failed, perhaps in several lines.
    pub cause: Option<String>,
    pub set: Option<BackupSet>,
    pub run: Option<RunRecord>,
    pub points: Vec<Point>,
    /// Median duration, in seconds, of a resource's last sealed backups.
    pub usual: BTreeMap<String, u64>,
    /// What the start of a resource's backup waits for, by resource.
    pub waits_for: BTreeMap<String, String>,
}

impl RunSnapshot {
    pub fn has_ended(&self) -> bool {
        self.status != ExecutionStatus::Running && self.status != ExecutionStatus::PendingRedrive
    }
}
