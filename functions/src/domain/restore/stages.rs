//! The stages of one resource's restore: what AWS is at work on between two steps of ours. Each is timed and paced as a job of
//! its own: of the whole only the sum would be known, and after hours of one stage, 5 % of them would be lost at each of the
//! short ones that follow.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The stages of a restore so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stages {
    /// The one that has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open: Option<Stage>,
    /// Seconds that each took which has ended; of one that came twice, the first time.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    ended: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stage {
    name: String,
    since: Timestamp,
}

impl Stages {
    /// Notes that AWS is at work on `stage`. Whether it was not the last time; what that was has then ended.
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

    /// Notes that the open stage has ended.
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

    /// Whether a stage has ended once, though it may have begun again.
    pub fn has_ended(&self, stage: &str) -> bool {
        self.ended.contains_key(stage)
    }

    /// The stages that have ended, and the seconds that each took.
    pub fn ended(&self) -> impl Iterator<Item = (&str, u64)> {
        self.ended.iter().map(|(name, seconds)| (name.as_str(), *seconds))
    }
}

/// Under which name the catalog keeps how long a stage of a resource's restore took; without a stage, how long all of it.
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
