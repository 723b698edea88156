//! The state of a lab's AWS Backup: vaults, recovery points, jobs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use super::job::JobCourse;
use crate::efs::{self, Efs};
use crate::faults::FaultKind;
use crate::world::World;

pub(super) struct Inner {
    pub(super) world: Arc<World>,
    pub(super) efs: Arc<Efs>,
    pub(super) state: Mutex<State>,
    /// Notified whenever a job changes its state or must stop; waiting jobs check again.
    pub(super) moved: watch::Sender<()>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) vaults: BTreeMap<String, Vault>,
    pub(super) points: BTreeMap<String, Point>,
    pub(super) backup_jobs: Vec<BackupJob>,
    pub(super) restore_jobs: Vec<RestoreJob>,
    pub(super) copy_jobs: Vec<CopyJob>,
    /// The job that an idempotency token started, by operation and token.
    pub(super) tokens: BTreeMap<(&'static str, String), String>,
    /// Backup and copy jobs that have not ended, by resource, oldest first: one at a time runs.
    pub(super) queues: BTreeMap<String, Vec<String>>,
}

/// One vault.
#[derive(Clone)]
pub(super) struct Vault {
    pub(super) name: String,
    pub(super) created_at: Timestamp,
    pub(super) key: String,
    pub(super) request_id: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
}

/// One recovery point.
#[derive(Clone)]
pub(super) struct Point {
    pub(super) arn: String,
    pub(super) vault: String,
    pub(super) source_vault: Option<String>,
    pub(super) resource: String,
    pub(super) role: String,
    pub(super) key: String,
    pub(super) status: PointStatus,
    pub(super) message: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) completed_at: Option<Timestamp>,
    pub(super) restored_at: Option<Timestamp>,
    pub(super) size: u64,
    pub(super) lifecycle: Value,
    pub(super) tags: BTreeMap<String, String>,
    /// How the file system was created, for the suggested restore metadata.
    pub(super) order: efs::FileSystemOrder,
}

/// The status of a recovery point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PointStatus {
    Creating,
    Completed,
    Partial,
    Deleting,
    Expired,
}

impl PointStatus {
    pub fn name(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Completed => "COMPLETED",
            Self::Partial => "PARTIAL",
            Self::Deleting => "DELETING",
            Self::Expired => "EXPIRED",
        }
    }
}

/// One backup job.
#[derive(Clone)]
pub(super) struct BackupJob {
    pub(super) course: JobCourse,
    pub(super) vault: String,
    pub(super) resource: String,
    pub(super) role: String,
    pub(super) point: String,
    pub(super) key: String,
    pub(super) lifecycle: Value,
    pub(super) start_by: Timestamp,
    pub(super) complete_by: Timestamp,
    pub(super) fault: Option<FaultKind>,
}

/// One restore job.
#[derive(Clone)]
pub(super) struct RestoreJob {
    pub(super) course: JobCourse,
    pub(super) point: Point,
    pub(super) role: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) created_resource: Option<String>,
    pub(super) copy_tags: bool,
    pub(super) fault: Option<FaultKind>,
}

/// One copy job.
#[derive(Clone)]
pub(super) struct CopyJob {
    pub(super) course: JobCourse,
    pub(super) source: Point,
    pub(super) target: Point,
    pub(super) role: String,
    pub(super) fault: Option<FaultKind>,
}

/// The name in a vault's ARN.
pub(super) fn vault_name(arn: &str) -> Option<String> {
    arn.split_once(":backup-vault:").map(|(_, name)| name.to_owned())
}
