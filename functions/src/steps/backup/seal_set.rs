//! `seal-set`: describes every recovery point once more, then seals the set by one conditional write after its points, or
//! records why it failed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::domain::hooks::quiesced_window;
use crate::domain::job::{Failure, Job, JobStatus, Run};
use crate::domain::resource::RecoveryPoint;
use crate::domain::seal::{self, Evidence, Verdict};
use crate::domain::set::{BackupSet, Point, PointStatus, ProbeResult, Reason, SetStatus};
use crate::error::{Class, Error, Result};
use crate::runs::execution_input::Caught;
use crate::runs::jobs;
pub use crate::runs::needs::KindNeeds as Needs;

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub run: Run,
    /// The results of the resources' backups.
    pub jobs: Vec<Job>,
    /// A failure to resume: it affects no recovery point, but on-call has to know.
    #[serde(default)]
    pub resume_failure: Option<Caught>,
    /// A failure to poll the jobs: those still in progress failed with it, unless their recovery points exist by now.
    #[serde(default)]
    pub look_failure: Option<Caught>,
    #[serde(default)]
    pub probes: Vec<ProbeResult>,
    /// The error that the machine caught before this step.
    pub failure: Option<Caught>,
    pub now: Timestamp,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Output {
    pub sealed: bool,
    pub set: String,
}

pub async fn handle(needs: &Needs, input: Input) -> Result<Output> {
    let Input {
        run,
        mut jobs,
        resume_failure,
        look_failure,
        probes,
        failure,
        now,
    } = input;
    let catalog = &needs.catalog;
    let mut set = catalog.set(&run.deployment, &run.id).await?.ok_or_else(|| {
        Error::NotFound(format!(
            "sealing set {}: it is not in the catalog. Start a new run",
            run.id
        ))
    })?;
    if let Some(caught) = &resume_failure {
        catalog.warn_run(&run.deployment, &run.id, caught.reason()).await?;
    }
    if let Some(caught) = &look_failure {
        catalog.warn_run(&run.deployment, &run.id, caught.reason()).await?;
        for job in jobs.iter_mut().filter(|job| job.status == JobStatus::InProgress) {
            job.status = JobStatus::Failed;
            job.failure = Some(Failure {
                error: caught.error.clone(),
                cause: caught.cause.clone(),
            });
        }
    }
    if set.status == SetStatus::Running {
        let mut points = finalize_points(needs, &run, &set, &jobs, now).await?;
        let mut failures: Vec<Reason> = failure.iter().map(Caught::reason).collect();
        if quiesced_seconds(catalog, &run).await?.is_some() {
            failures.extend(resumed_too_early(&jobs, &points));
        }
        let evidence = Evidence {
            planned: &set.resources,
            points: &points,
            jobs: &jobs,
            failures: &failures,
        };
        let verdict = seal::verdict(&evidence);
        if let Verdict::Failed(reasons) = &verdict {
            fail_unstarted(catalog, &run, &mut points, reasons, now).await?;
        }
        set.ended_at = Some(now);
        set.probes = probes;
        set.probes.extend(points.iter().flat_map(|point| point.probes.clone()));
        set.quiesced_seconds = quiesced_seconds(catalog, &run).await?;
        let reading = points.iter().filter(|point| jobs::reads_application(point));
        let record = catalog.run(&run.deployment, &run.id).await?;
        set.quiesced_throughout = record.and_then(|record| quiesced_window::was_quiesced_throughout(&record, reading));
        conclude(&mut set, verdict);
        set.status = catalog.close_set(&set).await?;
    }
    let sealed = set.status == SetStatus::Sealed;
    if sealed {
        remember_durations(catalog, &run).await?;
        mark_sealed(needs, &run).await?;
    }
    tracing::info!(deployment = %run.deployment, set = %run.id, sealed, "closed");
    Ok(Output { sealed, set: run.id })
}

/// The backups that needed the application at rest, but whose end was not seen before it resumed: they exist, and may contain
/// files from two points in time.
fn resumed_too_early(jobs: &[Job], points: &[Point]) -> Vec<Reason> {
    let available = |job: &&Job| {
        let mut points = points.iter();
        points.any(|point| point.resource.name == job.resource.name && point.status == PointStatus::Available)
    };
    let reason = |job: &Job| {
        let failure = job.failure.as_ref()?;
        Some(Reason {
            subject: job.resource.name.clone(),
            error: failure.error.clone(),
            message: format!(
                "its end was not seen, so the application was resumed while it may still have been read: {}. Start a new run",
                failure.cause
            ),
        })
    };
    jobs.iter()
        .filter(|job| job.status == JobStatus::Failed && job.holds_quiesce)
        .filter(available)
        .filter_map(reason)
        .collect()
}

