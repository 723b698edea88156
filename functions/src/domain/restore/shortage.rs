//! A copy for which AWS has no capacity: how long to wait for it, what a restore can do without, and what is kept.
//!
//! A higher quota would not help, and nothing that was restored is removed because of it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// After which on-call is notified of what a restore waits for.
const NOTIFY_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// How long a restore waits for what it can do without: a reader, if the writer is available.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);

/// What AWS had no capacity for, in one resource's restore.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Shortage {
    /// Each part of the copy without capacity, and since when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub since: BTreeMap<String, Timestamp>,
    /// The parts without capacity at the last poll.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<String>,
    /// The parts without capacity in the zone of their source, which are requested in any zone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_any_zone: Vec<String>,
    /// Whether this is the only reason why the restore failed: what it created is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
}

impl Shortage {
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Records the result of a poll.
    pub fn record(&mut self, lacking: Vec<String>, in_any_zone: Vec<String>, now: Timestamp) {
        for part in &lacking {
            self.since.entry(part.clone()).or_insert(now);
        }
        for part in in_any_zone {
            if !self.in_any_zone.contains(&part) {
                self.in_any_zone.push(part);
            }
        }
        self.lacking = lacking;
    }

    /// Whether on-call must be notified of the shortage at the last poll.
    pub fn needs_notification(&self, now: Timestamp) -> bool {
        self.lacking.iter().any(|part| self.lasts(part, NOTIFY_AFTER, now))
    }

    /// Whether the restore continues without a part that it can do without.
    pub fn is_settled(&self, part: &str, now: Timestamp, past_deadline: bool) -> bool {
        self.lasts(part, PATIENCE, now) || past_deadline && self.since.contains_key(part)
    }

    fn lasts(&self, part: &str, at_least: SignedDuration, now: Timestamp) -> bool {
        self.since
            .get(part)
            .is_some_and(|since| now.duration_since(*since) >= at_least)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + 60 * minute).unwrap()
    }

    fn parts(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn on_call_is_told_of_what_lasts_and_each_part_has_its_own_time() {
        let mut shortage = Shortage::default();
        let notified: Vec<i64> = (0..20)
            .filter(|minute| {
                shortage.record(parts(&["cluster"]), Vec::new(), at(*minute));
                shortage.needs_notification(at(*minute))
            })
            .collect();
        assert_eq!(notified, [15, 16, 17, 18, 19]);
        shortage.record(parts(&["reader"]), Vec::new(), at(300));
        assert!(
            !shortage.needs_notification(at(300)),
            "the reader has only begun to wait"
        );
        assert!(!shortage.is_settled("reader", at(329), false));
        assert!(shortage.is_settled("reader", at(330), false));
    }

    #[test]
    fn a_part_goes_to_any_zone_from_the_first_time_on() {
        let mut shortage = Shortage::default();
        for _ in 0..2 {
            shortage.record(Vec::new(), parts(&["hubs-db-1"]), at(0));
        }
        shortage.record(Vec::new(), parts(&["hubs-db-2"]), at(1));
        assert_eq!(shortage.in_any_zone, ["hubs-db-1", "hubs-db-2"]);
    }

    #[test]
    fn at_the_deadline_what_is_short_is_done_without_and_nothing_else() {
        let mut shortage = Shortage::default();
        assert!(!shortage.is_settled("reader", at(90), true), "nothing is short");
        shortage.record(parts(&["reader"]), Vec::new(), at(0));
        assert!(shortage.is_settled("reader", at(1), true));
        assert!(!shortage.is_settled("another", at(1), true));
    }
}
