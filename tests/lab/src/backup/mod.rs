//! AWS Backup over EFS: vaults, jobs that take time, recovery points that are real copies of a file system's files.

mod backup_job;
mod copy_job;
mod job;
mod point;
mod queue;
mod restore_job;
mod restore_order;
mod state;
mod tags;
mod tree;
mod vault;
mod wire;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::efs::Efs;
use crate::rest::{Refusal, Reply, Request};
use crate::service::{Answer, BoxedFuture, Call, Service, Tagged};
use crate::world::World;

use state::{Inner, State, vault_name};

/// The AWS Backup service.
pub struct Backup(Arc<Inner>);

impl Backup {
    /// The service without vaults, for the file systems of `efs`.
    #[must_use]
    pub fn new(world: Arc<World>, efs: Arc<Efs>) -> Self {
        let moved = watch::Sender::new(());
        Self(Arc::new(Inner {
            world,
            efs,
            state: Mutex::default(),
            moved,
        }))
    }
}

impl Service for Backup {
    fn answer<'a>(&'a self, call: &'a Call) -> BoxedFuture<'a, Option<Answer>> {
        Box::pin(async move {
            if call.service != "backup" {
                return None;
            }
            let reply = self.0.reply(call).await?;
            Some(reply.unwrap_or_else(Refusal::answer))
        })
    }

    fn page(&self, name: &str) -> Option<Value> {
        let places = || {
            let state = self.0.state();
            state
                .points
                .values()
                .map(|point| (point.arn.clone(), json!(self.0.place(&point.arn))))
                .collect()
        };
        (name == "recovery-points").then(places)
    }

    fn tagged(&self) -> Tagged {
        let state = self.0.state();
        let vaults = state
            .vaults
            .values()
            .map(|vault| (self.0.vault_arn(&vault.name), vault.tags.clone()));
        let points = state
            .points
            .values()
            .map(|point| (point.arn.clone(), point.tags.clone()));
        vaults.chain(points).collect()
    }
}

impl Inner {
    async fn reply(self: &Arc<Self>, call: &Call) -> Option<Reply> {
        let Some(request) = Request::read(call) else {
            return Some(Err(wire::invalid("The request body is not a JSON object")));
        };
        let request = &request;
        self.expire_points();
        if let Some(name) = request.text("resourceArn").and_then(|arn| vault_name(&arn)) {
            // A stack's vault is adopted here; one that does not exist is refused below.
            let _ = self.vault(&name).await;
        }
        Some(match call.action.as_str() {
            "CreateBackupVault" => self.create_vault(request).await,
            "DescribeBackupVault" => self.describe_vault(request).await,
            "ListBackupVaults" => self.list_vaults(request).await,
            "DeleteBackupVault" => self.delete_vault(call, request).await,
            "StartBackupJob" => self.start_backup_job(call, request).await,
            "DescribeBackupJob" => self.describe_backup_job(request),
            "ListBackupJobs" => self.list_backup_jobs(request),
            "StopBackupJob" => self.stop_backup_job(request),
            "DescribeRecoveryPoint" => self.describe_point(request),
            "ListRecoveryPointsByBackupVault" => self.list_points_by_vault(request).await,
            "ListRecoveryPointsByResource" => self.list_points_by_resource(request),
            "UpdateRecoveryPointLifecycle" => self.update_lifecycle(request),
            "DeleteRecoveryPoint" => self.delete_point(call, request),
            "GetRecoveryPointRestoreMetadata" => self.restore_metadata(request),
            "StartRestoreJob" => self.start_restore_job(call, request),
            "DescribeRestoreJob" => self.describe_restore_job(request),
            "ListRestoreJobs" => self.list_restore_jobs(request),
            "GetRestoreJobMetadata" => self.restore_job_metadata(request),
            "StartCopyJob" => self.start_copy_job(call, request).await,
            "DescribeCopyJob" => self.describe_copy_job(request),
            "ListCopyJobs" => self.list_copy_jobs(request),
            "ListTags" => self.list_tags(request),
            "TagResource" => self.tag_resource(request),
            "UntagResource" => self.untag_resource(request),
            _ => return None,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// The directory of a recovery point's files.
    fn place(&self, arn: &str) -> PathBuf {
        let id = arn.rsplit(':').next().unwrap_or(arn);
        self.world.dir.join("backup").join(id)
    }

    fn vault_arn(&self, name: &str) -> String {
        self.world.arn("backup", &format!("backup-vault:{name}"))
    }

    fn new_point_arn(&self) -> String {
        self.world
            .arn("backup", &format!("recovery-point:{}", crate::ids::uuid()))
    }
}
