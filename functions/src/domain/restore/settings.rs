//! Settings of a copy that no restore call accepts, and that are requested afterwards: AWS may accept one and show it late, accept
//! one and never show it, or refuse it. None of these fails a restore by itself.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How often to request a setting that AWS accepts and does not show: the first request may have been lost.
const MOST_REQUESTS: usize = 2;

/// How long AWS may take to show a setting that it accepted.
const SHOWN_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// The settings that were requested for one copy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedSettings {
    /// One entry for each time that AWS accepted a setting.
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

/// A setting that AWS refuses permanently, and AWS's reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedSetting {
    pub setting: String,
    pub why: String,
}

/// The next action for a setting that differs from the captured one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingAction<'a> {
    Request,
    /// AWS accepted it a moment ago.
    Wait,
    /// AWS accepted every request for it, and does not show it.
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
            Some(_) if taken.len() >= MOST_REQUESTS => SettingAction::GiveUp,
            _ => SettingAction::Request,
        }
    }

    /// Why a setting of a finished copy differs from the captured one, if requesting it had no effect.
    pub fn unapplied_reason(&self, setting: &str) -> Option<String> {
        if let Some(refused) = self.refused.iter().find(|refused| refused.setting == setting) {
            return Some(format!("AWS refuses it: {}", refused.why));
        }
        (self.accepted_at(setting).count() >= MOST_REQUESTS)
            .then(|| "AWS accepted it twice, minutes apart, and does not show it".to_owned())
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
