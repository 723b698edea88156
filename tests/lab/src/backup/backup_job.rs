//! Backup jobs: CREATED while they wait for their resource, RUNNING with a growing percentage, then a final state.
//! The files are copied when the running time is over: files written while a job runs may be in the backup.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::job::{JobCourse, JobState};
use super::queue::WaitEnd;
use super::state::{BackupJob, Inner, Point, PointStatus, State};
use super::wire::{asked, created_within, invalid, lifecycle, not_found, required, role, time, unfit};
use super::{tags, tree};
use crate::clock::epoch_seconds;
use crate::faults::FaultKind;
use crate::rest::{Reply, Request, without_nulls};
use crate::service::{Answer, Call};

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

impl Inner {
    pub(super) async fn start_backup_job(self: &Arc<Self>, call: &Call, request: &Request) -> Reply {
        let vault = self.vault(&required(request, "BackupVaultName")?).await?;
        let resource = required(request, "ResourceArn")?;
        let role = role(request)?;
        if !resource.contains(":elasticfilesystem:") {
            return Err(unfit(format!("Resource type of {resource} is not opted in")));
        }
        let known = self.efs.directory(&resource).is_some() && self.efs.arn(&resource) == resource;
        let order = self.efs.order(&resource).filter(|_| known);
        let order = order.ok_or_else(|| not_found("Resource", &resource))?;
        let lifecycle = lifecycle(request)?;
        let start_window = request.number("StartWindowMinutes").unwrap_or(8 * HOUR);
        if start_window < HOUR {
            return Err(invalid("StartWindowMinutes must be at least 60"));
        }
        let complete_window = request.number("CompleteWindowMinutes").unwrap_or(7 * DAY);
        if complete_window < 1 {
            return Err(invalid("CompleteWindowMinutes must be at least 1"));
        }
        let mut point_tags = self.efs.tags_of(&resource);
        point_tags.extend(tags::read(&request.body["RecoveryPointTags"])?);

        let now = self.world.clock.now();
        let mut state = self.state();
        let token = request.text("IdempotencyToken").map(|token| ("StartBackupJob", token));
        let earlier = token.as_ref().and_then(|token| state.tokens.get(token));
        if let Some(job) = earlier.and_then(|id| state.backup_job(id)) {
            return Ok(started(job));
        }
        let fault = self.world.faults.for_job(call);
        let mut course = JobCourse::new(now, self.world.durations.of(|seconds| seconds.backup_job));
        course.stuck = fault == Some(FaultKind::JobStuck);
        let after = |minutes| {
            now.checked_add(SignedDuration::from_mins(minutes))
                .unwrap_or(Timestamp::MAX)
        };
        let job = BackupJob {
            vault: vault.name.clone(),
            resource: resource.clone(),
            role: role.clone(),
            point: self.new_point_arn(),
            key: vault.key.clone(),
            lifecycle: lifecycle.clone(),
            start_by: after(start_window),
            complete_by: after(complete_window),
            fault,
            course,
        };
        let id = job.course.id.clone();
        state.points.insert(
            job.point.clone(),
            Point {
                arn: job.point.clone(),
                vault: vault.name,
                source_vault: None,
                resource: resource.clone(),
                role,
                key: vault.key,
                status: PointStatus::Creating,
                message: None,
                created_at: now,
                completed_at: None,
                restored_at: None,
                size: 0,
                lifecycle,
                tags: point_tags,
                order,
            },
        );
        let answer = started(&job);
        state.backup_jobs.push(job);
        Self::enqueue(&mut state, &resource, &id);
        if let Some(token) = token {
            state.tokens.insert(token, id.clone());
        }
        drop(state);
        let inner = self.clone();
        let running = self.world.work.begin();
        tokio::spawn(async move {
            inner.run_backup_job(&id).await;
            drop(running);
        });
        Ok(answer)
    }

