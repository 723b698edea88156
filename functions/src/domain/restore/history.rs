//! The event history that a restore needs: Step Functions ends an execution at its 25,000th event.

use crate::domain::kinds::is_guard;
use crate::domain::pacing;
use crate::domain::restore::plan::PlannedResource;

/// Maximum events of a Standard execution (Step Functions quotas).
pub const MOST_EVENTS: u64 = 25_000;

/// Events of the `restore` machine itself, from start to end, with many retries.
const MACHINE: u64 = 1_500;
/// Events of one poll: ChooseKind, the task (entered, scheduled, started, succeeded, exited), ChooseLook and the wait.
const POLL: u64 = 11;
/// Events of a Map iteration with a start delay and one task, for each comparison and each probe.
const TASK: u64 = 13;
/// Assumed duration of a restore without history, in seconds: a table takes 20 minutes whatever its size, most less than an hour
/// (DynamoDB Developer Guide, "Point-in-time recovery").
const UNKNOWN_SECONDS: u64 = 3_600;

/// The events that a restore of these resources is expected to take.
pub fn events(resources: &[PlannedResource], probes: usize) -> u64 {
    let of_each = |planned: &PlannedResource| {
        let compared = TASK;
        if is_guard(&planned.resource.target) {
            return compared;
        }
        let seconds = planned.usual_seconds.unwrap_or(UNKNOWN_SECONDS);
        let seconds = seconds.min(planned.resource.deadline_seconds);
        // As if no stage had a history: timings of earlier restores may save polls, but that is not guaranteed.
        let polls = u64::from(pacing::simulate(seconds, None).looks);
        compared + TASK + polls * POLL
    };
    let probes = u64::try_from(probes).unwrap_or(u64::MAX).saturating_mul(TASK);
    resources
        .iter()
        .map(of_each)
        .fold(MACHINE.saturating_add(probes), u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::resource::{Resource, Target};
    use crate::domain::restore::plan::{Destination, Source};

    fn planned(target: Target, usual_seconds: Option<u64>) -> PlannedResource {
        PlannedResource {
            resource: Resource {
                name: "thing".into(),
                target,
                deadline_seconds: 36 * 3_600,
            },
            source: Source::TableBackup { arn: "arn".into() },
            destination: Destination::Nothing,
            holds: None,
            loss_seconds: None,
            size_bytes: None,
            usual_seconds,
            creates: Vec::new(),
        }
    }

    fn tables(number: usize, usual_seconds: Option<u64>) -> Vec<PlannedResource> {
        let table = Target::DynamoDb {
            table: "rooms".into(),
            archive: None,
        };
        vec![planned(table, usual_seconds); number]
    }

    #[test]
    fn a_deployment_of_some_tables_fits_and_one_of_two_hundred_slow_ones_does_not() {
        assert!(events(&tables(40, None), 20) < MOST_EVENTS);
        assert!(events(&tables(200, Some(600)), 20) > MOST_EVENTS);
        assert!(events(&tables(100, Some(300)), 20) < MOST_EVENTS);
    }

    #[test]
    fn a_guard_takes_one_comparison_and_a_slower_resource_takes_more() {
        let guard = planned(Target::Parameters { path: "/hubs".into() }, Some(1_000_000));
        assert_eq!(events(&[guard], 0), MACHINE + TASK);
        assert!(events(&tables(1, Some(7_200)), 0) > events(&tables(1, Some(60)), 0));
        assert_eq!(events(&[], 3), MACHINE + 3 * TASK);
    }
}
