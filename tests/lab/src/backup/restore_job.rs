//! Restore jobs: into a directory `aws-backup-restore_<time>` of the same file system or of a new one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::job::{JobCourse, JobState};
use super::queue::WaitEnd;
use super::restore_order::{self, RestoreOrder};
use super::state::{Inner, PointStatus, RestoreJob, State};
use super::wire::{asked, created_within, invalid, not_found, required, role, time, unfit};
use super::{tags, tree};
use crate::clock::epoch_seconds;
use crate::faults::FaultKind;
use crate::rest::{Refusal, Reply, Request, without_nulls};
use crate::service::{Answer, Call};

impl Inner {
    pub(super) fn start_restore_job(self: &Arc<Self>, call: &Call, request: &Request) -> Reply {
        let arn = required(request, "RecoveryPointArn")?;
        if !request.body["Metadata"].is_object() {
            let message = "Metadata is a required parameter";
            return Err(Refusal::new(400, "MissingParameterValueException", message));
        }
        let metadata = tags::read(&request.body["Metadata"])?;
        if request.text("ResourceType").is_some_and(|kind| kind != "EFS") {
            return Err(invalid("ResourceType does not fit the recovery point, which is of EFS"));
        }
        let role = request.text("IamRoleArn").map(|_| role(request)).transpose()?;
        let now = self.world.clock.now();
        let mut state = self.state();
        let token = request.text("IdempotencyToken").map(|token| ("StartRestoreJob", token));
        if let Some(id) = token.as_ref().and_then(|token| state.tokens.get(token)) {
            return Ok(Answer::json(&json!({"RestoreJobId": id})));
        }
        let point = state
            .points
            .get(&arn)
            .ok_or_else(|| not_found("Recovery point", &arn))?
            .clone();
        if !matches!(point.status, PointStatus::Completed | PointStatus::Partial) {
            let message = format!("Recovery point {arn} is {} and can't be restored", point.status.name());
            return Err(unfit(message));
        }
        let fault = self.world.faults.for_job(call);
        let mut course = JobCourse::new(now, self.world.durations.of(|seconds| seconds.restore_job));
        course.stuck = fault == Some(FaultKind::JobStuck);
        course.size = point.size;
        let id = course.id.clone();
        state.restore_jobs.push(RestoreJob {
            course,
            point,
            role,
            metadata,
            created_resource: None,
            copy_tags: request.body["CopySourceTagsToRestoredResource"]
                .as_bool()
                .unwrap_or(false),
            fault,
        });
        if let Some(token) = token {
            state.tokens.insert(token, id.clone());
        }
        drop(state);
        let inner = self.clone();
        let answer = Answer::json(&json!({"RestoreJobId": id}));
        let running = self.world.work.begin();
        tokio::spawn(async move {
            inner.run_restore_job(&id).await;
            drop(running);
        });
        Ok(answer)
    }

    async fn run_restore_job(&self, id: &str) {
        let Some(job) = self.state().restore_job(id).cloned() else {
            return;
        };
        let (end, message) = match self.restore(&job).await {
            Ok(()) => (JobState::Completed, None),
            Err((end, message)) => (end, Some(message)),
        };
        if let Ok(order) = restore_order::read(&job.metadata) {
            self.leave_queue(&self.efs.arn(&order.file_system), id);
        }
        let now = self.world.clock.now();
        let mut state = self.state();
        if end == JobState::Completed
            && let Some(point) = state.points.get_mut(&job.point.arn)
        {
            point.restored_at = Some(now);
        }
        if let Some(job) = state.restore_job_mut(id) {
            job.course.end(now, end, message, None);
        }
    }

