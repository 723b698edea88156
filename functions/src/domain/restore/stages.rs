//! The stages of one resource's restore: what AWS is processing between two steps of Holdfast's. Each is timed and polled like a
//! job of its own: with one schedule for the whole restore, each short stage after a stage of hours would be polled too late, by up
//! to 5 % of those hours.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The stages of a restore so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stages {
    /// The stage that has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open: Option<Stage>,
    /// Duration of each ended stage in seconds; for a stage that was entered twice, of the first time.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    ended: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stage {
    name: String,
    since: Timestamp,
}

impl Stages {
    /// Records that AWS is processing `stage`, which ends any other open stage. Returns whether the stage changed.
    pub fn enter(&mut self, stage: &str, now: Timestamp) -> bool {
        if self.open() == Some(stage) {
            return false;
        }
        self.end(now);
        self.open = Some(Stage {
            name: stage.to_owned(),
            since: now,
        });
        true
    }

    /// Records that the open stage has ended.
    pub fn end(&mut self, now: Timestamp) {
        let seconds = self.elapsed(now);
        if let Some(stage) = self.open.take() {
            self.ended.entry(stage.name).or_insert(seconds);
        }
    }

    /// The name of the open stage.
    pub fn open(&self) -> Option<&str> {
        self.open.as_ref().map(|stage| stage.name.as_str())
    }

    /// Seconds since the open stage began; 0 without one.
    pub fn elapsed(&self, now: Timestamp) -> u64 {
        let since = self.open.as_ref().map_or(now, |stage| stage.since);
        u64::try_from(now.duration_since(since).as_secs()).unwrap_or(0)
    }

    /// Whether a stage has ended once, even if it has begun again.
    pub fn has_ended(&self, stage: &str) -> bool {
        self.ended.contains_key(stage)
    }

    /// The ended stages, and their durations in seconds.
    pub fn ended(&self) -> impl Iterator<Item = (&str, u64)> {
        self.ended.iter().map(|(name, seconds)| (name.as_str(), *seconds))
    }
}

/// The catalog's key for the duration of a stage of a resource's restore; without a stage, of the whole restore.
pub fn timing(resource: &str, stage: Option<&str>) -> String {
    match stage {
        Some(stage) => format!("restore#{resource}#{stage}"),
        None => format!("restore#{resource}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_140_900 + second).unwrap()
    }

    #[test]
    fn each_stage_is_timed_from_when_it_was_seen_first_to_when_the_next_was() {
        let mut stages = Stages::default();
        assert_eq!((stages.open(), stages.elapsed(at(5))), (None, 0));
        assert!(stages.enter("copying", at(0)));
        assert!(!stages.enter("copying", at(60)));
        assert_eq!(stages.elapsed(at(90)), 90);
        assert!(stages.enter("instances", at(100)));
        assert_eq!((stages.open(), stages.elapsed(at(130))), (Some("instances"), 30));
        stages.end(at(150));
        assert_eq!((stages.open(), stages.elapsed(at(200))), (None, 0));
        assert_eq!(
            stages.ended().collect::<Vec<_>>(),
            [("copying", 100), ("instances", 50)]
        );
    }

    #[test]
    fn a_stage_that_comes_again_is_paced_anew_and_remembered_once() {
        let mut stages = Stages::default();
        for (stage, second) in [("configuring", 0), ("instances", 40), ("configuring", 100)] {
            stages.enter(stage, at(second));
        }
        assert_eq!(stages.elapsed(at(101)), 1);
        stages.end(at(101));
        assert_eq!(
            stages.ended().collect::<Vec<_>>(),
            [("configuring", 40), ("instances", 60)]
        );
    }

    #[test]
    fn a_record_from_before_there_were_stages_has_none() {
        assert_eq!(serde_json::from_str::<Stages>("{}").unwrap(), Stages::default());
    }
}
