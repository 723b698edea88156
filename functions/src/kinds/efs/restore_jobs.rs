//! Restore jobs of AWS Backup: starting them, describing them, and identifying this restore's.

use aws_sdk_backup::operation::describe_restore_job::DescribeRestoreJobOutput;
use aws_sdk_backup::types::{RestoreJobStatus, RestoreJobsListMember};
use aws_smithy_types::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Efs;
use super::backup_jobs::names_another_job;
use super::plan::FileSystemPlan;
use crate::aws::response::LastResponse;
use crate::aws::{code, failure};
use crate::domain::efs_access::directory::JobWindow;
use crate::domain::job::Run;
use crate::domain::names;
use crate::error::{Error, Result};
use crate::kinds::part;
use crate::kinds::shared::{since, timestamp};

/// The longest that AWS Backup takes to restore a file system (EFS User Guide, "Using AWS Backup with Amazon EFS"), plus a day.
const LONGEST: SignedDuration = SignedDuration::from_hours(8 * 24);

const TOKEN: &str = "CreationToken";

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    UnderWay,
    Completed,
    Failed,
    /// Another job of AWS Backup blocked it: it has created nothing, and can be started again.
    Blocked,
}

/// A job as AWS Backup describes it.
#[derive(Debug)]
pub struct Job {
    pub id: String,
    pub state: JobState,
    /// Its state and message, for the operator.
    pub words: String,
    pub percent: Option<f64>,
    pub window: JobWindow,
    /// Seconds since it ended, by AWS's clock.
    pub ended_for: Option<i64>,
    created_arn: Option<String>,
    recovery_point: Option<String>,
}

impl Job {
    /// Ensures that the job restores what was planned, to where it was planned: an earlier attempt may have started it.
    ///
    /// # Errors
    /// `Conflict` if it does not.
    pub fn ensure_ours(&self, plan: &FileSystemPlan<'_>) -> Result<()> {
        let differs = match (self.recovery_point.as_deref(), self.created()) {
            (Some(other), _) if other != plan.arn => format!("recovery point {other} instead of {}", plan.arn),
            (_, Some(other)) if !plan.new && other != plan.source => {
                format!("into file system {other} instead of {}", plan.source)
            }
            (_, Some(other)) if plan.new && other == plan.source => {
                format!("into file system {other} itself instead of a new one")
            }
            _ => return Ok(()),
        };
        Err(Error::Conflict(format!(
            "restoring file system {}: restore job {} with this restore's token restores {differs}. Its result is not used. \
             Start a new run",
            plan.source, self.id
        )))
    }

    /// The file system into which it restores, once AWS Backup reports it.
    pub fn created(&self) -> Option<&str> {
        self.created_arn.as_deref().and_then(|arn| arn.rsplit('/').next())
    }
}

/// Starts the job, or gets the id of the one that an earlier attempt started for the same purpose.
///
/// All keys are always passed: AWS Backup accepts a job without them, which then fails (aws-cli issue 4467).
pub async fn start(efs: &Efs, run: &Run, plan: &FileSystemPlan<'_>, purpose: &str) -> Result<String> {
    let captured = part(&plan.item.configuration, "FileSystem");
    let text = |name: &str| captured[name].as_str();
    // Without a capture, EFS's default applies: encrypted with the AWS managed key.
    let encrypted = captured["Encrypted"].as_bool().unwrap_or(true);
    let mut start = efs
        .backup
        .start_restore_job()
        .recovery_point_arn(plan.arn)
        .iam_role_arn(plan.role)
        .resource_type("EFS")
        .idempotency_token(names::token(&run.id, &plan.item.planned.resource.name, purpose))
        .metadata("file-system-id", plan.source)
        .metadata("newFileSystem", plan.new.to_string())
        .metadata(TOKEN, &plan.token)
        .metadata("Encrypted", encrypted.to_string())
        .metadata("PerformanceMode", text("PerformanceMode").unwrap_or("generalPurpose"));
    if let Some(items) = plan.items() {
        start = start.metadata("itemsToRestore", json!(items).to_string());
    }
    if let Some(key) = text("KmsKeyId").filter(|_| encrypted && plan.new) {
        start = start.metadata("KmsKeyId", key);
    }
    let started = start
        .send()
        .await
        .map_err(|error| failure("starting the restore of file system", plan.source, error))?;
    started.restore_job_id.ok_or_else(|| {
        Error::Unavailable(format!(
            "starting the restore of file system {}: AWS Backup accepted the job but does not show its id yet. It is requested \
             again with the same token",
            plan.source
        ))
    })
}

/// The retryable error for a job that was just accepted and that is not visible yet.
pub fn not_shown(plan: &FileSystemPlan<'_>, id: &str) -> Error {
    Error::Unavailable(format!(
        "restoring file system {}: AWS Backup accepted restore job {id} but does not show it yet. It is requested again with \
         the same token",
        plan.source
    ))
}

/// Describes the job; `None` for a job that AWS Backup does not know.
pub async fn find_by_id(efs: &Efs, id: &str) -> Result<Option<Job>> {
    let answer = LastResponse::default();
    let described = efs
        .backup
        .describe_restore_job()
        .restore_job_id(id)
        .customize()
        .interceptor(answer.clone())
        .send()
        .await;
    match described {
        Ok(job) => Ok(Some(read(id, &job, answer.at()))),
        Err(error) if code(&error) == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(failure("describing restore job", id, error)),
    }
}