    /// Runs the job.
    async fn restore(&self, job: &RestoreJob) -> Result<(), (JobState, String)> {
        let id = job.course.id.as_str();
        let failed = |message: String| (JobState::Failed, message);
        let gone = || (JobState::Aborted, "The restore job is gone".to_owned());
        let order = restore_order::read(&job.metadata).map_err(failed)?;
        if order.new.is_none() {
            let resource = self.efs.arn(&order.file_system);
            Self::enqueue(&mut self.state(), &resource, id);
            if self.wait_for_turn(&resource, id, Timestamp::MAX).await == WaitEnd::Stopped {
                return Err(gone());
            }
        }
        let file_system = self.target(&order, job).await.map_err(failed)?;
        let root = self.efs.directory(&file_system);
        let root = root.ok_or_else(|| failed(format!("File system {file_system} does not exist")))?;
        let due = {
            let mut state = self.state();
            let job = state.restore_job_mut(id).ok_or_else(gone)?;
            job.course.start(self.world.clock.now());
            job.created_resource = Some(self.efs.arn(&file_system));
            job.course.due()
        };
        let directory = new_directory(&root, self.world.clock.now())
            .map_err(|error| failed(format!("The restore directory can't be made: {error}")))?;
        let due = if job.fault == Some(FaultKind::JobStuck) {
            Timestamp::MAX
        } else {
            due
        };
        if self.wait_until(id, due).await == WaitEnd::Stopped {
            return Err(gone());
        }
        let outcome = match job.fault {
            Some(FaultKind::JobFailed | FaultKind::JobExpired) => Err(failed(
                "Restore job failed: the role lacks elasticfilesystem:Restore".to_owned(),
            )),
            Some(FaultKind::JobAborted) => Err((JobState::Aborted, "The restore job was aborted".to_owned())),
            Some(FaultKind::JobZeroBytes) => Ok(()),
            other => {
                let copied = self.copy_back(job, order.items, directory.clone(), other).await;
                copied.map_err(|error| failed(format!("Restore job failed: {error}")))
            }
        };
        if outcome.is_err() {
            // The files restored so far are kept, in a directory whose name says so.
            let name = directory.file_name().unwrap_or_default().to_string_lossy();
            let name = name.replace("aws-backup-restore_", "aws-backup-failed-restore_");
            let _ = std::fs::rename(&directory, root.join(name));
        }
        outcome
    }

    /// The file system to restore into, created if a new one is requested.
    async fn target(&self, order: &RestoreOrder, job: &RestoreJob) -> Result<String, String> {
        let Some(new) = &order.new else {
            return Ok(order.file_system.clone());
        };
        let mut new = new.clone();
        if job.copy_tags {
            new.tags.clone_from(&job.point.tags);
        }
        self.efs
            .create(new)
            .await
            .map_err(|refusal| format!("The file system can't be made: {refusal}"))
    }

    async fn copy_back(
        &self,
        job: &RestoreJob,
        items: Vec<PathBuf>,
        directory: PathBuf,
        fault: Option<FaultKind>,
    ) -> std::io::Result<()> {
        let from = self.place(&job.point.arn);
        let copying = move || {
            if items.is_empty() {
                tree::copy(&from, &directory)?;
            }
            for item in items {
                if let Some(parent) = item.parent() {
                    std::fs::create_dir_all(directory.join(parent))?;
                }
                tree::copy(&from.join(&item), &directory.join(&item))?;
            }
            if fault == Some(FaultKind::JobPartial) {
                tree::halve(&directory)?;
                return Err(std::io::Error::other("some files could not be restored"));
            }
            Ok(())
        };
        tokio::task::spawn_blocking(copying)
            .await
            .map_err(std::io::Error::other)?
    }

    pub(super) fn describe_restore_job(&self, request: &Request) -> Reply {
        let id = required(request, "restoreJobId")?;
        let state = self.state();
        let job = state.restore_job(&id).ok_or_else(|| not_found("Restore job", &id))?;
        Ok(Answer::json(&self.view_restore_job(job)))
    }

