#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::domain::job::Run;

const HOUR: i64 = 3600;
/// 2026-11-20T02:15:00Z, a Friday.
const NOW: i64 = 1_795_140_900;

fn set(id: &str, status: SetStatus, started: i64) -> BackupSet {
    let at = |second| Timestamp::from_second(second).unwrap();
    let run = Run {
        deployment: "hubs".to_owned(),
        id: id.to_owned(),
        execution: String::new(),
        started_at: at(started),
    };
    BackupSet {
        status,
        ended_at: (status != SetStatus::Running).then(|| at(started + HOUR)),
        ..BackupSet::begun(&run, Vec::new())
    }
}

/// A sealed set a night, named by its age in nights; night 0 is `NOW`'s.
fn nights(count: i64) -> Vec<BackupSet> {
    (0..count)
        .map(|night| set(&night.to_string(), SetStatus::Sealed, NOW - night * 24 * HOUR))
        .collect()
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW + 2 * HOUR).unwrap()
}

fn keep(last: u32, daily: u32, weekly: u32, monthly: u32) -> Keep {
    Keep {
        last,
        daily,
        weekly,
        monthly,
        failed_days: 7,
    }
}

fn kept(retention: &Retention) -> Vec<&str> {
    retention.keep.iter().map(|(id, _)| id.as_str()).collect()
}

fn expired(retention: &Retention) -> Vec<&str> {
    retention.expire.iter().map(|(id, _)| id.as_str()).collect()
}

#[test]
fn a_year_of_nights_leaves_days_weeks_and_months() {
    let retention = retention(&nights(365), &keep(2, 4, 3, 3), now());
    // Friday the 20th back to the 17th; Sundays the 15th and 8th; the last nights of October and September.
    assert_eq!(kept(&retention), ["0", "1", "2", "3", "5", "12", "20", "51"]);
    assert_eq!(retention.expire.len(), 365 - 8);
    assert_eq!(expired(&retention)[0], "364");
}

#[test]
fn every_kept_set_says_why() {
    let retention = retention(&nights(9), &keep(1, 2, 2, 1), now());
    let words: Vec<String> = retention
        .keep
        .iter()
        .map(|(id, reasons)| {
            format!(
                "{id}: {}",
                reasons.iter().map(KeepReason::to_string).collect::<Vec<_>>().join(", ")
            )
        })
        .collect();
    assert_eq!(
        words,
        [
            "0: the newest sealed set, last 1 of 1, day 1 of 2 (2026-11-20), week 1 of 2 (2026-W47), month 1 of 1 (2026-11)",
            "1: day 2 of 2 (2026-11-19)",
            "5: week 2 of 2 (2026-W46)",
        ]
    );
}

#[test]
fn nights_of_failure_cost_no_sealed_set() {
    let mut sets = nights(10);
    for night in [0, 1, 2, 4] {
        sets[night].status = SetStatus::Failed;
    }
    let retention = retention(&sets, &keep(2, 0, 0, 0), now());
    // The sealed 3 and 5; sets that failed after 3 are kept while nothing newer is sealed, and 4 for its days.
    assert_eq!(kept(&retention), ["0", "1", "2", "3", "4", "5"]);
    assert_eq!(expired(&retention), ["9", "8", "7", "6"]);
}

#[test]
fn a_failed_set_goes_its_days_after_its_end_once_a_newer_one_is_sealed() {
    let failed = set("failed", SetStatus::Failed, NOW - 8 * 24 * HOUR);
    let ends = failed.ended_at.unwrap();
    let sets = [failed, set("sealed", SetStatus::Sealed, NOW - 24 * HOUR)];
    let day_seven = ends.saturating_add(SignedDuration::from_hours(7 * 24)).unwrap();
    let before = day_seven.saturating_sub(SignedDuration::from_secs(1)).unwrap();
    let of = |sets: &[BackupSet], at| expired(&retention(sets, &keep(1, 0, 0, 0), at)).join(" ");
    assert_eq!(of(&sets, before), "");
    assert_eq!(of(&sets, day_seven), "failed");
    assert_eq!(of(&sets[..1], day_seven), "");
}

#[test]
fn a_begun_deletion_ends_and_a_run_under_way_stays() {
    let sets = [
        set("new", SetStatus::Sealed, NOW),
        set("half-gone", SetStatus::Expiring, NOW - 24 * HOUR),
        set("running", SetStatus::Running, NOW - 900 * 24 * HOUR),
    ];
    let retention = retention(&sets, &keep(9, 9, 9, 9), now());
    assert_eq!(kept(&retention), ["new", "running"]);
    assert_eq!(
        retention.expire,
        [("half-gone".to_owned(), ExpireReason::DeletionUnfinished)]
    );
}

#[test]
fn nothing_gives_nothing() {
    assert_eq!(retention(&[], &Keep::default(), now()), Retention::default());
}

/// Histories with irregular nights, several sets a day, sets of the same instant, and clocks that disagree.
fn history() -> impl Strategy<Value = Vec<BackupSet>> {
    let status = prop_oneof![
        6 => Just(SetStatus::Sealed),
        3 => Just(SetStatus::Failed),
        1 => Just(SetStatus::Running),
        1 => Just(SetStatus::Expiring),
    ];
    let gap = prop_oneof![Just(0), 1..6 * HOUR, Just(24 * HOUR), 24 * HOUR..40 * 24 * HOUR];
    let night = (status, gap, any::<bool>());
    (proptest::collection::vec(night, 0..60), -5 * 24 * HOUR..5 * 24 * HOUR).prop_map(|(nights, offset)| {
        let mut started = NOW + offset;
        let sets = nights.into_iter().enumerate().map(|(index, (status, gap, ended))| {
            started -= gap;
            let mut set = set(&format!("s{:02}", (index * 37) % 61), status, started);
            set.ended_at = set.ended_at.filter(|_| ended);
            set
        });
        sets.collect()
    })
}

