//! Copy jobs: a recovery point into another vault, as a recovery point of its own.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::job::{JobCourse, JobState};
use super::queue::WaitEnd;
use super::state::{CopyJob, Inner, Point, PointStatus, State};
use super::tree;
use super::wire::{asked, created_within, invalid, lifecycle, not_found, required, role, time, unfit};
use crate::clock::epoch_seconds;
use crate::faults::FaultKind;
use crate::rest::{Reply, Request, without_nulls};
use crate::service::{Answer, Call};

impl Inner {
    pub(super) async fn start_copy_job(self: &Arc<Self>, call: &Call, request: &Request) -> Reply {
        let arn = required(request, "RecoveryPointArn")?;
        let from = self.vault(&required(request, "SourceBackupVaultName")?).await?;
        let to = required(request, "DestinationBackupVaultArn")?;
        let role = role(request)?;
        let prefix = self.vault_arn("");
        let name = to.strip_prefix(&prefix);
        let name = name.ok_or_else(|| invalid(format!("{to} is not a vault of this account and Region")))?;
        let to = self.vault(name).await?;
        let lifecycle = lifecycle(request)?;
        let now = self.world.clock.now();
        let mut state = self.state();
        let token = request.text("IdempotencyToken").map(|token| ("StartCopyJob", token));
        let earlier = token.as_ref().and_then(|token| state.tokens.get(token));
        if let Some(job) = earlier.and_then(|id| state.copy_job(id)) {
            return Ok(started(job));
        }
        let source = state.points.get(&arn).filter(|point| point.vault == from.name).cloned();
        let source = source.ok_or_else(|| not_found("Recovery point", &arn))?;
        if source.status != PointStatus::Completed {
            let message = format!("Recovery point {arn} is {} and can't be copied", source.status.name());
            return Err(unfit(message));
        }
        let fault = self.world.faults.for_job(call);
        let mut course = JobCourse::new(now, self.world.durations.of(|seconds| seconds.copy_job));
        course.stuck = fault == Some(FaultKind::JobStuck);
        course.size = source.size;
        let target = Point {
            arn: self.new_point_arn(),
            vault: to.name,
            source_vault: Some(from.name),
            role: role.clone(),
            key: to.key,
            status: PointStatus::Creating,
            message: None,
            created_at: now,
            completed_at: None,
            restored_at: None,
            lifecycle,
            ..source.clone()
        };
        let job = CopyJob {
            course,
            source,
            target: target.clone(),
            role,
            fault,
        };
        let (id, resource) = (job.course.id.clone(), target.resource.clone());
        let answer = started(&job);
        state.points.insert(target.arn.clone(), target);
        state.copy_jobs.push(job);
        Self::enqueue(&mut state, &resource, &id);
        if let Some(token) = token {
            state.tokens.insert(token, id.clone());
        }
        drop(state);
        let inner = self.clone();
        let running = self.world.work.begin();
        tokio::spawn(async move {
            inner.run_copy_job(&id).await;
            drop(running);
        });
        Ok(answer)
    }

    async fn run_copy_job(&self, id: &str) {
        let Some(job) = self.state().copy_job(id).cloned() else {
            return;
        };
        let outcome = self.copy_point(&job).await;
        let now = self.world.clock.now();
        let (end, message, category) = match outcome {
            Ok(None) => (JobState::Completed, None, "SUCCESS"),
            Ok(Some(issue)) => (JobState::Completed, Some(issue), "AccessDenied"),
            Err((end, message)) => (end, Some(message), "FAILURE"),
        };
        if end == JobState::Failed {
            self.remove_point(&job.target.arn);
        }
        let mut state = self.state();
        if let Some(point) = state.points.get_mut(&job.target.arn) {
            point.status = if end == JobState::Completed {
                PointStatus::Completed
            } else {
                PointStatus::Partial
            };
            point.completed_at = Some(now);
        }
        if let Some(job) = state.copy_job_mut(id) {
            job.course.end(now, end, message, Some(category));
        }
        drop(state);
        self.leave_queue(&job.target.resource, id);
    }

