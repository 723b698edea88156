//! Whether the backup of a file system is finished: its job and its recovery point, described once.

use aws_sdk_backup::operation::describe_backup_job::DescribeBackupJobOutput;
use aws_sdk_backup::types::{BackupJobState, RecoveryPointStatus};

use super::Efs;
use super::recovery_points::{self, parts};
use crate::aws::{code, failure};
use crate::domain::job::{Finished, Progress};
use crate::domain::resource::RecoveryPoint;
use crate::error::Result;
use crate::kinds::shared::timestamp;

impl Efs {
    pub(super) async fn find_backup_job(&self, job: &str) -> Result<Option<DescribeBackupJobOutput>> {
        match self.backup.describe_backup_job().backup_job_id(job).send().await {
            Ok(found) => Ok(Some(found)),
            Err(error) if code(&error) == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(failure("describing backup job", job, error)),
        }
    }
}

/// A job that is `COMPLETED` is not necessarily a backup: the console's "Completed with issues" is `COMPLETED` with another
/// `MessageCategory`, and the recovery point has to exist and to be finished.
///
/// The data is as of the job's end: AWS Backup reads the files while the job runs, and may or may not include what is written
/// meanwhile (EFS User Guide, "Backup consistency").
pub async fn poll(efs: &Efs, point: &RecoveryPoint) -> Result<Progress> {
    let (arn, vault, job_id) = parts(point)?;
    let failed = |reason: String| Ok(Progress::Failed { reason });
    let Some(job) = efs.find_backup_job(job_id).await? else {
        return failed(format!("AWS Backup does not know backup job {job_id} any more"));
    };
    let state = words(&job);
    match job.state() {
        Some(BackupJobState::Completed) => {}
        Some(_) if was_blocked(&job) => {
            // If it is started while the other still runs, it would only be blocked again.
            return Ok(match recovery_points::another_runs(efs, &job).await? {
                true => Progress::InProgress { percent: None },
                false => Progress::Blocked {
                    reason: format!("backup job {job_id} ended {state}"),
                },
            });
        }
        Some(BackupJobState::Failed | BackupJobState::Aborted | BackupJobState::Expired | BackupJobState::Partial) => {
            return failed(format!("backup job {job_id} ended {state}"));
        }
        // An unknown state counts as in progress: the deadline ends it.
        _ => {
            return Ok(Progress::InProgress { percent: percent(&job) });
        }
    }
    if job
        .message_category()
        .is_some_and(|category| !category.eq_ignore_ascii_case("SUCCESS"))
    {
        return failed(format!("backup job {job_id} ended with issues: {state}"));
    }
    let Some(found) = efs.find_recovery_point(vault, arn).await? else {
        return failed(format!(
            "backup job {job_id} ended {state}, but recovery point {arn} is not in vault {vault}"
        ));
    };
    match found.status() {
        Some(RecoveryPointStatus::Completed | RecoveryPointStatus::Available) => {}
        Some(RecoveryPointStatus::Creating) | None => {
            return Ok(Progress::InProgress { percent: percent(&job) });
        }
        Some(status) => {
            let why = found
                .status_message()
                .map(|message| format!(": {message}"))
                .unwrap_or_default();
            return failed(format!(
                "the status of recovery point {arn} is {}{why}",
                status.as_str()
            ));
        }
    }
    // 0 bytes for an empty file system: whether that is plausible is decided where more is known.
    let size = found.backup_size_in_bytes().and_then(|size| u64::try_from(size).ok());
    match job.completion_date().or(found.completion_date()).and_then(timestamp) {
        Some(ended) => Ok(Progress::Succeeded(Finished {
            captured_at: ended,
            finished_at: Some(ended),
            size_bytes: Some(size.unwrap_or(0)),
            probes: Vec::new(),
        })),
        None => Ok(Progress::InProgress { percent: percent(&job) }),
    }
}

/// A job that waited for another until its start window was over.
fn was_blocked(job: &DescribeBackupJobOutput) -> bool {
    let ended = matches!(
        job.state(),
        Some(BackupJobState::Failed | BackupJobState::Aborted | BackupJobState::Expired)
    );
    ended && names_another_job(job.status_message())
}

/// AWS Backup runs one job per file system at a time, and reports a job that another one blocked only by this message.
pub fn names_another_job(message: Option<&str>) -> bool {
    message.is_some_and(|message| message.contains("running job for the same resource"))
}

/// State, category and message of a job, for the operator.
fn words(job: &DescribeBackupJobOutput) -> String {
    let state = job.state().map_or("without a state", BackupJobState::as_str);
    let category = job
        .message_category()
        .map(|category| format!(" ({category})"))
        .unwrap_or_default();
    let message = job
        .status_message()
        .map(|message| format!(": {message}"))
        .unwrap_or_default();
    format!("{state}{category}{message}")
}

/// AWS Backup returns the percentage as text, such as `"12.5"`; older responses had a percent sign.
fn percent(job: &DescribeBackupJobOutput) -> Option<f64> {
    job.percent_done()?
        .trim_end_matches('%')
        .parse()
        .ok()
        .filter(|percent| (0.0..=100.0).contains(percent))
}
