//! A copy for which AWS has no capacity: how long it is waited for, what a restore does without, and what is kept.
//!
//! No quota changes that, and nothing that was restored is removed for it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// After which on-call is told what a restore waits for.
const UNTOLD: SignedDuration = SignedDuration::from_mins(15);

/// How long a restore waits for what it can do without: a reader beside a writer that is available.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);

/// What AWS had no capacity for, of one resource's restore.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Shortage {
    /// When it was first seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When on-call was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
    /// Parts of the copy that found no capacity in the zone of their source, and are asked for in any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_any_zone: Vec<String>,
    /// Whether the restore failed for it alone: what it made is whole, and is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
}

impl Shortage {
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Records what a look found; whether on-call has to be told of it now.
    pub fn note(&mut self, in_any_zone: Vec<String>, now: Timestamp) -> bool {
        let since = *self.since.get_or_insert(now);
        for part in in_any_zone {
            if !self.in_any_zone.contains(&part) {
                self.in_any_zone.push(part);
            }
        }
        let tells = self.told_at.is_none() && now.duration_since(since) >= UNTOLD;
        if tells {
            self.told_at = Some(now);
        }
        tells
    }

    /// Whether the restore goes on without what it can do without.
    pub fn is_settled(&self, now: Timestamp, past_deadline: bool) -> bool {
        self.since
            .is_some_and(|since| past_deadline || now.duration_since(since) >= PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + 60 * minute).unwrap()
    }

    #[test]
    fn on_call_is_told_once_and_not_of_a_short_one() {
        let mut shortage = Shortage::default();
        let told: Vec<i64> = (0..60)
            .filter(|minute| shortage.note(Vec::new(), at(*minute)))
            .collect();
        assert_eq!(told, [15]);
        assert_eq!(shortage.since, Some(at(0)));
    }

    #[test]
    fn a_part_goes_to_any_zone_from_the_first_time_on() {
        let mut shortage = Shortage::default();
        for _ in 0..2 {
            shortage.note(vec!["hubs-db-1".to_owned()], at(0));
        }
        shortage.note(vec!["hubs-db-2".to_owned()], at(1));
        assert_eq!(shortage.in_any_zone, ["hubs-db-1", "hubs-db-2"]);
    }

    #[test]
    fn what_a_restore_can_do_without_is_waited_for_as_long_as_that_costs_nothing_more() {
        let mut shortage = Shortage::default();
        assert!(!shortage.is_settled(at(90), true), "nothing is short");
        shortage.note(Vec::new(), at(0));
        assert!(!shortage.is_settled(at(29), false));
        assert!(shortage.is_settled(at(30), false));
        assert!(shortage.is_settled(at(1), true));
    }
}
