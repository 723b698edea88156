//! `poll-status`: looks at the backups of a run that are due, all in one call, and says when to look again and whether the
//! application may go on.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::catalog::Catalog;
use crate::domain::job::{Failure, Job, JobStatus, Run};
use crate::domain::set::{Point, PointStatus};
use crate::domain::{pacing, poll_schedule};
use crate::error::{Class, Error, Result};
use crate::kinds::{Kind, Kinds};
use crate::runs::jobs;
pub use crate::runs::needs::KindNeeds as Needs;

/// Looks at the same time. A few: DynamoDB describes ten backups a second (API Reference, "DescribeBackup").
const AT_ONCE: usize = 4;
/// What one look may take, with its client's own retries.
const LONGEST_LOOK: Duration = Duration::from_secs(45);
/// What all looks of one call may take, well within the function's 290 s: who was not looked at by then is the first next time.
const LONGEST_CALL: Duration = Duration::from_secs(240);

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub run: Run,
    /// All jobs of the run, those included that have ended or were never started.
    pub jobs: Vec<Job>,
    /// Whether the application was brought to rest and not yet brought back.
    pub at_rest: bool,
    /// Until when the machine has waited; none before its first look.
    pub look_at: Option<Timestamp>,
    pub now: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Output {
    /// Of all jobs together: in progress while one of them is, and failed where one of them did.
    pub status: JobStatus,
    /// No job needs the application to be at rest any longer, and it is.
    pub resume: bool,
    /// Until when to wait; only while in progress.
    pub look_at: Option<Timestamp>,
    pub jobs: Vec<Job>,
}

/// Never an error of one job's look: what one job comes to is an answer about it, and about no other.
pub async fn handle(needs: &Needs, input: Input) -> Result<Output> {
    let Input {
        run,
        mut jobs,
        at_rest,
        look_at,
        now,
    } = input;
    // The machine has waited until `look_at`, whatever the clocks of Step Functions and of its Wait states say.
    let at = look_at.map_or(now, |look_at| look_at.max(now));
    for (place, job) in poll_due(needs, &run, &jobs, at, now).await {
        jobs[place] = job;
    }
    let output = Output {
        status: status(&jobs),
        resume: at_rest && !jobs.iter().any(|job| in_progress(job) && job.holds_quiesce),
        look_at: poll_schedule::next_poll(&jobs, now),
        jobs,
    };
    tracing::info!(deployment = %run.deployment, set = %run.id, status = ?output.status, resume = output.resume, "looked");
    Ok(output)
}

fn status(jobs: &[Job]) -> JobStatus {
    let any = |status: JobStatus| jobs.iter().any(|job| job.status == status);
    if any(JobStatus::InProgress) {
        JobStatus::InProgress
    } else if any(JobStatus::Failed) {
        JobStatus::Failed
    } else {
        JobStatus::Succeeded
    }
}

fn in_progress(job: &Job) -> bool {
    job.status == JobStatus::InProgress
}

/// Looks at the jobs that are due, some at a time, those first that were not looked at for longest. Answers what each that was
/// looked at came to, with its place.
async fn poll_due(needs: &Needs, run: &Run, jobs: &[Job], at: Timestamp, now: Timestamp) -> Vec<(usize, Job)> {
    let mut due: Vec<(usize, Job)> = jobs
        .iter()
        .cloned()
        .enumerate()
        .filter(|(_, job)| poll_schedule::is_due(job, at))
        .collect();
    due.sort_by_key(|(_, job)| job.looked_at);
    let mut seen = Vec::new();
    let all = async {
        let mut due = due.into_iter();
        let mut looks = JoinSet::new();
        loop {
            while looks.len() < AT_ONCE
                && let Some((place, job)) = due.next()
            {
                let (catalog, kinds, run) = (needs.catalog.clone(), needs.kinds.clone(), run.clone());
                looks.spawn(async move { (place, poll(&catalog, &kinds, &run, job, now).await) });
            }
            match looks.join_next().await {
                Some(Ok(looked)) => seen.push(looked),
                Some(Err(died)) if died.is_panic() => std::panic::resume_unwind(died.into_panic()),
                Some(Err(_)) => {}
                None => break,
            }
        }
    };
    if timeout(LONGEST_CALL, all).await.is_err() {
        tracing::warn!(deployment = %run.deployment, set = %run.id, looked = seen.len(), "not all jobs were looked at in time");
    }
    seen
}

