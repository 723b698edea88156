//! Work that takes time: the creation or change of a resource until it is done, or has failed.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::faults::FaultKind;
use crate::service::Call;
use crate::world::World;

/// A job: it ends when its time is over *and* its real work is done.
#[derive(Clone, Debug)]
pub struct Job {
    started: Timestamp,
    takes: Duration,
    fault: Option<FaultKind>,
    /// `None` while the real work runs.
    pub worked: Option<bool>,
}

/// The progress of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Percent, 0 to 99.
    Running(u8),
    /// It succeeded.
    Done,
    /// It failed.
    Failed,
}

impl Job {
    /// A job that the call starts now, subject to injected faults.
    #[must_use]
    pub fn start(world: &World, call: &Call, takes: Duration) -> Self {
        Self {
            fault: world.faults.for_job(call),
            ..Self::lasting(world.clock.now(), takes)
        }
    }

    /// A job without faults.
    #[must_use]
    pub fn lasting(started: Timestamp, takes: Duration) -> Self {
        Self {
            started,
            takes,
            fault: None,
            worked: None,
        }
    }

    /// The same job without real work: it takes only time.
    #[must_use]
    pub fn of_time_only(mut self) -> Self {
        self.worked = Some(true);
        self
    }

    /// Its progress at `now`.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn progress(&self, now: Timestamp) -> Progress {
        let elapsed = Duration::try_from(now.duration_since(self.started)).unwrap_or_default();
        let over = elapsed >= self.takes;
        let percent = || {
            let share = elapsed.as_secs_f64() / self.takes.as_secs_f64().max(1e-9);
            Progress::Running((share * 100.0).min(99.0) as u8)
        };
        match (self.fault, self.worked) {
            (Some(FaultKind::JobStuck), _) => percent(),
            (Some(FaultKind::JobFailed | FaultKind::JobAborted | FaultKind::JobExpired | FaultKind::JobPartial), _)
                if over =>
            {
                Progress::Failed
            }
            (_, Some(false)) => Progress::Failed,
            (_, Some(true)) if over => Progress::Done,
            _ => percent(),
        }
    }
}

/// `now` plus a duration of the lab's time.
#[must_use]
pub fn after(now: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait)
        .ok()
        .and_then(|wait| now.checked_add(wait).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn job(fault: Option<FaultKind>, worked: Option<bool>) -> Job {
        Job {
            started: Timestamp::UNIX_EPOCH,
            takes: Duration::from_secs(10),
            fault,
            worked,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn grows_then_ends_when_time_and_work_are_both_done() {
        assert_eq!(job(None, Some(true)).progress(at(0)), Progress::Running(0));
        assert_eq!(job(None, Some(true)).progress(at(4)), Progress::Running(40));
        assert_eq!(job(None, Some(true)).progress(at(10)), Progress::Done);
        assert_eq!(job(None, None).progress(at(60)), Progress::Running(99));
        assert_eq!(job(None, Some(false)).progress(at(1)), Progress::Failed);
    }

    #[test]
    fn faults_fail_it_at_its_end_or_hold_it_for_ever() {
        let failing = job(Some(FaultKind::JobFailed), Some(true));
        assert_eq!(failing.progress(at(5)), Progress::Running(50));
        assert_eq!(failing.progress(at(10)), Progress::Failed);
        let stuck = job(Some(FaultKind::JobStuck), Some(true));
        assert_eq!(stuck.progress(at(1_000_000)), Progress::Running(99));
    }
}
