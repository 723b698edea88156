//! `poll-status`: polls the backups of a run that are due, all in one call, and returns when to poll again and whether the
//! application may resume.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::catalog::Catalog;
use crate::domain::hooks::quiesced_window;
use crate::domain::job::{Failure, Job, JobStatus, Run};
use crate::domain::set::{Point, PointStatus, RunRecord};
use crate::domain::{pacing, poll_schedule};
use crate::error::{Class, Error, Result};
use crate::kinds::{Kind, Kinds};
use crate::runs::jobs;
pub use crate::runs::needs::KindNeeds as Needs;

/// Concurrent polls. Few, because DynamoDB describes only ten backups a second (API Reference, "DescribeBackup").
const AT_ONCE: usize = 4;
/// Time limit of one poll, including its client's own retries.
const LONGEST_POLL: Duration = Duration::from_secs(45);
/// Time limit of all polls of one call, well within the function's 290 s: jobs that were not polled in time are first next time.
const LONGEST_CALL: Duration = Duration::from_secs(240);

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub run: Run,
    /// All jobs of the run, including those that have ended or never started.
    pub jobs: Vec<Job>,
    /// Whether the application is quiesced and not yet resumed.
    pub at_rest: bool,
    /// Until when the machine has waited; absent before the first poll.
    pub look_at: Option<Timestamp>,
    pub now: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Output {
    /// Of all jobs together: in progress while any is, then failed if any is.
    pub status: JobStatus,
    /// The application is at rest, and no job needs that any longer.
    pub resume: bool,
    /// Until when to wait; only while in progress.
    pub look_at: Option<Timestamp>,
    pub jobs: Vec<Job>,
}

/// A poll that fails is no error of the step: its outcome is recorded for its own job only.
pub async fn handle(needs: &Needs, input: Input) -> Result<Output> {
    let Input {
        run,
        mut jobs,
        at_rest,
        look_at,
        now,
    } = input;
    // The machine has waited until `look_at`, whatever the clocks of Step Functions say.
    let at = look_at.map_or(now, |look_at| look_at.max(now));
    for (index, job) in poll_due(needs, &run, &jobs, at, now).await {
        jobs[index] = job;
    }
    let limit = match at_rest {
        true => quiesced_limit(needs, &run, &jobs, at).await?,
        false => None,
    };
    let exceeded = limit.is_some_and(|limit| at >= limit);
    let holds = jobs.iter().any(|job| in_progress(job) && job.holds_quiesce);
    let output = Output {
        status: status(&jobs),
        resume: at_rest && (exceeded || !holds),
        look_at: poll_schedule::next_poll(&jobs, limit, now),
        jobs,
    };
    tracing::info!(deployment = %run.deployment, set = %run.id, status = ?output.status, resume = output.resume, "polled");
    Ok(output)
}

/// Until when the run may keep the application quiesced. Past it, a warning says which backups still read it.
async fn quiesced_limit(needs: &Needs, run: &Run, jobs: &[Job], at: Timestamp) -> Result<Option<Timestamp>> {
    let record = needs.catalog.run(&run.deployment, &run.id).await?;
    let Some(since) = record.as_ref().and_then(RunRecord::rested_at) else {
        return Ok(None);
    };
    let longest = needs.catalog.planned_by(run).await?.hooks.max_quiesced_seconds;
    let limit = quiesced_window::end(since, longest);
    let reading = jobs.iter().filter(|job| in_progress(job) && job.holds_quiesce);
    let reading: Vec<&str> = reading.map(|job| job.resource.name.as_str()).collect();
    if at >= limit && !reading.is_empty() {
        let warning = quiesced_window::exceeded(longest, &reading);
        needs.catalog.warn_run(&run.deployment, &run.id, warning).await?;
    }
    Ok(Some(limit))
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

/// Polls the jobs that are due, some at a time, least recently polled first. Returns each polled job with its index.
async fn poll_due(needs: &Needs, run: &Run, jobs: &[Job], at: Timestamp, now: Timestamp) -> Vec<(usize, Job)> {
    let mut due: Vec<(usize, Job)> = jobs
        .iter()
        .cloned()
        .enumerate()
        .filter(|(_, job)| poll_schedule::is_due(job, at))
        .collect();
    due.sort_by_key(|(_, job)| job.looked_at);
    let mut polled = Vec::new();
    let all = async {
        let mut due = due.into_iter();
        let mut polls = JoinSet::new();
        loop {
            while polls.len() < AT_ONCE
                && let Some((index, job)) = due.next()
            {
                let (catalog, kinds, run) = (needs.catalog.clone(), needs.kinds.clone(), run.clone());
                polls.spawn(async move { (index, poll(&catalog, &kinds, &run, job, now).await) });
            }
            match polls.join_next().await {
                Some(Ok(job)) => polled.push(job),
                Some(Err(died)) if died.is_panic() => std::panic::resume_unwind(died.into_panic()),
                Some(Err(_)) => {}
                None => break,
            }
        }
    };
    if timeout(LONGEST_CALL, all).await.is_err() {
        tracing::warn!(deployment = %run.deployment, set = %run.id, looked = polled.len(), "not all jobs were polled in time");
    }
    polled
}

/// Polls one job. A poll that fails says nothing about the job: it is retried, but not forever.
async fn poll(catalog: &Catalog, kinds: &Kinds, run: &Run, job: Job, now: Timestamp) -> Job {
    let polled = timeout(LONGEST_POLL, poll_once(catalog, kinds, run, &job, now)).await;
    let error = match polled {
        Ok(Ok(job)) => return job,
        Ok(Err(error)) => error,
        Err(_) => Error::Unavailable(format!(
            "polling the backup of {}: no response within {} s",
            job.resource.name,
            LONGEST_POLL.as_secs()
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
        _ => format!(" It was the {misses}th poll in a row that failed."),
    };
    // The point stays open: `seal-set` polls it once more.
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

/// Polls a job's backup once. A backup that failed, or is past its deadline, is a result, not an error.
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

/// Stops a job that is past its deadline, where AWS can stop it, and returns the error with which it failed.
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
        "backing up {}: not finished after {elapsed} s; its deadline is {} s.{remark} Check the job in AWS, or give the \
         resource a longer `deadline` in the descriptor",
        point.resource.name, point.resource.deadline_seconds
    )))
}

/// A new point for a job whose own was lost. It lacks the configuration, which only the start step captured.
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
