//! Where a dump or a restore runs: in a function, which AWS ends after 15 minutes, or as a task.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Where the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    Function,
    Task,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Dump,
    Restore,
}

/// What of a function's 15 minutes is used at most: the rest is for a slow night.
const BUDGET: Duration = Duration::from_secs(8 * 60);
/// How much longer than its usual duration a run may be expected to take.
const MARGIN: f64 = 1.5;

impl Work {
    /// Bytes of the database per second, as a cautious assumption while nothing was measured: a small function that compresses, and
    /// a server that builds indexes.
    fn assumed_rate(self) -> f64 {
        match self {
            Self::Dump => 10e6,
            Self::Restore => 4e6,
        }
    }
}

/// Where it runs: what the descriptor forces, else what past durations say (scaled by the growth of the database since), else what
/// the size of the database says. Disk decides nothing: dumps are streamed.
#[must_use]
pub fn decide(forced: Option<Placement>, work: Work, database_bytes: u64, past: &[PastRun]) -> Placement {
    if let Some(forced) = forced {
        return forced;
    }
    if expected(work, database_bytes, past) <= BUDGET {
        Placement::Function
    } else {
        Placement::Task
    }
}

/// A run that succeeded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PastRun {
    pub duration: Duration,
    pub database_bytes: u64,
}

/// How long it may take.
fn expected(work: Work, database_bytes: u64, past: &[PastRun]) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let scaled = |run: &PastRun| {
        let growth = database_bytes as f64 / run.database_bytes.max(1) as f64;
        run.duration.as_secs_f64() * growth.max(1.0) * MARGIN
    };
    let longest = past.iter().map(scaled).fold(None, |most: Option<f64>, seconds| {
        Some(most.map_or(seconds, |most| most.max(seconds)))
    });
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let seconds = longest.unwrap_or(database_bytes as f64 / work.assumed_rate());
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn run(minutes: u64, database_bytes: u64) -> PastRun {
        PastRun {
            duration: Duration::from_secs(minutes * 60),
            database_bytes,
        }
    }

    #[test]
    fn without_a_past_the_size_decides() {
        assert_eq!(decide(None, Work::Dump, GIB, &[]), Placement::Function);
        assert_eq!(decide(None, Work::Dump, 40 * GIB, &[]), Placement::Task);
        assert_eq!(decide(None, Work::Restore, 3 * GIB, &[]), Placement::Task);
    }

    #[test]
    fn past_durations_stand_over_the_assumption() {
        assert_eq!(
            decide(None, Work::Dump, 40 * GIB, &[run(4, 40 * GIB)]),
            Placement::Function
        );
        assert_eq!(
            decide(None, Work::Dump, GIB, &[run(1, GIB), run(9, GIB)]),
            Placement::Task
        );
    }

    #[test]
    fn a_database_that_grew_takes_longer() {
        assert_eq!(decide(None, Work::Dump, 4 * GIB, &[run(2, GIB)]), Placement::Task);
        assert_eq!(decide(None, Work::Dump, 1, &[run(2, 0)]), Placement::Function);
    }

    #[test]
    fn the_descriptor_can_force_it() {
        assert_eq!(
            decide(Some(Placement::Function), Work::Dump, u64::MAX, &[]),
            Placement::Function
        );
        assert_eq!(decide(Some(Placement::Task), Work::Restore, 0, &[]), Placement::Task);
    }
}