/// Describes every point once more, records the result, and returns the set's points.
async fn finalize_points(
    needs: &Needs,
    run: &Run,
    set: &BackupSet,
    jobs: &[Job],
    now: Timestamp,
) -> Result<Vec<Point>> {
    let mut points = needs.catalog.points(&run.deployment, &run.id).await?;
    for point in &mut points {
        let before = point.clone();
        if point.recovery_point.is_some() && point.status != PointStatus::Failed {
            describe(needs, point, now).await?;
        }
        let job = jobs.iter().find(|job| job.resource.name == point.resource.name);
        let failed = job.filter(|job| job.status == JobStatus::Failed);
        if point.status == PointStatus::InProgress
            && let Some(job) = failed
        {
            point.status = PointStatus::Failed;
            point.finished_at = Some(now);
            point.failure = job.failure.clone();
        }
        if *point != before {
            needs.catalog.finalize_point(&run.deployment, point).await?;
        }
    }
    // A backup that never started gets a point too, so that the set shows every resource.
    for job in jobs {
        let planned = set.resources.contains(&job.resource.name);
        if planned && !points.iter().any(|point| point.resource.name == job.resource.name) {
            let point = never_started(run, job, now);
            needs.catalog.finalize_point(&run.deployment, &point).await?;
            points.push(point);
        }
    }
    Ok(points)
}

/// A failed set starts no more backups: a point that is only the intent to start one has failed with it.
async fn fail_unstarted(
    catalog: &Catalog,
    run: &Run,
    points: &mut [Point],
    reasons: &[Reason],
    now: Timestamp,
) -> Result<()> {
    let intents = points
        .iter_mut()
        .filter(|point| point.status == PointStatus::InProgress && point.recovery_point.is_none());
    for point in intents {
        let own = reasons.iter().find(|reason| reason.subject == point.resource.name);
        point.status = PointStatus::Failed;
        point.finished_at = Some(now);
        point.failure = Some(Failure {
            error: own.map_or("JobFailed", |reason| &reason.error).to_owned(),
            cause: own
                .map_or("its backup was never started", |reason| &reason.message)
                .to_owned(),
        });
        catalog.finalize_point(&run.deployment, point).await?;
    }
    Ok(())
}

/// A permanent error fails the point: a recovery point that cannot be described cannot be known to be finished.
async fn describe(needs: &Needs, point: &mut Point, now: Timestamp) -> Result<()> {
    // Regardless of its earlier status, only this poll can say that it is finished.
    point.status = PointStatus::InProgress;
    match jobs::poll(needs.kinds.of(&point.resource.target), point, now).await {
        Ok(()) => Ok(()),
        Err(error) if error.class() == Class::Final => {
            jobs::fail(point, &error, now);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn never_started(run: &Run, job: &Job, now: Timestamp) -> Point {
    Point {
        status: PointStatus::Failed,
        recovery_point: job.recovery_point.clone(),
        started_at: job.started_at,
        finished_at: Some(now),
        failure: job.failure.clone(),
        ..Point::begun(&run.id, job.resource.clone())
    }
}

fn conclude(set: &mut BackupSet, verdict: Verdict) {
    match verdict {
        Verdict::Sealed(capture) => {
            set.status = SetStatus::Sealed;
            set.captured_from = Some(capture.from);
            set.captured_to = Some(capture.to);
            set.skew_seconds = Some(capture.skew_seconds());
        }
        Verdict::Failed(reasons) => {
            set.status = SetStatus::Failed;
            set.reasons = reasons;
        }
    }
}

/// Seconds between quiescing and resuming; `None` while one of the two is missing.
async fn quiesced_seconds(catalog: &Catalog, run: &Run) -> Result<Option<f64>> {
    let record = catalog.run(&run.deployment, &run.id).await?;
    Ok(record.and_then(|record| {
        let window = record.resumed_at?.duration_since(record.quiesced_at?);
        Some(window.as_secs_f64())
    }))
}

async fn remember_durations(catalog: &Catalog, run: &Run) -> Result<()> {
    for point in catalog.points(&run.deployment, &run.id).await? {
        if let (Some(_), Some(finished_at)) = (point.started_at, point.finished_at) {
            let seconds = jobs::elapsed(&point, finished_at);
            catalog
                .add_timing(&run.deployment, &point.resource.name, &run.id, seconds)
                .await?;
        }
    }
    Ok(())
}

/// Tags every recovery point as part of a sealed set, with the number of points: a lost catalog is rebuilt from these tags. The
/// set is sealed by its record, so that a tag that cannot be added is only a warning.
async fn mark_sealed(needs: &Needs, run: &Run) -> Result<()> {
    let points = needs.catalog.points(&run.deployment, &run.id).await?;
    let tagged: Vec<(&Point, &RecoveryPoint)> = points
        .iter()
        .filter_map(|point| {
            Some((
                point,
                point.recovery_point.as_ref().filter(|found| found.arn().is_some())?,
            ))
        })
        .collect();
    for (point, recovery_point) in &tagged {
        let kind = needs.kinds.of(&point.resource.target);
        match kind.mark_sealed(recovery_point, tagged.len()).await {
            Ok(()) => {}
            Err(error) if error.class() == Class::Final => {
                let warning = Reason {
                    subject: point.resource.name.clone(),
                    error: error.name().to_owned(),
                    message: format!(
                        "{error} The set is sealed, but `holdfast rebuild-catalog` would not find it whole"
                    ),
                };
                needs.catalog.warn_run(&run.deployment, &run.id, warning).await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
