//! When `nightly` runs, and a warning about its hour.

use std::collections::BTreeMap;

use holdfast::domain::skipped_times;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The stack's own parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule {
    expression: String,
    zone: String,
    enabled: bool,
}

impl Schedule {
    pub fn of(parameters: &BTreeMap<String, String>) -> Self {
        let of = |name: &str| parameters.get(name).cloned().unwrap_or_default();
        Self {
            expression: of("ScheduleExpression"),
            zone: of("ScheduleTimezone"),
            enabled: of("ScheduleState") == "ENABLED",
        }
    }

    /// A warning if a night of the next year has no backup because its hour does not exist.
    pub fn remark(&self, now: Timestamp) -> Option<String> {
        let Schedule { expression, zone, .. } = self;
        let known = TimeZone::get(zone).ok().filter(|_| self.enabled)?;
        let time = skipped_times::first_skipped_time(expression, &known, now)?;
        Some(format!(
            "warning: nightly is scheduled by {expression} in {zone}, where clocks are set forward over {} on {}: nothing is backed up that \
             night. Choose another hour: make deploy PARAMETERS=\"'ScheduleExpression=cron(0 4 * * ? *)'\"",
            time.strftime("%H:%M"),
            time.date()
        ))
    }

    /// Prints the remark to standard error.
    pub fn warn(&self, now: Timestamp) {
        if let Some(remark) = self.remark(now) {
            eprintln!("{remark}");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::Value;

    use super::*;
    use crate::testing::at;

    fn remark(expression: &str, zone: &str, state: &str) -> Option<String> {
        let parameters = [
            ("ScheduleExpression", expression),
            ("ScheduleTimezone", zone),
            ("ScheduleState", state),
        ];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Schedule::of(&BTreeMap::from(parameters)).remark(at("2026-11-29T00:00:00Z"))
    }

    #[test]
    fn an_hour_that_is_skipped_is_warned_of_with_its_night() {
        let warning = remark("cron(0 2 * * ? *)", "Europe/Berlin", "ENABLED").unwrap();
        assert!(
            warning.contains("over 02:00 on 2027-03-28: nothing is backed up"),
            "{warning}"
        );
        assert_eq!(remark("cron(0 2 * * ? *)", "UTC", "ENABLED"), None);
        assert_eq!(remark("cron(0 2 * * ? *)", "Europe/Berlin", "DISABLED"), None);
        assert_eq!(remark("cron(0 2 * * ? *)", "Nowhere/Land", "ENABLED"), None);
        assert_eq!(Schedule::default().remark(at("2026-11-29T00:00:00Z")), None);
    }

    /// Fails at 8e363f8: its hour is skipped in all of Europe and North America.
    #[test]
    fn the_templates_own_hour_exists_every_night_in_every_zone() {
        let template: Value = serde_saphyr::from_str(include_str!("../../infra/template.yaml")).unwrap();
        let expression = template["Parameters"]["ScheduleExpression"]["Default"]
            .as_str()
            .unwrap();
        let zones: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
        assert!(zones.len() > 300, "this machine has only {} zones", zones.len());
        for zone in zones {
            for year in 2026..2032 {
                let from = at(&format!("{year}-01-01T00:00:00Z"));
                let known = TimeZone::get(&zone).unwrap();
                assert_eq!(
                    skipped_times::first_skipped_time(expression, &known, from),
                    None,
                    "{zone} {year}"
                );
            }
        }
    }
}
