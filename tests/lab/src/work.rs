//! The lab's background work: jobs that run, and jobs that wait for a time of the lab's clock. While none runs, the
//! clock can jump to the next time that one waits for, and every job still ends at its time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;

/// The jobs that run or wait.
#[derive(Clone, Default)]
pub struct Work(Arc<Mutex<Jobs>>);

#[derive(Default)]
struct Jobs {
    running: usize,
    number: u64,
    /// Until when each of the others waits.
    waiting: BTreeMap<u64, Timestamp>,
}

/// Whether the lab is busy, and what it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkStatus {
    /// A job runs, or is due and has not resumed yet.
    pub busy: bool,
    /// The earliest time that a job waits for.
    pub next: Option<Timestamp>,
}

/// A job, which runs for as long as this is kept.
pub struct Running(Work);

/// A job that waits for as long as this is kept.
pub struct Waiting {
    work: Work,
    number: u64,
}

impl Work {
    /// A job begins.
    #[must_use]
    pub fn begin(&self) -> Running {
        self.jobs().running += 1;
        Running(self.clone())
    }

    /// A job that runs begins to wait.
    #[must_use]
    pub fn wait(&self, until: Timestamp) -> Waiting {
        let mut jobs = self.jobs();
        jobs.running = jobs.running.saturating_sub(1);
        jobs.number += 1;
        let number = jobs.number;
        jobs.waiting.insert(number, until);
        Waiting {
            work: self.clone(),
            number,
        }
    }

    /// The activity at this time.
    #[must_use]
    pub fn doing(&self, now: Timestamp) -> WorkStatus {
        let jobs = self.jobs();
        let next = jobs.waiting.values().min().copied();
        WorkStatus {
            busy: jobs.running > 0 || next.is_some_and(|next| next <= now),
            next,
        }
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut jobs = self.0.jobs();
        jobs.running = jobs.running.saturating_sub(1);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut jobs = self.work.jobs();
        jobs.waiting.remove(&self.number);
        jobs.running += 1;
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_job_is_busy_until_it_waits_and_again_once_its_time_has_come() {
        let work = Work::default();
        let (now, due) = (
            Timestamp::UNIX_EPOCH,
            Timestamp::UNIX_EPOCH + SignedDuration::from_mins(30),
        );
        let doing = |busy, next| WorkStatus { busy, next };
        assert_eq!(work.doing(now), doing(false, None));
        let running = work.begin();
        assert_eq!(work.doing(now), doing(true, None));
        let waiting = work.wait(due);
        assert_eq!(work.doing(now), doing(false, Some(due)));
        assert_eq!(work.doing(due), doing(true, Some(due)));
        drop(waiting);
        assert_eq!(work.doing(due), doing(true, None));
        drop(running);
        assert_eq!(work.doing(due), doing(false, None));
    }

    #[test]
    fn the_earliest_time_is_next_and_one_busy_job_holds_it() {
        let work = Work::default();
        let at = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let jobs = [work.begin(), work.begin(), work.begin()];
        let _late = work.wait(at(20));
        let early = work.wait(at(10));
        assert!(work.doing(at(0)).busy);
        let _last = work.wait(at(30));
        assert_eq!((work.doing(at(0)).busy, work.doing(at(0)).next), (false, Some(at(10))));
        drop(early);
        assert_eq!((work.doing(at(0)).busy, work.doing(at(0)).next), (true, Some(at(20))));
        drop(jobs);
    }
}
