#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

fn waits(usual: Option<u64>, polls: usize) -> Vec<u64> {
    let mut elapsed = 0;
    (0..polls)
        .map(|_| {
            let wait = next_poll(elapsed, usual);
            elapsed += wait;
            wait
        })
        .collect()
}

#[test]
fn without_history_waits_grow_by_half_to_a_minute_and_then_with_the_job() {
    assert_eq!(waits(None, 7), [10, 15, 22, 33, 50, 60, 60]);
    assert_eq!(next_poll(20 * MINUTE, None), 60);
    assert_eq!(next_poll(2 * HOUR, None), 360);
}

#[test]
fn with_history_the_first_look_is_at_nine_tenths_of_the_usual_time_and_up_to_a_twentieth_later() {
    let first = PollWindow {
        earliest: 54 * MINUTE,
        latest: 54 * MINUTE + 162,
    };
    assert_eq!(window(0, Some(HOUR)), first);
    assert_eq!(window(50 * MINUTE, Some(HOUR)), first);
    let second = window(54 * MINUTE, Some(HOUR));
    assert_eq!((second.earliest, second.latest), (54 * MINUTE + 135, 54 * MINUTE + 162));
    assert_eq!(next_poll(54 * MINUTE, Some(HOUR)), 162);
    assert_eq!(next_poll(0, Some(0)), 1);
}

#[test]
fn a_job_that_takes_as_long_as_usual_is_looked_at_three_times() {
    assert_eq!(
        simulate(30 * MINUTE, Some(30 * MINUTE)),
        PollSimulation {
            looks: 3,
            lag_seconds: 75
        }
    );
}

#[test]
fn what_knowing_nothing_costs() {
    assert_eq!(simulate(30 * MINUTE, None).looks, 32);
    assert_eq!(simulate(HOUR, None).looks, 46);
}

#[test]
fn a_percentage_that_says_nothing_is_none() {
    for (elapsed, percent) in [(0, 50.0), (10, 0.0), (10, 0.9), (2 * HOUR, 100.0), (2 * HOUR, f64::NAN)] {
        assert_eq!(next_poll_at_percent(elapsed, percent), next_poll(elapsed, None));
    }
}

#[test]
fn of_what_a_percentage_leaves_half_is_waited_for() {
    // A third is done in ten minutes; twenty are left.
    assert_eq!(next_poll_at_percent(600, 32.3), 600);
    assert_eq!(next_poll_at_percent(600, 49.0), 300);
    assert_eq!(next_poll_at_percent(1_700, 98.5), 85);
    assert_eq!(next_poll_at_percent(10, 98.0), 5);
}

#[test]
fn looks_that_fail_are_repeated_soon_and_then_every_minute() {
    let waits: Vec<u64> = (1..=6).map(next_poll_after_miss).collect();
    assert_eq!(waits, [5, 10, 20, 40, 60, 60]);
    let whole: u64 = (1..=MOST_MISSES).map(next_poll_after_miss).sum();
    assert_eq!(whole, 17 * MINUTE + 15);
    assert_eq!(next_poll_after_miss(u32::MAX), 60);
}

