//! When the jobs of one run are polled: in one loop for all of them, together if their windows overlap.

use jiff::{SignedDuration, Timestamp};

use super::job::{Job, JobStatus};
use super::pacing::{self, PollWindow};

/// Whether a poll at `at` has to include the job.
pub fn is_due(job: &Job, at: Timestamp) -> bool {
    job.status == JobStatus::InProgress && poll_window(job).is_none_or(|(earliest, _)| at >= earliest)
}

/// When to poll again: at the end of the window that ends first, at a whole second after `now`. Until then no job has to be polled;
/// then every job whose window has started is. `limit` is a moment that must not be slept through. `None` if all jobs have ended.
pub fn next_poll(jobs: &[Job], limit: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let running = jobs.iter().filter(|job| job.status == JobStatus::InProgress);
    let ends = running.map(|job| poll_window(job).map_or(now, |(_, latest)| latest));
    let end = ends.min()?;
    let end = limit.filter(|limit| *limit > now).map_or(end, |limit| limit.min(end));
    Some(whole_second(end.max(after(now, 1))))
}

/// When a job may be polled next, from and to. `None` if its start is not known: at any time.
fn poll_window(job: &Job) -> Option<(Timestamp, Timestamp)> {
    let started = job.started_at?;
    let polled = seconds_between(started, job.looked_at.unwrap_or(started));
    let PollWindow { earliest, latest } = if job.misses > 0 {
        let wait = pacing::next_poll_after_miss(job.misses);
        PollWindow {
            earliest: polled.saturating_add(wait / 2),
            latest: polled.saturating_add(wait),
        }
    } else {
        // A job has failed at its deadline.
        let PollWindow { earliest, latest } = pacing::window(polled, job.usual_seconds);
        let latest = latest.min(job.resource.deadline_seconds.max(polled.saturating_add(1)));
        PollWindow {
            earliest: earliest.min(latest),
            latest,
        }
    };
    Some((after(started, earliest), after(started, latest)))
}

fn after(time: Timestamp, seconds: u64) -> Timestamp {
    let seconds = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    time.saturating_add(seconds).unwrap_or(Timestamp::MAX)
}

/// Seconds from one time to a later one; 0 if the clocks disagree about the order.
fn seconds_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0)
}

/// The next whole second: a Wait state drops fractions.
fn whole_second(time: Timestamp) -> Timestamp {
    let next = time.as_second() + i64::from(time.subsec_nanosecond() > 0);
    Timestamp::from_second(next).unwrap_or(time)
}

#[cfg(test)]
mod tests;