    async fn run_backup_job(&self, id: &str) {
        let Some(job) = self.state().backup_job(id).cloned() else {
            return;
        };
        let (end, message, category, size) = self.back_up(&job).await;
        let now = self.world.clock.now();
        let keep = match end {
            JobState::Completed => Some(PointStatus::Completed),
            JobState::Partial => Some(PointStatus::Partial),
            _ => None,
        };
        if keep.is_none() {
            self.remove_point(&job.point);
        }
        let mut state = self.state();
        if let (Some(status), Some(point)) = (keep, state.points.get_mut(&job.point)) {
            point.status = status;
            point.message.clone_from(&message);
            point.completed_at = Some(now);
            point.size = size;
        }
        if let Some(job) = state.backup_job_mut(id) {
            job.course.size = size;
            job.course.end(now, end, message, category);
        }
        drop(state);
        self.leave_queue(&job.resource, id);
    }

    /// Runs the job: returns how it ends, why, and how many bytes were copied.
    async fn back_up(&self, job: &BackupJob) -> (JobState, Option<String>, Option<&'static str>, u64) {
        let id = job.course.id.as_str();
        let ends = |state, message: &str, category| (state, Some(message.to_owned()), Some(category), 0);
        let aborted = || ends(JobState::Aborted, "The backup job was stopped", "FAILURE");
        let expired = || {
            ends(
                JobState::Expired,
                "Backup job expired before completion: the start window is over",
                "FAILURE",
            )
        };
        match self.wait_for_turn(&job.resource, id, job.start_by).await {
            WaitEnd::Stopped => return aborted(),
            WaitEnd::TooLate => {
                let message = "Backup job failed because there was a running job for the same resource.";
                return ends(JobState::Expired, message, "FAILURE");
            }
            WaitEnd::Through => {}
        }
        if job.fault == Some(FaultKind::JobExpired) {
            return match self.wait_until(id, job.course.due()).await {
                WaitEnd::Stopped => aborted(),
                _ => expired(),
            };
        }
        let due = {
            let mut state = self.state();
            let Some(job) = state.backup_job_mut(id) else {
                return aborted();
            };
            job.course.start(self.world.clock.now());
            job.course.due()
        };
        let stuck = job.fault == Some(FaultKind::JobStuck);
        if self
            .wait_until(
                id,
                if stuck {
                    job.complete_by
                } else {
                    due.min(job.complete_by)
                },
            )
            .await
            == WaitEnd::Stopped
        {
            return aborted();
        }
        if stuck || due > job.complete_by {
            return ends(JobState::Aborted, "The complete window is over", "FAILURE");
        }
        match job.fault {
            Some(FaultKind::JobFailed) => {
                let message = "Backup job failed: the role lacks elasticfilesystem:Backup";
                return ends(JobState::Failed, message, "AccessDenied");
            }
            Some(FaultKind::JobAborted) => {
                return ends(JobState::Aborted, "The backup job was aborted", "FAILURE");
            }
            _ => {}
        }
        match self.copy_files(job).await {
            Ok(size) => match job.fault {
                Some(FaultKind::JobPartial) => {
                    let message = "The backup window closed before all files were copied".to_owned();
                    (JobState::Partial, Some(message), Some("FAILURE"), size)
                }
                Some(FaultKind::JobCompletedWithIssues) => {
                    let message = "Backup job completed with issues: some files were skipped".to_owned();
                    (JobState::Completed, Some(message), Some("AccessDenied"), size)
                }
                _ => (JobState::Completed, None, Some("SUCCESS"), size),
            },
            Err(error) => ends(JobState::Failed, &format!("Backup job failed: {error}"), "FAILURE"),
        }
    }

    async fn copy_files(&self, job: &BackupJob) -> std::io::Result<u64> {
        let gone = || std::io::Error::other(format!("{} was deleted", job.resource));
        let from = self.efs.directory(&job.resource).ok_or_else(gone)?;
        let to = self.place(&job.point);
        let fault = job.fault;
        let copying = move || {
            std::fs::create_dir_all(&to)?;
            match fault {
                Some(FaultKind::JobZeroBytes) => Ok(0),
                Some(FaultKind::JobPartial | FaultKind::JobCompletedWithIssues) => {
                    tree::copy(&from, &to)?;
                    tree::halve(&to)
                }
                _ => tree::copy(&from, &to),
            }
        };
        tokio::task::spawn_blocking(copying)
            .await
            .map_err(std::io::Error::other)?
    }

