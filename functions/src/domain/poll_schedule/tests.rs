#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::domain::resource::{Resource, Target};

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

fn at(second: u64) -> Timestamp {
    Timestamp::from_second(1_795_140_900 + i64::try_from(second).unwrap()).unwrap()
}

fn job(began: u64, usual: Option<u64>) -> Job {
    Job {
        resource: Resource {
            name: "rooms".into(),
            target: Target::DynamoDb {
                table: "hubs-rooms".into(),
                archive: None,
            },
            deadline_seconds: 24 * HOUR,
        },
        status: JobStatus::InProgress,
        holds_quiesce: false,
        percent: None,
        recovery_point: None,
        started_at: Some(at(began)),
        usual_seconds: usual,
        looked_at: None,
        misses: 0,
        failure: None,
    }
}

#[test]
fn jobs_that_began_one_after_the_other_are_looked_at_together() {
    let mut jobs = [0, 7, 20].map(|began| job(began, Some(30 * MINUTE)));
    let first = next_poll(&jobs, None, at(21)).unwrap();
    assert_eq!(first, at(1_701), "the end of the first one's window");
    assert!(!is_due(&jobs[0], at(1_619)));
    for job in &mut jobs {
        assert!(is_due(job, first));
        job.looked_at = Some(first);
    }
    // 5 % of the last job's time by then.
    assert_eq!(next_poll(&jobs, None, first), Some(at(1_701 + 84)));
    assert!(jobs.iter().all(|job| is_due(job, at(1_701 + 84))));
}

#[test]
fn a_job_whose_window_has_not_begun_is_left_alone() {
    let jobs = [job(0, Some(10 * MINUTE)), job(0, Some(HOUR))];
    let first = next_poll(&jobs, None, at(0)).unwrap();
    assert_eq!(first, at(567));
    assert!(is_due(&jobs[0], first) && !is_due(&jobs[1], first));
}

#[test]
fn what_has_ended_is_never_waited_for() {
    let mut ended = job(0, Some(MINUTE));
    ended.status = JobStatus::Succeeded;
    assert_eq!(next_poll(&[ended.clone()], None, at(0)), None);
    assert_eq!(next_poll(&[], None, at(0)), None);
    assert!(!is_due(&ended, at(HOUR)));
    assert_eq!(next_poll(&[ended, job(0, Some(HOUR))], None, at(0)), Some(at(3_402)));
}

#[test]
fn a_look_that_failed_is_repeated_soon_and_one_that_is_late_at_once() {
    let mut missed = job(0, Some(HOUR));
    (missed.looked_at, missed.misses) = (Some(at(3_402)), 2);
    assert_eq!(next_poll(&[missed.clone()], None, at(3_402)), Some(at(3_412)));
    assert!(is_due(&missed, at(3_407)) && !is_due(&missed, at(3_406)));
    // A delayed machine continues at once.
    assert_eq!(next_poll(&[missed], None, at(HOUR)), Some(at(HOUR + 1)));
}

#[test]
fn no_wait_goes_beyond_a_deadline() {
    let mut late = job(0, Some(HOUR));
    late.resource.deadline_seconds = 30 * MINUTE;
    assert_eq!(
        next_poll(&[late.clone(), job(0, Some(2 * HOUR))], None, at(0)),
        Some(at(1_800))
    );
    assert!(is_due(&late, at(1_800)));
}

#[test]
fn a_job_of_unknown_begin_is_looked_at_at_once() {
    let unknown = Job {
        started_at: None,
        ..job(0, None)
    };
    assert!(is_due(&unknown, at(0)));
    assert_eq!(next_poll(&[unknown], None, at(0)), Some(at(1)));
}

#[test]
fn a_wait_ends_in_a_whole_second_that_is_not_too_early() {
    let half = SignedDuration::from_millis(500);
    let job = Job {
        started_at: Some(at(0) + half),
        ..job(0, Some(HOUR))
    };
    assert_eq!(next_poll(&[job], None, at(1)), Some(at(3_403)));
}

/// How a job was polled among others.
#[derive(Debug, Clone, Copy, Default)]
struct Polled {
    polls: u32,
    at: u64,
}

/// Simulates the loop over jobs, given as (start, duration, usual): when each end was noticed, and how often the loop woke up.
fn simulate(given: &[(u64, u64, Option<u64>)]) -> (Vec<Polled>, u32) {
    let mut jobs: Vec<Job> = given.iter().map(|&(began, _, usual)| job(began, usual)).collect();
    let mut polled = vec![Polled::default(); given.len()];
    let mut now = given.iter().map(|&(began, ..)| began).max().unwrap();
    let mut wakes = 0;
    while let Some(wake) = next_poll(&jobs, None, at(now)) {
        now = u64::try_from(wake.duration_since(at(0)).as_secs()).unwrap();
        wakes += 1;
        for ((job, polled), &(began, duration, _)) in jobs.iter_mut().zip(&mut polled).zip(given) {
            if is_due(job, wake) {
                (polled.polls, polled.at, job.looked_at) = (polled.polls + 1, now, Some(wake));
                if now >= began + duration {
                    job.status = JobStatus::Succeeded;
                }
            }
        }
    }
    (polled, wakes)
}

fn jobs() -> impl Strategy<Value = Vec<(u64, u64, Option<u64>)>> {
    let job = (0u64..40, MINUTE..=3 * HOUR, 900u64..=1100)
        .prop_map(|(began, usual, permille)| (began, (usual * permille).div_ceil(1000), Some(usual)));
    proptest::collection::vec(job, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// The targets of one job hold, whatever jobs it runs with.
    #[test]
    fn company_costs_no_job_its_targets(jobs in jobs()) {
        let (polled, _) = simulate(&jobs);
        let last_start = jobs.iter().map(|job| job.0).max().unwrap();
        for (polled, &(began, duration, _)) in polled.iter().zip(&jobs) {
            let lag = (polled.at - began).checked_sub(duration);
            prop_assert!(polled.polls <= 6, "{:?}", polled);
            // The loop starts when all jobs have started.
            let promptly = lag.is_some_and(|lag| lag <= 5 || lag * 20 <= duration || polled.at <= last_start + 1);
            prop_assert!(promptly, "{} s of {} s late", lag.unwrap_or(0), duration);
        }
    }

    #[test]
    fn the_loop_wakes_no_more_often_than_the_jobs_would_one_by_one(jobs in jobs()) {
        let (_, wakes) = simulate(&jobs);
        let alone: u32 = jobs.iter().map(|job| simulate(&[*job]).1).sum();
        prop_assert!(wakes <= alone, "{} of {}", wakes, alone);
    }

    /// A night of equal jobs costs as much as one of them.
    #[test]
    fn jobs_of_equal_history_cost_no_more_than_one_of_them(begins in proptest::collection::vec(0u64..20, 1..40), usual in 10 * MINUTE..=6 * HOUR) {
        let jobs: Vec<_> = begins.iter().map(|&began| (began, usual, Some(usual))).collect();
        let (polled, wakes) = simulate(&jobs);
        prop_assert!(wakes <= 4, "{} wakes, {:?}", wakes, polled);
    }

    #[test]
    fn the_order_of_the_jobs_changes_nothing(jobs in jobs()) {
        let mut turned = jobs.clone();
        turned.reverse();
        let (polled, wakes) = simulate(&jobs);
        let (mut other, others) = simulate(&turned);
        other.reverse();
        let times = |polled: &[Polled]| polled.iter().map(|polled| (polled.polls, polled.at)).collect::<Vec<_>>();
        prop_assert_eq!((times(&polled), wakes), (times(&other), others));
    }
}