/// Looks at one job. A look that fails says nothing about the job: it is repeated, but not for ever.
async fn poll(catalog: &Catalog, kinds: &Kinds, run: &Run, job: Job, now: Timestamp) -> Job {
    let looked = timeout(LONGEST_LOOK, poll_once(catalog, kinds, run, &job, now)).await;
    let error = match looked {
        Ok(Ok(job)) => return job,
        Ok(Err(error)) => error,
        Err(_) => Error::Unavailable(format!(
            "looking at the backup of {}: no answer within {} s",
            job.resource.name,
            LONGEST_LOOK.as_secs()
        )),
    };
    let misses = job.misses.saturating_add(1);
    tracing::warn!(resource = %job.resource.name, misses, error = error.name(), message = %error, "not seen");
    if error.class() != Class::Final && misses < pacing::MOST_MISSES {
        return Job {
            looked_at: Some(now),
            misses,
            ..job
        };
    }
    let often = match error.class() {
        Class::Final => String::new(),
        _ => format!(" It was the {misses}th look in a row that failed."),
    };
    // The point stays open: the step that seals looks once more.
    Job {
        status: JobStatus::Failed,
        looked_at: Some(now),
        failure: Some(Failure {
            error: error.name().to_owned(),
            cause: format!("{error}{often}"),
        }),
        ..job
    }
    .ended()
}

/// What a look at one job sees. A backup seen failed, or past its deadline, is an answer, not an error.
async fn poll_once(catalog: &Catalog, kinds: &Kinds, run: &Run, job: &Job, now: Timestamp) -> Result<Job> {
    let known = catalog.point(&run.deployment, &run.id, &job.resource.name).await?;
    let mut point = known.unwrap_or_else(|| point_of(run, job));
    if point.status == PointStatus::InProgress {
        let kind = kinds.of(&job.resource.target);
        jobs::poll_or_restart(kind, run, &mut point, now).await?;
        let elapsed = jobs::elapsed(&point, now);
        if point.status == PointStatus::InProgress && pacing::past_deadline(elapsed, job.resource.deadline_seconds) {
            let late = give_up(kind, &point, elapsed).await?;
            jobs::fail(&mut point, &late, now);
        }
        point = catalog.put_point(&run.deployment, &point).await?;
    }
    Ok(Job {
        holds_quiesce: job.holds_quiesce,
        ..jobs::of_point(&point, job.usual_seconds)
    })
}

/// Stops a job that is past its deadline, where AWS can stop one, and gives the error by which it failed.
async fn give_up(kind: &dyn Kind, point: &Point, elapsed: u64) -> Result<Error> {
    let stopped = match &point.recovery_point {
        Some(recovery_point) => kind.abandon(recovery_point).await,
        None => Ok(()),
    };
    let remark = match stopped {
        Ok(()) => String::new(),
        Err(error) if error.class() == Class::Transient => return Err(error),
        Err(error) => format!(" It could not be stopped: {error}."),
    };
    Ok(Error::DeadlineExceeded(format!(
        "backing up {}: not finished after {elapsed} s; its deadline is {} s.{remark} Look at the job in AWS, or give the \
         resource a longer `deadline` in the descriptor",
        point.resource.name, point.resource.deadline_seconds
    )))
}

/// The point of a job whose own was lost: without the configuration, which only the start step captured.
fn point_of(run: &Run, job: &Job) -> Point {
    Point {
        recovery_point: job.recovery_point.clone(),
        started_at: job.started_at,
        percent: job.percent,
        ..Point::begun(&run.id, job.resource.clone())
    }
}

#[cfg(test)]
mod tests;