fn shuffled_history() -> impl Strategy<Value = Vec<BackupSet>> {
    history().prop_shuffle()
}

fn policy() -> impl Strategy<Value = Keep> {
    (0u32..9, 0u32..9, 0u32..9, 0u32..9, 0u32..20).prop_map(|(last, daily, weekly, monthly, failed_days)| Keep {
        last,
        daily,
        weekly,
        monthly,
        failed_days,
    })
}

fn newest_sealed(sets: &[BackupSet]) -> Option<&BackupSet> {
    sets.iter()
        .filter(|set| set.status == SetStatus::Sealed)
        .max_by_key(|set| (set.started_at, &set.id))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn nothing_expires_while_no_newer_set_is_sealed(sets in shuffled_history(), keep in policy()) {
        let newest = newest_sealed(&sets);
        for (id, _) in retention(&sets, &keep, now()).expire {
            let gone = sets.iter().find(|set| set.id == id).unwrap();
            prop_assert!(newest.is_some_and(|newest| (newest.started_at, &newest.id) > (gone.started_at, &gone.id)));
        }
    }

    #[test]
    fn the_newest_sealed_set_never_expires(sets in shuffled_history(), keep in policy()) {
        if let Some(newest) = newest_sealed(&sets) {
            let retention = retention(&sets, &keep, now());
            let reasons = &retention.keep.iter().find(|(id, _)| *id == newest.id).unwrap().1;
            prop_assert_eq!(&reasons[0], &KeepReason::NewestSealed);
        }
    }

    #[test]
    fn every_set_is_kept_with_a_reason_or_expires_and_nothing_else_is(sets in shuffled_history(), keep in policy()) {
        let retention = retention(&sets, &keep, now());
        let mut decided: Vec<&str> = kept(&retention);
        decided.extend(expired(&retention));
        decided.sort_unstable();
        let mut all: Vec<&str> = sets.iter().map(|set| set.id.as_str()).collect();
        all.sort_unstable();
        prop_assert_eq!(decided, all);
        prop_assert!(retention.keep.iter().all(|(_, reasons)| !reasons.is_empty()));
    }

    #[test]
    fn an_unsealed_set_never_counts(sets in shuffled_history(), keep in policy()) {
        let sealed: Vec<BackupSet> = sets.iter().filter(|set| set.status == SetStatus::Sealed).cloned().collect();
        let of_sealed = |retention: Retention| -> Vec<_> {
            retention.keep.into_iter().filter(|(id, _)| sealed.iter().any(|set| set.id == *id)).collect()
        };
        prop_assert_eq!(of_sealed(retention(&sets, &keep, now())), of_sealed(retention(&sealed, &keep, now())));
    }

    #[test]
    fn the_policy_keeps_as_many_as_it_says(sets in shuffled_history(), keep in policy()) {
        let retention = retention(&sets, &keep, now());
        let sealed = sets.iter().filter(|set| set.status == SetStatus::Sealed).count();
        let last = retention.keep.iter().flat_map(|(_, reasons)| reasons).filter(|reason| matches!(reason, KeepReason::Last { .. })).count();
        prop_assert_eq!(last, sealed.min(keep.last as usize));
        let days: BTreeSet<_> = sets.iter().filter(|set| set.status == SetStatus::Sealed).map(|set| set.started_at.strftime("%Y-%m-%d").to_string()).collect();
        let daily: BTreeSet<_> = retention.keep.iter().flat_map(|(_, reasons)| reasons).filter_map(|reason| match reason {
            KeepReason::Daily { day, .. } => Some(day.clone()),
            _ => None,
        }).collect();
        let expected: BTreeSet<_> = days.into_iter().rev().take(keep.daily as usize).collect();
        prop_assert_eq!(daily, expected);
    }

    #[test]
    fn pruning_twice_changes_nothing(sets in shuffled_history(), keep in policy()) {
        let first = retention(&sets, &keep, now());
        let left: Vec<BackupSet> = sets.into_iter().filter(|set| first.keep.iter().any(|(id, _)| *id == set.id)).collect();
        let second = retention(&left, &keep, now());
        prop_assert_eq!(second.keep, first.keep);
        prop_assert!(second.expire.is_empty());
    }

    #[test]
    fn a_more_generous_policy_never_lets_go_of_more(sets in shuffled_history(), keep in policy(), more in policy()) {
        let generous = Keep {
            last: keep.last + more.last,
            daily: keep.daily + more.daily,
            weekly: keep.weekly + more.weekly,
            monthly: keep.monthly + more.monthly,
            failed_days: keep.failed_days + more.failed_days,
        };
        let before = retention(&sets, &keep, now());
        let after = retention(&sets, &generous, now());
        for (id, reasons) in before.keep {
            let now_kept = after.keep.iter().find(|(other, _)| *other == id);
            prop_assert!(now_kept.is_some_and(|(_, more)| more.len() >= reasons.len()), "{}", id);
        }
    }

    #[test]
    fn time_alone_lets_go_of_failed_sets_only(sets in shuffled_history(), keep in policy(), days in 0i64..400) {
        let later = now().saturating_add(SignedDuration::from_hours(24 * days)).unwrap();
        let before = retention(&sets, &keep, now());
        for (id, _) in retention(&sets, &keep, later).expire {
            let set = sets.iter().find(|set| set.id == id).unwrap();
            prop_assert!(set.status == SetStatus::Failed || before.expire.iter().any(|(other, _)| *other == id));
        }
    }
}
