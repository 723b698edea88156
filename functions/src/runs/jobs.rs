//! Converts a point in the catalog to the job that the machine carries, and polls it.

use jiff::Timestamp;

use crate::domain::job::{Failure, Job, JobStatus, Progress, Run};
use crate::domain::kinds::is_read_while_backed_up;
use crate::domain::resource::RecoveryPoint;
use crate::domain::set::{Point, PointStatus};
use crate::error::{Error, Result};
use crate::kinds::Kind;

/// Whether the backup reads the application until it ends.
pub fn reads_application(point: &Point) -> bool {
    point.recovery_point.is_some() && is_read_while_backed_up(&point.resource.target)
}

/// The job of a point.
pub fn of_point(point: &Point, usual_seconds: Option<u64>) -> Job {
    let status = match point.status {
        PointStatus::InProgress => JobStatus::InProgress,
        PointStatus::Available => JobStatus::Succeeded,
        PointStatus::Failed => JobStatus::Failed,
    };
    let job = Job {
        resource: point.resource.clone(),
        status,
        holds_quiesce: reads_application(point),
        percent: point.percent,
        // A guard may have thousands of versions: nothing polls them, and the point has them.
        recovery_point: point
            .recovery_point
            .clone()
            .filter(|recovery_point| recovery_point.arn().is_some()),
        started_at: point.started_at,
        usual_seconds,
        looked_at: point.looked_at,
        misses: 0,
        failure: point.failure.clone(),
    };
    match status {
        JobStatus::InProgress => job,
        JobStatus::Succeeded | JobStatus::Failed => job.ended(),
    }
}

/// Seconds since AWS accepted the job; 0 when the clocks disagree about the order.
pub fn elapsed(point: &Point, now: Timestamp) -> u64 {
    let started_at = point.started_at.unwrap_or(now);
    u64::try_from(now.duration_since(started_at).as_secs()).unwrap_or(0)
}

/// Polls once, and records the result on the point. A failed point stays failed.
///
/// # Errors
/// Those of the poll itself, which say nothing about the backup.
pub async fn poll(kind: &dyn Kind, point: &mut Point, now: Timestamp) -> Result<()> {
    let progress = kind.poll(&point.resource, &known_recovery_point(point)?).await?;
    record_progress(point, progress, now);
    Ok(())
}

/// Records a poll's result on the point. A blocked job counts as failed.
fn record_progress(point: &mut Point, progress: Progress, now: Timestamp) {
    match progress {
        Progress::InProgress { percent } => {
            point.percent = percent.or(point.percent);
            point.looked_at = Some(now);
        }
        Progress::Succeeded(finished) => {
            point.status = PointStatus::Available;
            point.captured_at = Some(finished.captured_at);
            // Where AWS does not report an end time, the first poll that saw the end counts.
            point.finished_at = finished.finished_at.or(point.finished_at).or(Some(now));
            point.size_bytes = finished.size_bytes.or(point.size_bytes);
            point.probes = finished.probes;
            point.percent = Some(100.0);
            point.looked_at = Some(now);
            point.failure = None;
        }
        Progress::Failed { reason } | Progress::Blocked { reason } => fail(point, &Error::JobFailed(reason), now),
    }
}

/// As [`poll`], but restarts a backup that another job blocked. The restarted backup keeps the first start time, and with it
/// the deadline.
///
/// # Errors
/// Those of the poll itself, and of the start.
pub async fn poll_or_restart(kind: &dyn Kind, run: &Run, point: &mut Point, now: Timestamp) -> Result<()> {
    let recovery_point = known_recovery_point(point)?;
    match kind.poll(&point.resource, &recovery_point).await? {
        Progress::Blocked { reason } => {
            tracing::info!(set = %run.id, resource = %point.resource.name, reason, "started again");
            point.recovery_point = Some(kind.back_up_again(run, &point.resource, &recovery_point).await?);
            point.looked_at = Some(now);
        }
        progress => record_progress(point, progress, now),
    }
    Ok(())
}

fn known_recovery_point(point: &Point) -> Result<RecoveryPoint> {
    point.recovery_point.clone().ok_or_else(|| {
        Error::NotFound(format!(
            "polling the backup of {}: its recovery point is unknown. Start a new run",
            point.resource.name
        ))
    })
}

pub fn fail(point: &mut Point, error: &Error, now: Timestamp) {
    point.status = PointStatus::Failed;
    point.finished_at = point.finished_at.or(Some(now));
    point.looked_at = Some(now);
    point.failure = Some(Failure {
        error: error.name().to_owned(),
        cause: error.to_string(),
    });
}
