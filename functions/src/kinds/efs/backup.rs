//! Backs up a file system by a job of AWS Backup, whose token is derived from the set.

use async_trait::async_trait;
use aws_sdk_backup::types::RecoveryPointStatus;
use serde_json::Value;

use super::recovery_points::{self, parts};
use super::{Efs, backup_jobs, capture, target};
use crate::aws::{code, failure};
use crate::domain::catalog_rebuild::TaggedPoint;
use crate::domain::job::{Progress, Run};
use crate::domain::names;
use crate::domain::resource::{RecoveryPoint, Resource};
use crate::error::{Error, Result};
use crate::kinds::optional::Optional;
use crate::kinds::shared::{ensure_ours, refused, timestamp};
use crate::kinds::{Backup, Deletion, StartedBackup};

/// The shortest start window that AWS Backup accepts, in minutes, and how much later a completion window has to end.
const SHORTEST_WINDOW: u64 = 60;

impl Efs {
    /// ARN of a file system that can be backed up now.
    async fn ensure_available(&self, file_system: &str) -> Result<String> {
        let answer = self
            .efs
            .describe_file_systems()
            .file_system_id(file_system)
            .send()
            .await;
        let found = answer.map_err(|error| failure("describing file system", file_system, error))?;
        let Some(found) = found.file_systems().first() else {
            return Err(Error::NotFound(format!(
                "describing file system {file_system}: EFS shows none of that id. Correct the descriptor"
            )));
        };
        let seen = format!(
            "backing up file system {file_system}: its state is {}",
            found.life_cycle_state().as_str()
        );
        match (found.life_cycle_state().as_str(), found.file_system_arn()) {
            ("available" | "updating", Some(arn)) => Ok(arn.to_owned()),
            ("creating", _) => Err(Error::NotReady(format!(
                "{seen}. Trying again in a few minutes may help"
            ))),
            _ => Err(Error::JobFailed(format!(
                "{seen}. Repair it, or remove it from the descriptor, then start a new run"
            ))),
        }
    }

    /// Starts a job, or adopts the one that an earlier attempt started: AWS Backup returns the same job for the same token. The job
    /// is described before this returns, so if a later poll does not find it, AWS Backup has discarded it.
    async fn start(&self, run: &Run, resource: &Resource, arn: &str, purpose: &str) -> Result<StartedBackup> {
        let (file_system, vault, role) = target(resource)?;
        let vault = vault.unwrap_or(&self.defaults.vault);
        let (start_window, complete_window) = windows(resource.deadline_seconds);
        let started = self
            .backup
            .start_backup_job()
            .backup_vault_name(vault)
            .resource_arn(arn)
            .iam_role_arn(role.unwrap_or(&self.defaults.role))
            .idempotency_token(names::token(&run.id, &resource.name, purpose))
            .start_window_minutes(start_window)
            .complete_window_minutes(complete_window)
            .set_recovery_point_tags(Some(
                names::tags(&run.deployment, &run.id, &resource.name)
                    .map(|(key, value)| (key.to_owned(), value))
                    .into(),
            ))
            .send()
            .await
            .map_err(|error| failure("starting the backup of file system", file_system, error))?;
        let not_shown = |what: &str| {
            Error::Unavailable(format!(
                "starting the backup of file system {file_system}: AWS Backup accepted the job but does not show {what} \
                 yet. It is requested again with the same token"
            ))
        };
        let id = started.backup_job_id().ok_or_else(|| not_shown("its id"))?;
        let job = self.find_backup_job(id).await?.ok_or_else(|| not_shown(id))?;
        if job.resource_arn().is_some_and(|other| other != arn) {
            return Err(Error::Conflict(format!(
                "starting the backup of file system {file_system}: job {id} with this run's token backs up {} instead. Start a \
                 new run",
                job.resource_arn().unwrap_or_default()
            )));
        }
        let point = started.recovery_point_arn().or(job.recovery_point_arn());
        let accepted = started.creation_date().or(job.creation_date()).and_then(timestamp);
        Ok(StartedBackup {
            recovery_point: RecoveryPoint::BackupRecoveryPoint {
                arn: point.ok_or_else(|| not_shown("its recovery point"))?.to_owned(),
                vault: vault.to_owned(),
                job: id.to_owned(),
            },
            started_at: accepted.unwrap_or(run.started_at),
        })
    }
}

#[async_trait]
impl Backup for Efs {
    async fn capture(&self, resource: &Resource) -> Result<Value> {
        let (file_system, ..) = target(resource)?;
        capture::capture(&self.efs, file_system, Optional::at_backup()).await
    }

    async fn back_up(&self, run: &Run, resource: &Resource) -> Result<StartedBackup> {
        let (file_system, ..) = target(resource)?;
        let arn = self.ensure_available(file_system).await?;
        self.start(run, resource, &arn, "backup").await
    }