fn read(id: &str, job: &DescribeRestoreJobOutput, asked_at: Option<Timestamp>) -> Job {
    let state = job.status().map_or("without a state", RestoreJobStatus::as_str);
    let message = job.status_message().map(|message| format!(": {message}"));
    let ended = job.completion_date().and_then(timestamp);
    Job {
        id: id.to_owned(),
        state: job_state(job.status(), job.status_message()),
        words: format!("{state}{}", message.unwrap_or_default()),
        percent: job
            .percent_done()
            .and_then(|percent| percent.trim_end_matches('%').parse().ok())
            .filter(|percent| (0.0..=100.0).contains(percent)),
        window: JobWindow {
            from: job.creation_date().and_then(timestamp).unwrap_or(Timestamp::MIN),
            to: ended,
        },
        ended_for: asked_at
            .zip(ended)
            .map(|(now, ended)| now.as_second() - ended.as_second()),
        created_arn: job.created_resource_arn.clone(),
        recovery_point: job.recovery_point_arn.clone(),
    }
}

fn job_state(status: Option<&RestoreJobStatus>, message: Option<&str>) -> JobState {
    match status {
        Some(RestoreJobStatus::Completed) => JobState::Completed,
        Some(RestoreJobStatus::Failed | RestoreJobStatus::Aborted) => match names_another_job(message) {
            true => JobState::Blocked,
            false => JobState::Failed,
        },
        // An unknown state counts as in progress: the deadline ends it.
        _ => JobState::UnderWay,
    }
}

/// The id of the job that an attempt of this run started without recording it: the one whose metadata contains this restore's
/// token, and that no other job blocked.
///
/// # Errors
/// `NotReady` while a job that restores the same and may be this run's does not show its metadata.
pub async fn find(efs: &Efs, run: &Run, plan: &FileSystemPlan<'_>) -> Result<Option<String>> {
    let mut undetermined = None;
    for job in listed(efs, None, Some(since(run))).await? {
        let blocked = job_state(job.status(), job.status_message()) == JobState::Blocked;
        if job.recovery_point_arn() != Some(plan.arn) || blocked {
            continue;
        }
        let Some(id) = job.restore_job_id else { continue };
        let response = efs.backup.get_restore_job_metadata().restore_job_id(&id).send().await;
        let metadata = match response {
            Ok(response) => response.metadata.unwrap_or_default(),
            Err(error) if code(&error) == Some("ResourceNotFoundException") => {
                undetermined = Some(id);
                continue;
            }
            Err(error) => return Err(failure("reading the metadata of restore job", &id, error)),
        };
        if metadata.get(TOKEN) == Some(&plan.token) {
            return Ok(Some(id));
        }
    }
    match undetermined {
        Some(id) => Err(Error::NotReady(format!(
            "looking for the restore of file system {}: restore job {id} restores the same recovery point, and does not show \
             yet whose it is. It is checked again in a few minutes",
            plan.source
        ))),
        None => Ok(None),
    }
}

/// The jobs that have not ended and may be restoring into this file system.
pub async fn under_way(efs: &Efs, file_system: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for status in [RestoreJobStatus::Pending, RestoreJobStatus::Running] {
        let jobs = listed(efs, Some(status), None).await?;
        let into = jobs.into_iter().filter(|job| may_fill(job, file_system));
        found.extend(into.filter_map(|job| job.restore_job_id));
    }
    Ok(found)
}

/// When the other jobs ran that may have restored into this file system during `job`.
pub async fn others(efs: &Efs, job: &Job, file_system: &str) -> Result<Vec<JobWindow>> {
    let earliest = job.window.from.saturating_sub(LONGEST).unwrap_or(Timestamp::MIN);
    let jobs = listed(efs, None, Some(DateTime::from_secs(earliest.as_second()))).await?;
    let others = jobs
        .iter()
        .filter(|other| other.restore_job_id() != Some(job.id.as_str()) && may_fill(other, file_system));
    Ok(others
        .map(|other| JobWindow {
            from: other.creation_date().and_then(timestamp).unwrap_or(Timestamp::MIN),
            to: other.completion_date().and_then(timestamp),
        })
        .collect())
}

/// A job that has not begun does not report its target, only the source of its recovery point.
fn may_fill(job: &RestoreJobsListMember, file_system: &str) -> bool {
    let is = |arn: &str| arn.rsplit('/').next() == Some(file_system);
    job.created_resource_arn().or(job.source_resource_arn()).is_none_or(is)
}

async fn listed(
    efs: &Efs,
    status: Option<RestoreJobStatus>,
    created_after: Option<DateTime>,
) -> Result<Vec<RestoreJobsListMember>> {
    let mut found = Vec::new();
    let mut pages = efs
        .backup
        .list_restore_jobs()
        .by_resource_type("EFS")
        .set_by_status(status)
        .set_by_created_after(created_after)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failure("listing restore jobs of", "EFS", error))?;
        found.extend(page.restore_jobs.unwrap_or_default());
    }
    Ok(found)
}
