//! Settings of a copy that no restore call takes, and that AWS is asked for afterwards: it may take one and show it late, take one
//! and never show it, or refuse it. None of that fails a restore by itself.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How often a setting is asked for that AWS takes and does not show: the first time it may not have been heard.
const ASKED_AT_MOST: usize = 2;

/// How long after AWS took a setting it may not show it yet.
const SHOWN_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// What was asked of AWS for one copy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedSettings {
    /// Once for each time that AWS took it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<AcceptedSetting>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedSetting>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedSetting {
    pub setting: String,
    pub at: Timestamp,
}

/// A setting that AWS refuses for good, and its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedSetting {
    pub setting: String,
    pub why: String,
}

/// What comes next for a setting that is not as it was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingAction<'a> {
    Request,
    /// AWS took it a moment ago.
    Wait,
    /// It took it as often as it is asked for, and does not show it.
    GiveUp,
    Refused(&'a str),
}

impl RequestedSettings {
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    pub fn next_action(&self, setting: &str, now: Timestamp) -> SettingAction<'_> {
        if let Some(refused) = self.refused.iter().find(|refused| refused.setting == setting) {
            return SettingAction::Refused(&refused.why);
        }
        let taken: Vec<Timestamp> = self.accepted_at(setting).collect();
        match taken.iter().max() {
            Some(last) if now.duration_since(*last) < SHOWN_WITHIN => SettingAction::Wait,
            Some(_) if taken.len() >= ASKED_AT_MOST => SettingAction::GiveUp,
            _ => SettingAction::Request,
        }
    }

    /// Why a setting of a finished copy is not as it was captured, if it was asked for in vain.
    pub fn unapplied_reason(&self, setting: &str) -> Option<String> {
        if let Some(refused) = self.refused.iter().find(|refused| refused.setting == setting) {
            return Some(format!("AWS refuses it: {}", refused.why));
        }
        (self.accepted_at(setting).count() >= ASKED_AT_MOST)
            .then(|| "AWS took it twice, minutes apart, and does not show it".to_owned())
    }

    pub fn record(&mut self, taken: &[&str], refused: Vec<RefusedSetting>, now: Timestamp) {
        self.taken.extend(taken.iter().map(|setting| AcceptedSetting {
            setting: (*setting).to_owned(),
            at: now,
        }));
        self.refused.extend(refused);
    }

    fn accepted_at(&self, setting: &str) -> impl Iterator<Item = Timestamp> {
        let of = move |taken: &&AcceptedSetting| taken.setting == setting;
        self.taken.iter().filter(of).map(|taken| taken.at)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    #[test]
    fn a_setting_is_given_up_after_two_times_minutes_apart_and_not_sooner() {
        let mut settings = RequestedSettings::default();
        assert_eq!(settings.next_action("Port", at(0)), SettingAction::Request);
        settings.record(&["Port"], Vec::new(), at(0));
        assert_eq!(settings.next_action("Port", at(10)), SettingAction::Wait);
        assert_eq!(settings.next_action("Port", at(300)), SettingAction::Request);
        settings.record(&["Port"], Vec::new(), at(300));
        assert_eq!(settings.next_action("Port", at(325)), SettingAction::Wait);
        assert_eq!(settings.next_action("Port", at(600)), SettingAction::GiveUp);
        assert_eq!(settings.next_action("Engine", at(600)), SettingAction::Request);
        assert!(settings.unapplied_reason("Port").unwrap().contains("twice"));
        assert_eq!(settings.unapplied_reason("Engine"), None);
    }

    #[test]
    fn what_is_refused_is_not_asked_for_again() {
        let refused = RefusedSetting {
            setting: "Port".to_owned(),
            why: "not here".to_owned(),
        };
        let mut settings = RequestedSettings::default();
        settings.record(&[], vec![refused], at(0));
        assert_eq!(
            settings.next_action("Port", at(3_600)),
            SettingAction::Refused("not here")
        );
        assert_eq!(settings.unapplied_reason("Port").unwrap(), "AWS refuses it: not here");
    }
}
