//! When to look next at a job, and when to give it up. All times in seconds.
//!
//! Targets: at most 6 looks at a job that takes within 10 % of its usual time, and its end noticed within 5 % of its
//! duration (or 5 s). Hence no upper bound on a wait: 5 % of the elapsed time is what both ask for, and an hour's
//! job looked at every minute would also eat an execution's 25,000 history events.

/// Shortest wait between two looks.
const SHORTEST: u64 = 5;
/// First wait without history.
const FIRST: u64 = 10;
/// Up to this wait, waits without history grow by half.
const GROWN: u64 = 60;

/// Seconds to wait before the next look at a job that began `elapsed_seconds` ago; `usual_seconds` is the median of
/// its past durations. At least 1.
///
/// With history: the first look at 90 % of the usual time, then after 5 % of the elapsed time, at least 5 s. Without:
/// 10 s growing by half to 60, and 5 % of the elapsed time once that is more.
pub fn next_look(elapsed_seconds: u64, usual_seconds: Option<u64>) -> u64 {
    let twentieth = elapsed_seconds.div_euclid(20);
    match usual_seconds {
        Some(usual) => {
            let first = usual.saturating_sub(usual / 10).max(1);
            if elapsed_seconds < first {
                first - elapsed_seconds
            } else {
                twentieth.max(SHORTEST)
            }
        }
        // Waits of 10, 15, 22.5, ... end at elapsed times for which the next wait is 10 plus half of the elapsed time.
        None => (FIRST.saturating_add(elapsed_seconds / 2)).min(GROWN).max(twentieth),
    }
}

/// As [`next_look`], but never later than the deadline, at which the job has failed. At least 1.
pub fn next_look_before(elapsed_seconds: u64, usual_seconds: Option<u64>, deadline_seconds: u64) -> u64 {
    let left = deadline_seconds.saturating_sub(elapsed_seconds).max(1);
    next_look(elapsed_seconds, usual_seconds).min(left)
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

/// Whether a job that began `elapsed_seconds` ago has failed for taking too long.
pub fn past_deadline(elapsed_seconds: u64, deadline_seconds: u64) -> bool {
    elapsed_seconds >= deadline_seconds
}

/// How a job of a given duration would have been watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// Looks, the one that saw the end included.
    pub looks: u32,
    /// Seconds from the end of the job to the look that saw it.
    pub lag_seconds: u64,
}

/// Plays the watching of a job that takes `duration_seconds`, when every look itself takes no time.
pub fn watch(duration_seconds: u64, usual_seconds: Option<u64>) -> Watch {
    let mut elapsed = 0;
    let mut looks = 0;
    loop {
        elapsed += next_look(elapsed, usual_seconds);
        looks += 1;
        if elapsed >= duration_seconds {
            return Watch {
                looks,
                lag_seconds: elapsed - duration_seconds,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const MINUTE: u64 = 60;
    const HOUR: u64 = 3600;

    fn waits(usual: Option<u64>, looks: usize) -> Vec<u64> {
        let mut elapsed = 0;
        (0..looks)
            .map(|_| {
                let wait = next_look(elapsed, usual);
                elapsed += wait;
                wait
            })
            .collect()
    }

    #[test]
    fn without_history_waits_grow_by_half_to_a_minute_and_then_with_the_job() {
        assert_eq!(waits(None, 7), [10, 15, 22, 33, 50, 60, 60]);
        assert_eq!(next_look(20 * MINUTE, None), 60);
        assert_eq!(next_look(2 * HOUR, None), 360);
    }

    #[test]
    fn with_history_the_first_look_is_at_nine_tenths_of_the_usual_time() {
        assert_eq!(next_look(0, Some(HOUR)), 54 * MINUTE);
        assert_eq!(next_look(50 * MINUTE, Some(HOUR)), 4 * MINUTE);
        assert_eq!(next_look(54 * MINUTE, Some(HOUR)), 162);
        assert_eq!(next_look(0, Some(0)), 1);
    }

    #[test]
    fn the_last_wait_ends_at_the_deadline() {
        assert_eq!(next_look_before(0, Some(HOUR), 10 * MINUTE), 10 * MINUTE);
        assert_eq!(next_look_before(599, Some(HOUR), 10 * MINUTE), 1);
        assert_eq!(next_look_before(700, None, 10 * MINUTE), 1);
        assert!(past_deadline(600, 600) && !past_deadline(599, 600));
    }

    #[test]
    fn the_usual_duration_is_the_median() {
        assert_eq!(usual(&[]), None);
        assert_eq!(usual(&[7]), Some(7));
        assert_eq!(usual(&[900, 10, 20]), Some(20));
        assert_eq!(usual(&[40, 10, 20, 30]), Some(25));
        assert_eq!(usual(&[u64::MAX, u64::MAX]), Some(u64::MAX));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn a_job_within_a_tenth_of_its_usual_time_takes_at_most_six_looks(usual in MINUTE..=12 * HOUR, permille in 900u64..=1100) {
            let watch = watch((usual * permille).div_ceil(1000), Some(usual));
            prop_assert!(watch.looks <= 6, "{:?}", watch);
        }

        #[test]
        fn an_end_is_noticed_within_a_twentieth_or_five_seconds(usual in MINUTE..=12 * HOUR, permille in 900u64..=20_000) {
            let duration = (usual * permille).div_ceil(1000);
            let lag = watch(duration, Some(usual)).lag_seconds;
            prop_assert!(lag <= 5 || lag * 20 <= duration, "{} s late after {} s", lag, duration);
        }

        #[test]
        fn without_history_an_end_is_noticed_within_half_of_it_a_minute_or_a_twentieth(duration in MINUTE..=12 * HOUR) {
            let watch = watch(duration, None);
            prop_assert!(watch.lag_seconds <= 60 || watch.lag_seconds * 20 <= duration, "{:?}", watch);
            prop_assert!(watch.looks <= 100, "{:?}", watch);
        }

        #[test]
        fn a_wait_is_never_zero_and_never_passes_the_deadline(elapsed: u64, usual: Option<u64>, deadline: u64) {
            let wait = next_look_before(elapsed, usual, deadline);
            prop_assert!(wait >= 1);
            prop_assert!(wait == 1 || elapsed.checked_add(wait).unwrap() <= deadline);
        }
    }
}