#[test]
fn the_last_wait_ends_at_the_deadline() {
    assert_eq!(next_poll_before(0, Some(HOUR), 10 * MINUTE), 10 * MINUTE);
    assert_eq!(next_poll_before(599, Some(HOUR), 10 * MINUTE), 1);
    assert_eq!(next_poll_before(700, None, 10 * MINUTE), 1);
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

#[test]
fn the_soonest_is_the_shortest_of_few_and_the_lower_quartile_of_many() {
    assert_eq!(soonest(&[]), None);
    assert_eq!(soonest(&[900, 10, 20]), Some(10));
    assert_eq!(soonest(&[90, 10, 80, 20, 70, 30, 60, 40, 50, 100]), Some(30));
}

/// Simulates the polling of a job for which AWS reports a whole percentage, rounded down, at every poll.
fn simulate_percent(duration: u64, percent: impl Fn(u64) -> f64) -> PollSimulation {
    let (mut elapsed, mut looks) = (0, 0);
    loop {
        elapsed += next_poll_at_percent(elapsed, percent(elapsed));
        looks += 1;
        if elapsed >= duration {
            return PollSimulation {
                looks,
                lag_seconds: elapsed - duration,
            };
        }
    }
}

fn accurate(duration: u64) -> impl Fn(u64) -> f64 {
    move |elapsed| (elapsed * 100 / duration) as f64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn a_job_within_a_tenth_of_its_usual_time_takes_at_most_six_looks(usual in MINUTE..=12 * HOUR, permille in 900u64..=1100) {
        let simulated = simulate((usual * permille).div_ceil(1000), Some(usual));
        prop_assert!(simulated.looks <= 6, "{:?}", simulated);
    }

    #[test]
    fn an_end_is_noticed_within_a_twentieth_or_five_seconds(usual in MINUTE..=12 * HOUR, permille in 900u64..=20_000) {
        let duration = (usual * permille).div_ceil(1000);
        let lag = simulate(duration, Some(usual)).lag_seconds;
        prop_assert!(lag <= 5 || lag * 20 <= duration, "{} s late after {} s", lag, duration);
    }

    #[test]
    fn without_history_an_end_is_noticed_within_half_of_it_a_minute_or_a_twentieth(duration in MINUTE..=12 * HOUR) {
        let simulated = simulate(duration, None);
        prop_assert!(simulated.lag_seconds <= 60 || simulated.lag_seconds * 20 <= duration, "{:?}", simulated);
        prop_assert!(simulated.looks <= 100, "{:?}", simulated);
    }

    /// Like the jobs of one run, which are polled whenever another's poll falls into the window.
    #[test]
    fn a_look_anywhere_in_its_window_keeps_the_targets(
        usual in MINUTE..=12 * HOUR,
        permille in 900u64..=1100,
        places in proptest::collection::vec(0u64..=100, 8),
    ) {
        let duration = (usual * permille).div_ceil(1000);
        let (mut polled, mut polls) = (0, 0);
        for place in places {
            let PollWindow { earliest, latest } = window(polled, Some(usual));
            prop_assert!(polled < earliest && earliest <= latest, "{} {} {}", polled, earliest, latest);
            polled = earliest + (latest - earliest) * place / 100;
            polls += 1;
            if polled >= duration { break; }
        }
        let lag = polled.checked_sub(duration);
        prop_assert!(polls <= 6 && lag.is_some_and(|lag| lag <= 5 || lag * 20 <= duration), "{} polls, {:?} s late", polls, lag);
    }

    #[test]
    fn an_honest_percentage_is_enough_for_a_prompt_end(duration in MINUTE..=12 * HOUR) {
        let simulated = simulate_percent(duration, accurate(duration));
        // Below 1 % nothing is known.
        prop_assert!(simulated.lag_seconds <= 5 || simulated.lag_seconds * 20 <= duration, "{:?}", simulated);
        prop_assert!(simulated.looks <= 23, "{:?}", simulated);
        prop_assert!(simulated.looks <= 13 || duration > HOUR, "{:?}", simulated);
    }

    #[test]
    fn a_percentage_that_lies_costs_at_most_as_long_again(duration in MINUTE..=12 * HOUR, percent in 0.0..=100.0) {
        let simulated = simulate_percent(duration, |_| percent);
        prop_assert!(simulated.lag_seconds <= duration, "{:?}", simulated);
    }

    #[test]
    fn a_wait_is_never_zero_and_never_passes_the_deadline(elapsed: u64, usual: Option<u64>, deadline: u64) {
        let wait = next_poll_before(elapsed, usual, deadline);
        prop_assert!(wait >= 1);
        prop_assert!(wait == 1 || elapsed.checked_add(wait).unwrap() <= deadline);
    }
}
