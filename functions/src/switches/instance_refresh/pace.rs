//! How long a refresh takes, as far as a group's settings say: batches of instances, each with a warm-up.
//!
//! Sources: `MinHealthyPercentage`, `MaxHealthyPercentage` and `InstanceWarmup` in
//! <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html>.

use super::group::Group;
use crate::domain::restore::switch_progress::DEADLINE_SECONDS;

/// The minimum and maximum percentages without a maintenance policy.
const HEALTHY: (u64, u64) = (90, 100);
/// Seconds in which an instance is deregistered and terminated, and the next one launched and started: a load balancer alone
/// waits 300 seconds for connections to end, unless it is set otherwise.
const REPLACEMENT: u64 = 10 * 60;
/// Seconds for which a refresh waits for instances that are protected from scale in, or in standby, before it fails.
pub const PATIENCE: u64 = 3600;
/// The longest deadline: two such switches can be switched back within the 55 hours of the machine `undo-cut-over`.
pub const LONGEST: u64 = 86_400;

/// How a group's instances are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    pub instances: u64,
    /// Those that are replaced at a time.
    pub at_once: u64,
    /// Seconds that all of it takes, about.
    pub seconds: u64,
}

impl Pace {
    pub fn of(group: &Group) -> Self {
        // With weights, the desired capacity is no number of instances.
        let live = u64::try_from(group.instances.len()).unwrap_or(u64::MAX);
        let instances = live.max(1).saturating_add(group.warm_pool);
        let (least, most) = group.maintenance.unwrap_or(HEALTHY);
        let kept = live.saturating_mul(least).div_ceil(100);
        let allowed = live.saturating_mul(most) / 100;
        let at_once = allowed.saturating_sub(kept).clamp(1, instances);
        let seconds = instances
            .div_ceil(at_once)
            .saturating_mul(group.warm_up.saturating_add(REPLACEMENT));
        Self {
            instances,
            at_once,
            seconds,
        }
    }

    /// Seconds within which it has to end, and within which it has to be switched back: the refresh of the cut-over may have to end
    /// before, and each may wait for instances that are protected.
    pub fn deadline(self) -> u64 {
        let whole = self
            .seconds
            .saturating_mul(3)
            .saturating_add(DEADLINE_SECONDS + PATIENCE);
        whole.min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::super::group::Instance;
    use super::*;

    fn group(instances: usize, warm_up: u64, maintenance: Option<(u64, u64)>) -> Group {
        Group {
            warm_up,
            maintenance,
            instances: vec![Instance::default(); instances],
            ..Group::default()
        }
    }

    #[test]
    fn as_many_are_replaced_at_once_as_the_percentages_allow() {
        for (instances, maintenance, at_once) in [
            (1, None, 1),
            (2, None, 1),
            (10, None, 1),
            (19, None, 1),
            (20, None, 2),
            (100, None, 10),
            (4, Some((100, 200)), 4),
            (10, Some((50, 100)), 5),
            (10, Some((100, 100)), 1),
            (3, Some((0, 200)), 3),
        ] {
            let pace = Pace::of(&group(instances, 0, maintenance));
            assert_eq!(pace.at_once, at_once, "{instances} {maintenance:?}");
        }
    }

    #[test]
    fn each_batch_takes_a_replacement_and_a_warm_up() {
        let pace = Pace::of(&group(2, 300, None));
        assert_eq!((pace.instances, pace.seconds), (2, 1800));
        assert_eq!(pace.deadline(), 3 * 1800 + 1800 + 3600);
        let mut warm = group(2, 300, None);
        warm.warm_pool = 3;
        assert_eq!(Pace::of(&warm).instances, 5);
    }

    #[test]
    fn no_deadline_is_longer_than_the_machine_allows() {
        assert_eq!(Pace::of(&group(1000, 86_400, None)).deadline(), LONGEST);
        assert_eq!(Pace::of(&group(1, u64::MAX, None)).deadline(), LONGEST);
    }
}
