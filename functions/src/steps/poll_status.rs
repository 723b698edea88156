//! `poll-status`: looks once at a backup under way, and says when to look again.

use jiff::Timestamp;
use serde::Deserialize;

use super::jobs;
pub use super::needs::OfAllKinds as Needs;
use crate::domain::job::{Job, JobStatus, Run};
use crate::domain::pacing;
use crate::domain::set::{Point, PointStatus};
use crate::error::{Class, Error, Result};
use crate::kinds::Kind;

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub run: Run,
    pub job: Job,
    pub now: Timestamp,
}

/// A backup seen failed, or past its deadline, is an answer, not an error.
pub async fn handle(needs: &Needs, Input { run, job, now }: Input) -> Result<Job> {
    if job.status != JobStatus::InProgress {
        return Ok(job);
    }
    let known = needs
        .catalog
        .point(&run.deployment, &run.id, &job.resource.name)
        .await?;
    let mut point = known.unwrap_or_else(|| point_of(&run, &job));
    if point.status == PointStatus::InProgress {
        let kind = needs.kinds.of(&job.resource.target);
        jobs::look(kind, &mut point, now).await?;
        let elapsed = jobs::elapsed(&point, now);
        if point.status == PointStatus::InProgress && pacing::past_deadline(elapsed, job.resource.deadline_seconds) {
            let late = give_up(kind, &point, elapsed).await?;
            jobs::fail(&mut point, &late, now);
        }
        point = needs.catalog.put_point(&run.deployment, &point).await?;
    }
    Ok(jobs::of_point(&point, job.usual_seconds, now))
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
        set: run.id.clone(),
        resource: job.resource.clone(),
        status: PointStatus::InProgress,
        recovery_point: job.recovery_point.clone(),
        configuration: serde_json::Value::Null,
        started_at: job.started_at,
        captured_at: None,
        finished_at: None,
        size_bytes: None,
        percent: job.percent,
        looked_at: None,
        sample: None,
        failure: None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use super::*;
    use crate::domain::job::Progress;
    use crate::steps::start;
    use crate::steps::testing::{Backups, finished, kinds, later, now, planned, resource};

    /// A table's backup under way, ten minutes into the run.
    async fn under_way() -> (Needs, Arc<Backups>, Run, Job) {
        let (catalog, _, run) = planned(&[]).await;
        let kind = Arc::new(Backups::default());
        let input = start::Input {
            run: run.clone(),
            resource: resource("rooms"),
            now: now(),
        };
        let job = start::start(&catalog, kind.as_ref(), input).await.unwrap();
        (
            Needs {
                catalog,
                kinds: kinds(&kind),
            },
            kind,
            run,
            job,
        )
    }

    #[tokio::test]
    async fn a_job_in_progress_is_looked_at_again_later() {
        let (needs, kind, run, job) = under_way().await;
        kind.next(Progress::InProgress { percent: Some(40.0) });
        let job = handle(
            &needs,
            Input {
                run: run.clone(),
                job,
                now: later(60),
            },
        )
        .await
        .unwrap();
        assert_eq!(
            (job.status, job.percent, job.wait_seconds),
            (JobStatus::InProgress, Some(40.0), 40)
        );
        let point = needs
            .catalog
            .point("hubs-prod", &run.id, "rooms")
            .await
            .unwrap()
            .unwrap();
        assert_eq!((point.percent, point.looked_at), (Some(40.0), Some(later(60))));
    }

    #[tokio::test]
    async fn a_finished_job_stays_finished_whatever_a_late_look_says() {
        let (needs, kind, run, job) = under_way().await;
        kind.next(Progress::Succeeded(finished()));
        let input = Input {
            run,
            job,
            now: later(60),
        };
        let first = handle(&needs, input.clone()).await.unwrap();
        assert_eq!(first.status, JobStatus::Succeeded);
        kind.next(Progress::InProgress { percent: Some(99.0) });
        assert_eq!(handle(&needs, input).await.unwrap(), first);
    }

    #[tokio::test]
    async fn a_failed_job_is_an_answer_in_awss_words() {
        let (needs, kind, run, job) = under_way().await;
        kind.next(Progress::Failed {
            reason: "the backup job was EXPIRED".into(),
        });
        let job = handle(
            &needs,
            Input {
                run,
                job,
                now: later(60),
            },
        )
        .await
        .unwrap();
        let failure = job.failure.unwrap();
        assert_eq!((job.status, failure.error.as_str()), (JobStatus::Failed, "JobFailed"));
        assert!(failure.cause.contains("EXPIRED"));
    }

    #[tokio::test]
    async fn a_job_past_its_deadline_is_abandoned_and_has_failed() {
        let (needs, kind, run, job) = under_way().await;
        kind.next(Progress::InProgress { percent: Some(5.0) });
        let late = later(6 * 3600 + 1);
        let job = handle(&needs, Input { run, job, now: late }).await.unwrap();
        assert_eq!(job.status, JobStatus::Failed);
        assert_eq!(job.failure.unwrap().error, "DeadlineExceeded");
        assert_eq!(kind.calls().last().unwrap(), "abandon");
    }

    #[tokio::test]
    async fn a_look_that_fails_says_nothing_about_the_job() {
        let (needs, kind, run, job) = under_way().await;
        kind.fail_next(Error::Throttled("slow down".into()));
        let error = handle(
            &needs,
            Input {
                run: run.clone(),
                job,
                now: later(60),
            },
        )
        .await
        .unwrap_err();
        assert_eq!(error.name(), "Throttled");
        let point = needs
            .catalog
            .point("hubs-prod", &run.id, "rooms")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(point.status, PointStatus::InProgress);
    }
}