    pub(super) fn list_restore_jobs(&self, request: &Request) -> Reply {
        let wanted = |job: &&RestoreJob| {
            asked(request, "status", job.course.state.restore_name())
                && asked(request, "resourceType", "EFS")
                && created_within(request, job.course.created_at)
        };
        let state = self.state();
        let jobs = state.restore_jobs.iter().rev().filter(wanted);
        let views = jobs.map(|job| self.view_restore_job(job)).collect();
        let (page, next) = request.page(views, "maxResults", "nextToken");
        Ok(Answer::json(&without_nulls(
            json!({"RestoreJobs": page, "NextToken": next}),
        )))
    }

    pub(super) fn restore_job_metadata(&self, request: &Request) -> Reply {
        let id = required(request, "restoreJobId")?;
        let state = self.state();
        let job = state.restore_job(&id).ok_or_else(|| not_found("Restore job", &id))?;
        Ok(Answer::json(&json!({"RestoreJobId": id, "Metadata": job.metadata})))
    }

    fn view_restore_job(&self, job: &RestoreJob) -> Value {
        let course = &job.course;
        without_nulls(json!({
            "AccountId": self.world.account,
            "RestoreJobId": course.id,
            "RecoveryPointArn": job.point.arn,
            "SourceResourceArn": job.point.resource,
            "BackupVaultArn": self.vault_arn(&job.point.vault),
            "CreationDate": epoch_seconds(course.created_at),
            "CompletionDate": time(course.ended_at),
            "Status": course.state.restore_name(),
            "StatusMessage": course.message,
            "PercentDone": format!("{:.2}%", course.percent(self.world.clock.now())),
            "BackupSizeInBytes": course.size,
            "IamRoleArn": job.role,
            "CreatedResourceArn": job.created_resource,
            "ResourceType": "EFS",
            "RecoveryPointCreationDate": epoch_seconds(job.point.created_at),
            "IsParent": false,
        }))
    }
}

impl State {
    fn restore_job(&self, id: &str) -> Option<&RestoreJob> {
        self.restore_jobs.iter().find(|job| job.course.id == id)
    }

    fn restore_job_mut(&mut self, id: &str) -> Option<&mut RestoreJob> {
        self.restore_jobs.iter_mut().find(|job| job.course.id == id)
    }
}

/// Creates `aws-backup-restore_2025-03-28T14-13-02-250589632Z` under the root: with nanoseconds, or with milliseconds,
/// as both have been seen. Either is possible, so that no code computes the name.
fn new_directory(root: &Path, now: Timestamp) -> std::io::Result<PathBuf> {
    let digits = if now.as_nanosecond() % 2 == 0 { 9 } else { 3 };
    let nanoseconds = now.subsec_nanosecond();
    let fraction = &format!("{nanoseconds:09}")[..digits];
    let seconds = now.strftime("%Y-%m-%dT%H-%M-%S");
    let path = root.join(format!("aws-backup-restore_{seconds}-{fraction}Z"));
    match std::fs::create_dir(&path) {
        // Another restore has the same time: take the next nanosecond.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let next = now.checked_add(jiff::SignedDuration::from_nanos(1));
            new_directory(root, next.map_err(std::io::Error::other)?)
        }
        made => made.map(|()| path),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn directories_bear_the_time_with_milliseconds_or_nanoseconds_and_never_collide() {
        let root = tempfile::tempdir().unwrap();
        let name = |at: &str| {
            let path = new_directory(root.path(), at.parse().unwrap()).unwrap();
            path.file_name().unwrap().to_string_lossy().into_owned()
        };
        assert_eq!(
            name("2025-03-28T14:13:02.250589632Z"),
            "aws-backup-restore_2025-03-28T14-13-02-250589632Z"
        );
        assert_eq!(
            name("2025-03-28T14:13:02.250589633Z"),
            "aws-backup-restore_2025-03-28T14-13-02-250Z"
        );
        assert_eq!(
            name("2025-03-28T14:13:02.250589635Z"),
            "aws-backup-restore_2025-03-28T14-13-02-250589636Z"
        );
    }
}