    /// Runs the job; returns an issue if it is completed with one.
    async fn copy_point(&self, job: &CopyJob) -> Result<Option<String>, (JobState, String)> {
        let id = job.course.id.as_str();
        let failed = |message: &str| (JobState::Failed, message.to_owned());
        let turn = self.wait_for_turn(&job.target.resource, id, Timestamp::MAX).await;
        let due = {
            let mut state = self.state();
            let job = state.copy_job_mut(id).filter(|_| turn == WaitEnd::Through);
            let job = job.ok_or_else(|| failed("The copy job is gone"))?;
            job.course.start(self.world.clock.now());
            job.course.due()
        };
        let stuck = job.fault == Some(FaultKind::JobStuck);
        if self.wait_until(id, if stuck { Timestamp::MAX } else { due }).await == WaitEnd::Stopped {
            return Err(failed("The copy job is gone"));
        }
        if matches!(
            job.fault,
            Some(FaultKind::JobFailed | FaultKind::JobAborted | FaultKind::JobExpired)
        ) {
            return Err(failed(
                "Copy job failed: the vault's policy denies backup:CopyIntoBackupVault",
            ));
        }
        let (from, to) = (self.place(&job.source.arn), self.place(&job.target.arn));
        let fault = job.fault;
        let copying = move || match fault {
            Some(FaultKind::JobZeroBytes) => std::fs::create_dir_all(&to).map(|()| 0),
            _ => tree::copy(&from, &to),
        };
        let copied = tokio::task::spawn_blocking(copying)
            .await
            .map_err(std::io::Error::other);
        copied
            .flatten()
            .map_err(|error| failed(&format!("Copy job failed: {error}")))?;
        match job.fault {
            Some(FaultKind::JobPartial) => {
                let message = "The copy window closed before all files were copied".to_owned();
                Err((JobState::Partial, message))
            }
            Some(FaultKind::JobCompletedWithIssues) => Ok(Some("Copy job completed with issues".to_owned())),
            _ => Ok(None),
        }
    }

    pub(super) fn describe_copy_job(&self, request: &Request) -> Reply {
        let id = required(request, "copyJobId")?;
        let state = self.state();
        let job = state.copy_job(&id).ok_or_else(|| not_found("Copy job", &id))?;
        Ok(Answer::json(&json!({"CopyJob": self.view_copy_job(job)})))
    }

    pub(super) fn list_copy_jobs(&self, request: &Request) -> Reply {
        let wanted = |job: &&CopyJob| {
            asked(request, "resourceArn", &job.target.resource)
                && asked(request, "state", job.course.state.name())
                && asked(request, "destinationVaultArn", &self.vault_arn(&job.target.vault))
                && asked(request, "sourceRecoveryPointArn", &job.source.arn)
                && created_within(request, job.course.created_at)
        };
        let state = self.state();
        let jobs = state.copy_jobs.iter().rev().filter(wanted);
        let views = jobs.map(|job| self.view_copy_job(job)).collect();
        let (page, next) = request.page(views, "maxResults", "nextToken");
        Ok(Answer::json(&without_nulls(
            json!({"CopyJobs": page, "NextToken": next}),
        )))
    }

    fn view_copy_job(&self, job: &CopyJob) -> Value {
        let course = &job.course;
        without_nulls(json!({
            "AccountId": self.world.account,
            "CopyJobId": course.id,
            "SourceBackupVaultArn": self.vault_arn(&job.source.vault),
            "SourceRecoveryPointArn": job.source.arn,
            "DestinationBackupVaultArn": self.vault_arn(&job.target.vault),
            "DestinationRecoveryPointArn": job.target.arn,
            "DestinationEncryptionKeyArn": job.target.key,
            "DestinationRecoveryPointLifecycle": job.target.lifecycle,
            "ResourceArn": job.target.resource,
            "CreationDate": epoch_seconds(course.created_at),
            "CompletionDate": time(course.ended_at),
            "State": course.state.name(),
            "StatusMessage": course.message,
            "MessageCategory": course.category,
            "BackupSizeInBytes": course.size,
            "IamRoleArn": job.role,
            "ResourceType": "EFS",
            "IsParent": false,
        }))
    }
}

impl State {
    fn copy_job(&self, id: &str) -> Option<&CopyJob> {
        self.copy_jobs.iter().find(|job| job.course.id == id)
    }

    fn copy_job_mut(&mut self, id: &str) -> Option<&mut CopyJob> {
        self.copy_jobs.iter_mut().find(|job| job.course.id == id)
    }
}

fn started(job: &CopyJob) -> Answer {
    Answer::json(&json!({
        "CopyJobId": job.course.id,
        "CreationDate": epoch_seconds(job.course.created_at),
        "IsParent": false,
    }))
}