    /// The token is derived from the blocked job: a repeated call starts no second job.
    async fn back_up_again(&self, run: &Run, resource: &Resource, point: &RecoveryPoint) -> Result<RecoveryPoint> {
        let (file_system, ..) = target(resource)?;
        let (_, _, blocked) = parts(point)?;
        let arn = self.ensure_available(file_system).await?;
        let again = self
            .start(run, resource, &arn, &format!("backup after {blocked}"))
            .await?;
        Ok(again.recovery_point)
    }

    /// By its tags: for a token, AWS Backup only returns a job.
    async fn find(&self, run: &Run, resource: &Resource) -> Result<Option<RecoveryPoint>> {
        let (file_system, ..) = target(resource)?;
        recovery_points::find(self, run, resource, file_system).await
    }

    async fn poll(&self, _: &Resource, point: &RecoveryPoint) -> Result<Progress> {
        backup_jobs::poll(self, point).await
    }

    /// A job that has ended, or that AWS Backup has discarded, needs no stopping.
    async fn abandon(&self, point: &RecoveryPoint) -> Result<()> {
        let (_, _, job) = parts(point)?;
        match self.backup.stop_backup_job().backup_job_id(job).send().await {
            Ok(_) => Ok(()),
            Err(error) => match code(&error) {
                Some("InvalidRequestException" | "ResourceNotFoundException") => Ok(()),
                _ => Err(failure("stopping backup job", job, error)),
            },
        }
    }

    async fn mark_sealed(&self, point: &RecoveryPoint, points: usize) -> Result<()> {
        let (arn, ..) = parts(point)?;
        let tagged = self
            .backup
            .tag_resource()
            .resource_arn(arn)
            .tags(names::TAG_SEALED, points.to_string())
            .send()
            .await;
        tagged.map_err(|error| failure("tagging recovery point", arn, error))?;
        Ok(())
    }

    async fn tagged(&self, known: &[Resource]) -> Result<Vec<TaggedPoint>> {
        recovery_points::tagged(self, known).await
    }

    /// AWS Backup returns 200 for a deletion that its role may not perform, and the recovery point then becomes `EXPIRED`: only
    /// "not found" means that it is deleted.
    async fn delete(&self, run: &Run, point: &RecoveryPoint) -> Result<Deletion> {
        let (arn, vault, _) = parts(point)?;
        match self.find_recovery_point(vault, arn).await?.map(|found| found.status) {
            None => return Ok(Deletion::Gone),
            Some(Some(RecoveryPointStatus::Deleting | RecoveryPointStatus::Creating)) => {
                return Ok(Deletion::Underway);
            }
            Some(_) => {}
        }
        let Some(tags) = recovery_points::tags(self, arn).await? else {
            return Ok(Deletion::Gone);
        };
        let tags: Vec<_> = tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        ensure_ours(&format!("recovery point {arn}"), tags, run)?;
        let deleted = self
            .backup
            .delete_recovery_point()
            .backup_vault_name(vault)
            .recovery_point_arn(arn)
            .send()
            .await;
        if let Err(error) = deleted {
            return match code(&error) {
                Some("ResourceNotFoundException") => Ok(Deletion::Gone),
                // A vault lock or a legal hold.
                Some("InvalidRequestException" | "InvalidResourceStateException") => Ok(Deletion::Protected(
                    failure("deleting recovery point", arn, error).to_string(),
                )),
                _ => refused(failure("deleting recovery point", arn, error)),
            };
        }
        Ok(match self.find_recovery_point(vault, arn).await? {
            None => Deletion::Gone,
            Some(found) if found.status() == Some(&RecoveryPointStatus::Expired) => Deletion::Protected(format!(
                "deleting recovery point {arn}: AWS Backup accepted it, but the status is EXPIRED: the role that created it \
                 does not exist any more or lacks the permission to delete. Restore it, then delete the recovery point by \
                 hand"
            )),
            Some(_) => Deletion::Underway,
        })
    }
}

/// Minutes within which a job has to start and to complete, both counted by AWS Backup from its scheduled time.
///
/// A job waits while another one, such as that of the file system's automatic backups, is processing the file system: until its
/// deadline, at which it is stopped. If it is not polled any more, AWS Backup itself cancels it; it accepts no completion window
/// that ends within an hour of the start window's end.
fn windows(deadline_seconds: u64) -> (i64, i64) {
    let start = deadline_seconds.div_ceil(60).max(SHORTEST_WINDOW);
    let minutes = |minutes: u64| i64::try_from(minutes).unwrap_or(i64::MAX);
    (minutes(start), minutes(start.saturating_add(SHORTEST_WINDOW)))
}