    pub(super) fn describe_backup_job(&self, request: &Request) -> Reply {
        let id = required(request, "backupJobId")?;
        let state = self.state();
        let job = state.backup_job(&id).ok_or_else(|| not_found("Backup job", &id))?;
        Ok(Answer::json(&self.view_backup_job(job)))
    }

    pub(super) fn list_backup_jobs(&self, request: &Request) -> Reply {
        let now = self.world.clock.now();
        // The API shows the last 30 days.
        let oldest = now
            .checked_sub(SignedDuration::from_hours(30 * 24))
            .unwrap_or(Timestamp::MIN);
        let wanted = |job: &&BackupJob| {
            job.course.created_at >= oldest
                && asked(request, "resourceArn", &job.resource)
                && asked(request, "state", job.course.state.name())
                && asked(request, "backupVaultName", &job.vault)
                && asked(request, "messageCategory", job.course.category.unwrap_or(""))
                && asked(request, "resourceType", "EFS")
                && created_within(request, job.course.created_at)
        };
        let state = self.state();
        let jobs = state.backup_jobs.iter().rev().filter(wanted);
        let views = jobs.map(|job| self.view_backup_job(job)).collect();
        let (page, next) = request.page(views, "maxResults", "nextToken");
        Ok(Answer::json(&without_nulls(
            json!({"BackupJobs": page, "NextToken": next}),
        )))
    }

    pub(super) fn stop_backup_job(&self, request: &Request) -> Reply {
        let id = required(request, "backupJobId")?;
        let mut state = self.state();
        let job = state.backup_job_mut(&id).ok_or_else(|| not_found("Backup job", &id))?;
        if job.course.state.is_final() {
            return Err(unfit(format!(
                "Backup job {id} is {} and can't be stopped",
                job.course.state.name()
            )));
        }
        job.course.state = JobState::Aborting;
        job.course.stopping = true;
        drop(state);
        self.moved.send_replace(());
        Ok(Answer::empty(200))
    }

    fn view_backup_job(&self, job: &BackupJob) -> Value {
        let course = &job.course;
        let expected = (course.state == JobState::Running && !course.stuck).then(|| course.due());
        without_nulls(json!({
            "AccountId": self.world.account,
            "BackupJobId": course.id,
            "BackupVaultName": job.vault,
            "BackupVaultArn": self.vault_arn(&job.vault),
            "VaultType": "BACKUP_VAULT",
            "RecoveryPointArn": job.point,
            "RecoveryPointLifecycle": job.lifecycle,
            "EncryptionKeyArn": job.key,
            "IsEncrypted": true,
            "ResourceArn": job.resource,
            "CreationDate": epoch_seconds(course.created_at),
            "InitiationDate": epoch_seconds(course.created_at),
            "CompletionDate": time(course.ended_at),
            "ExpectedCompletionDate": time(expected),
            "StartBy": epoch_seconds(job.start_by),
            "State": course.state.name(),
            "StatusMessage": course.message,
            "MessageCategory": course.category,
            "PercentDone": course.percent_text(self.world.clock.now()),
            "BackupSizeInBytes": course.size,
            "BytesTransferred": course.size,
            "IamRoleArn": job.role,
            "ResourceType": "EFS",
            "IsParent": false,
        }))
    }
}

impl State {
    fn backup_job(&self, id: &str) -> Option<&BackupJob> {
        self.backup_jobs.iter().find(|job| job.course.id == id)
    }

    fn backup_job_mut(&mut self, id: &str) -> Option<&mut BackupJob> {
        self.backup_jobs.iter_mut().find(|job| job.course.id == id)
    }
}

fn started(job: &BackupJob) -> Answer {
    Answer::json(&json!({
        "BackupJobId": job.course.id,
        "RecoveryPointArn": job.point,
        "CreationDate": epoch_seconds(job.course.created_at),
        "IsParent": false,
    }))
}
