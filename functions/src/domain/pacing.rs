//! When to look next at a job, and when to give it up. All times in seconds.
//!
//! Targets: at most 6 looks at a job that takes within 10 % of its usual time, and its end noticed within 5 % of its
//! duration (or 5 s). Hence no upper bound on a wait: 5 % of the elapsed time is what both ask for, and an hour's
//! job looked at every minute would also eat an execution's 25,000 history events.
//!
//! What can be had depends on what is known. To notice every end within 5 %, each look has to come before 1.05 times the time
//! of the one before it: from `t0` to the end of a job of `t` that is `ln(t / t0) / ln(1.05)` looks, of which only a first
//! look late in the job saves any. So:
//! - **with history** the first look comes at nine tenths of the usual time: both targets are met;
//! - **where AWS says how far the job is** ([`next_poll_at_percent`]) the first looks halve what is left: about 12 for half an
//!   hour and one more each time that doubles, the end noticed within 5 % as long as the percentage is honest, and never later
//!   than twice the job's time if it is not;
//! - **with neither**, few looks and a prompt end exclude each other, and the prompt end is worth more: an end is noticed
//!   within a minute or 5 %, by 32 looks for half an hour, 46 for an hour.

/// Shortest wait between two looks.
const SHORTEST: u64 = 5;
/// First wait without history.
const FIRST: u64 = 10;
/// Up to this wait, waits without history grow by half.
const GROWN: u64 = 60;

/// When the next look at a job may come, in seconds since the job began. Jobs of one run are looked at together where their
/// windows overlap; a look anywhere in its window keeps the targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollWindow {
    pub earliest: u64,
    pub latest: u64,
}

/// The window of the next look at a job that was looked at `looked_seconds` after it began, 0 for not yet; `usual_seconds` is
/// the median of its past durations. Both ends lie after that look.
///
/// With history: the first look between 9/10 of the usual time and a twentieth of that later, then after 1/24 to 1/20 of the
/// elapsed time, at least 5 s. Each look comes at least 25/24 of the time after the one before, and 9/10 times (25/24)^5 is
/// 1.1: the sixth look sees the end of a job within a tenth of its usual time. Without: 10 s growing by half to 60, and 5 %
/// of the elapsed time once that is more.
pub fn window(looked_seconds: u64, usual_seconds: Option<u64>) -> PollWindow {
    let twentieth = looked_seconds / 20;
    let (shortest, longest) = match usual_seconds {
        Some(usual) => {
            let first = usual.saturating_sub(usual / 10).max(1);
            if looked_seconds < first {
                let latest = first.saturating_add(first / 20);
                (first - looked_seconds, latest - looked_seconds)
            } else {
                (looked_seconds.div_ceil(24).max(SHORTEST), twentieth.max(SHORTEST))
            }
        }
        // Waits of 10, 15, 22.5, ... end at elapsed times for which the next wait is 10 plus half of the elapsed time.
        None => {
            let wait = (FIRST.saturating_add(looked_seconds / 2)).min(GROWN).max(twentieth);
            (wait - wait / 4, wait)
        }
    };
    PollWindow {
        earliest: looked_seconds.saturating_add(shortest.min(longest)),
        latest: looked_seconds.saturating_add(longest),
    }
}

/// Seconds to wait before the next look at a job by itself: until its window's end. At least 1.
pub fn next_poll(elapsed_seconds: u64, usual_seconds: Option<u64>) -> u64 {
    (window(elapsed_seconds, usual_seconds).latest - elapsed_seconds).max(1)
}

/// As [`next_poll`], but never later than the deadline, at which the job has failed. At least 1.
pub fn next_poll_before(elapsed_seconds: u64, usual_seconds: Option<u64>, deadline_seconds: u64) -> u64 {
    let left = deadline_seconds.saturating_sub(elapsed_seconds).max(1);
    next_poll(elapsed_seconds, usual_seconds).min(left)
}

/// As [`next_poll`], for a job without history of which AWS says that it is at `percent`. AWS may round down, so it may be a
/// point further; of what is then left, half is waited for, but never longer than the job has run, for no percentage is a
/// promise, and never less than 5 % or 5 s. In the first seconds, and below 1 %, it says nothing yet.
pub fn next_poll_at_percent(elapsed_seconds: u64, percent: f64) -> u64 {
    if elapsed_seconds < FIRST || !(1.0..100.0).contains(&percent) {
        return next_poll(elapsed_seconds, None);
    }
    let done = (percent + 1.0).min(100.0);
    let left = elapsed_seconds as f64 * (100.0 - done) / done;
    let shortest = (elapsed_seconds / 20).max(SHORTEST);
    ((left / 2.0) as u64).min(elapsed_seconds).max(shortest)
}

/// Looks in a row that may fail before the job they were to look at is given up.
pub const MOST_MISSES: u32 = 20;

/// Seconds to wait after a look that failed, the `misses`-th in a row: nothing is known since the last one that did not, so
/// soon at first, then every minute. Together about 17 minutes.
pub fn next_poll_after_miss(misses: u32) -> u64 {
    (SHORTEST << misses.saturating_sub(1).min(4)).min(GROWN)
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

/// The lower quartile of past durations, of few the shortest: what a restore is paced by. How long one takes varies more
/// than from night to night, and to notice its end late costs more than some looks.
pub fn soonest(durations: &[u64]) -> Option<u64> {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len().saturating_sub(1) / 4).copied()
}

/// Whether a job that began `elapsed_seconds` ago has failed for taking too long.
pub fn past_deadline(elapsed_seconds: u64, deadline_seconds: u64) -> bool {
    elapsed_seconds >= deadline_seconds
}

/// How a job of a given duration would have been watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollSimulation {
    /// Looks, the one that saw the end included.
    pub looks: u32,
    /// Seconds from the end of the job to the look that saw it.
    pub lag_seconds: u64,
}

/// Plays the watching of a job that takes `duration_seconds`, when every look itself takes no time.
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
