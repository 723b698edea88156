//! When to poll a job next, and when to give up. All times are in seconds.
//!
//! Targets: at most 6 polls of a job that takes within 10 % of its usual time, and its end noticed within 5 s or 5 % of its duration.
//! Hence a wait has no upper bound: both targets need 5 % of the elapsed time, and polling an hour's job every minute would also
//! use up an execution's 25,000 history events.
//!
//! What is possible depends on what is known. To notice every end within 5 %, each poll has to follow before 1.05 times the time of
//! the previous one: from `t0` to the end of a job of `t` that is `ln(t / t0) / ln(1.05)` polls, and only a late first poll saves
//! any. So:
//! - **with history**, the first poll is at nine tenths of the usual time: both targets are met;
//! - **if AWS reports a percentage** ([`next_poll_at_percent`]), the first polls halve the remaining time: about 12 for half an hour
//!   and one more each time that doubles, the end noticed within 5 % if the percentage is accurate, and never later than twice the
//!   job's time if it is not;
//! - **with neither**, few polls and noticing the end promptly exclude each other, and the latter is worth more: an end is noticed
//!   within a minute or 5 %, with 32 polls for half an hour, 46 for an hour.

/// Shortest wait between two polls.
const SHORTEST: u64 = 5;
/// First wait without history.
const FIRST: u64 = 10;
/// Up to this wait, waits without history grow by half.
const LONGEST_GROWN: u64 = 60;

/// When a job may be polled next, in seconds since it started. Jobs of one run are polled together if their windows overlap; a poll
/// anywhere in its window meets the targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollWindow {
    pub earliest: u64,
    pub latest: u64,
}

/// The window for the next poll of a job that was last polled `polled_seconds` after it started, 0 for not yet; `usual_seconds` is
/// the median of its past durations. Both ends are after that poll.
///
/// With history: the first poll between 9/10 of the usual time and a twentieth of that later, then after 1/24 to 1/20 of the
/// elapsed time, at least 5 s. Each poll is at 25/24 of the time of the previous one or later, and 9/10 times (25/24)^5 is 1.1: the
/// sixth poll notices the end of a job within a tenth of its usual time. Without: 10 s growing by half to 60, and 5 % of the
/// elapsed time once that is more.
pub fn window(polled_seconds: u64, usual_seconds: Option<u64>) -> PollWindow {
    let twentieth = polled_seconds / 20;
    let (shortest, longest) = match usual_seconds {
        Some(usual) => {
            let first = usual.saturating_sub(usual / 10).max(1);
            if polled_seconds < first {
                let latest = first.saturating_add(first / 20);
                (first - polled_seconds, latest - polled_seconds)
            } else {
                (polled_seconds.div_ceil(24).max(SHORTEST), twentieth.max(SHORTEST))
            }
        }
        // Waits of 10, 15, 22.5, ... end at elapsed times for which the next wait is 10 plus half of the elapsed time.
        None => {
            let wait = (FIRST.saturating_add(polled_seconds / 2))
                .min(LONGEST_GROWN)
                .max(twentieth);
            (wait - wait / 4, wait)
        }
    };
    PollWindow {
        earliest: polled_seconds.saturating_add(shortest.min(longest)),
        latest: polled_seconds.saturating_add(longest),
    }
}

/// Seconds to wait before polling a single job again: until the end of its window. At least 1.
pub fn next_poll(elapsed_seconds: u64, usual_seconds: Option<u64>) -> u64 {
    (window(elapsed_seconds, usual_seconds).latest - elapsed_seconds).max(1)
}

/// Like [`next_poll`], but never later than the deadline, at which the job has failed. At least 1.
pub fn next_poll_before(elapsed_seconds: u64, usual_seconds: Option<u64>, deadline_seconds: u64) -> u64 {
    let left = deadline_seconds.saturating_sub(elapsed_seconds).max(1);
    next_poll(elapsed_seconds, usual_seconds).min(left)
}

/// Like [`next_poll`], for a job without history for which AWS reports `percent`. AWS may round down, so it may be a point further;
/// the wait is half of the remaining time, but never longer than the job has run, since a percentage is not a promise, and never
/// less than 5 % or 5 s. In the first seconds, and below 1 %, it means nothing yet.
pub fn next_poll_at_percent(elapsed_seconds: u64, percent: f64) -> u64 {
    if elapsed_seconds < FIRST || !(1.0..100.0).contains(&percent) {
        return next_poll(elapsed_seconds, None);
    }
    let done = (percent + 1.0).min(100.0);
    let left = elapsed_seconds as f64 * (100.0 - done) / done;
    let shortest = (elapsed_seconds / 20).max(SHORTEST);
    ((left / 2.0) as u64).min(elapsed_seconds).max(shortest)
}

/// How many polls in a row may fail before the job is given up.
pub const MOST_MISSES: u32 = 20;

/// Seconds to wait after the `misses`-th failed poll in a row: nothing is known since the last successful one, so short at first,
/// then a minute each. Together about 17 minutes.
pub fn next_poll_after_miss(misses: u32) -> u64 {
    (SHORTEST << misses.saturating_sub(1).min(4)).min(LONGEST_GROWN)
}

/// Median of past durations; of an even number, the mean of the middle two. `None` without any.
pub fn usual(durations: &[u64]) -> Option<u64> {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some(sorted[sorted.len() / 2 - 1].midpoint(upper))
}

/// The lower quartile of past durations, of few the shortest: the usual time of a restore. Restores vary more than nightly backups,
/// and noticing their end late costs more than some polls.
pub fn soonest(durations: &[u64]) -> Option<u64> {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len().saturating_sub(1) / 4).copied()
}

/// Whether a job that started `elapsed_seconds` ago has failed because it took too long.
pub fn past_deadline(elapsed_seconds: u64, deadline_seconds: u64) -> bool {
    elapsed_seconds >= deadline_seconds
}

/// How a job of a given duration would have been polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollSimulation {
    /// Polls, including the one that noticed the end.
    pub looks: u32,
    /// Seconds from the end of the job to the poll that noticed it.
    pub lag_seconds: u64,
}

/// Simulates the polling of a job that takes `duration_seconds`, if a poll itself takes no time.
pub fn simulate(duration_seconds: u64, usual_seconds: Option<u64>) -> PollSimulation {
    let mut elapsed = 0;
    let mut looks = 0;
    loop {
        elapsed += next_poll(elapsed, usual_seconds);
        looks += 1;
        if elapsed >= duration_seconds {
            return PollSimulation {
                looks,
                lag_seconds: elapsed - duration_seconds,
            };
        }
    }
}

#[cfg(test)]
mod tests;
