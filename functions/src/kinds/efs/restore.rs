//! Restores a file system by a job of AWS Backup, into a new directory of the same file system or into a new file system, to which
//! it then applies what AWS Backup does not restore.
//!
//! A job has no tags. It is this restore's if its metadata contains the restore's creation token, which no other run has.

use async_trait::async_trait;
use serde_json::Value;

use super::plan::FileSystemPlan;
use super::restore_jobs::{self, JobState};
use super::{Efs, compare, configure, directories, preflight, retry, sample, target, undo};
use crate::domain::job::Run;
use crate::domain::resource::Resource;
use crate::domain::restore::item::{RestoreItem, RestoreProgress, UndoProgress};
use crate::domain::restore::verdict::Check;
use crate::domain::set::Sample;
use crate::error::Result;
use crate::kinds::{Preflight, Restore};

#[async_trait]
impl Restore for Efs {
    async fn preflight(&self, run: &Run, item: &RestoreItem) -> Result<Preflight> {
        preflight::check(self, run, &FileSystemPlan::read(run, item, &self.defaults)?).await
    }

    /// AWS Backup returns the same job for the same token in every attempt.
    async fn advance(&self, run: &Run, item: &RestoreItem) -> Result<RestoreProgress> {
        let plan = FileSystemPlan::read(run, item, &self.defaults)?;
        let id = match plan.job() {
            Some(job) => job.to_owned(),
            None => restore_jobs::start(self, run, &plan, "restore").await?,
        };
        let Some(job) = restore_jobs::find_by_id(self, &id).await? else {
            return match plan.job() {
                Some(_) => Ok(RestoreProgress::Failed {
                    reason: format!("AWS Backup does not know restore job {id} any more"),
                }),
                None => Err(restore_jobs::not_shown(&plan, &id)),
            };
        };
        job.ensure_ours(&plan)?;
        match &job.state {
            JobState::UnderWay => Ok(RestoreProgress::InProgress {
                stage: Some("copying"),
                phase: format!("restore job {id} is {}", job.words),
                percent: job.percent,
                made: Some(plan.created_resource(&id, job.created(), None)),
            }),
            // After it has created a file system, another job with the same token could not create its own.
            JobState::Blocked if !plan.new || job.created().is_none() => {
                retry::start_again(self, run, &plan, &job).await
            }
            JobState::Failed | JobState::Blocked => Ok(RestoreProgress::Failed {
                reason: format!("restore job {id} ended {}", job.words),
            }),
            JobState::Completed if plan.new => configure::configure(self, run, &plan, &job).await,
            JobState::Completed => directories::locate(self, &plan, &job).await,
        }
    }

    /// A job cannot be stopped: what it creates is removed once it has ended.
    async fn undo(&self, run: &Run, item: &RestoreItem) -> Result<UndoProgress> {
        undo::undo(self, run, &FileSystemPlan::read(run, item, &self.defaults)?).await
    }

    async fn compare(&self, run: &Run, item: &RestoreItem, at_rest: bool) -> Result<Vec<Check>> {
        compare::compare(self, &FileSystemPlan::read(run, item, &self.defaults)?, at_rest).await
    }

    /// Through the function that mounts the file system; `None` if there is none.
    async fn sample(&self, resource: &Resource, configuration: &Value) -> Result<Option<Sample>> {
        let (file_system, ..) = target(resource)?;
        sample::sample(&self.access, file_system, configuration).await
    }
}
