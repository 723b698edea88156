//! How long a Region's quota of manual cluster snapshots lasts, given what the deployments keep: 100 by default, which the default
//! `keep` of three deployments fills (Aurora User Guide, "Quotas and constraints").

use jiff::ToSpan;
use jiff::civil::date;

use super::policy;
use crate::domain::descriptor::Keep;

/// How many nights ahead are checked.
const A_WEEK: u64 = 7;

/// How many snapshots a deployment will keep.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotGrowth {
    /// Clusters, each with a snapshot in every set.
    pub resources: u64,
    /// Sealed sets.
    pub kept: u64,
    /// Sets that it will eventually keep.
    pub most: u64,
}

/// How many nights of the coming week have room for snapshots of all deployments; `None` if every night has. A night's sets are
/// created before older ones expire.
pub fn nights_left(used: u64, quota: u64, deployments: &[SnapshotGrowth]) -> Option<u64> {
    let each_night: u64 = deployments.iter().map(|of| of.resources).sum();
    (0..A_WEEK).find(|night| {
        let more = |of: &SnapshotGrowth| of.resources * of.most.saturating_sub(of.kept).min(*night);
        used + deployments.iter().map(more).sum::<u64>() + each_night > quota
    })
}

/// How many sets are eventually kept, with one set each night.
pub fn in_the_end(keep: &Keep) -> u64 {
    let days = keep
        .last
        .max(keep.daily)
        .max(7 * (keep.weekly + 1))
        .max(31 * (keep.monthly + 1));
    let nights = (0..i64::from(days)).filter_map(|ago| date(2026, 1, 31).checked_sub(ago.days()).ok());
    let kept = policy::by_date(nights, keep)
        .iter()
        .filter(|reasons| !reasons.is_empty())
        .count();
    // The newest sealed set never expires.
    u64::try_from(kept).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_of_three_deployments_fills_the_quota() {
        let most = in_the_end(&Keep::default());
        assert!((30..=34).contains(&most), "{most}");
        let of = |kept| {
            [SnapshotGrowth {
                resources: 1,
                kept,
                most,
            }; 3]
        };
        assert_eq!(nights_left(0, 100, &of(0)), None);
        // 25 sets each, and 10 of somebody else's.
        assert_eq!(nights_left(85, 100, &of(25)), Some(5));
        assert_eq!(nights_left(98, 100, &of(25)), Some(0));
        // The number of kept sets no longer grows, and one more night still fits.
        assert_eq!(nights_left(97, 100, &of(most)), None);
        assert_eq!(nights_left(98, 100, &of(most)), Some(0));
    }

    #[test]
    fn a_rule_of_each_is_counted_once() {
        let keep = |last, daily, weekly, monthly| Keep {
            last,
            daily,
            weekly,
            monthly,
            failed_days: 7,
        };
        for (keep, sets) in [
            (keep(7, 0, 0, 0), 7),
            (keep(7, 14, 0, 0), 14),
            (keep(0, 0, 4, 0), 4),
            (keep(0, 0, 0, 12), 12),
            (keep(0, 0, 0, 0), 1),
        ] {
            assert_eq!(in_the_end(&keep), sets, "{keep:?}");
        }
    }
}
