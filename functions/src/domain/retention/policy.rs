//! The rules `last`, `daily`, `weekly` and `monthly`, applied to sealed sets alone.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::KeepReason;
use crate::domain::descriptor::Keep;
use crate::domain::set::BackupSet;

/// A rule, and how much of it is used up.
struct Rule {
    of: u32,
    kept: u32,
    newest_period: Option<String>,
    period: fn(Date) -> String,
    reason: fn(period: String, number: u32, of: u32) -> KeepReason,
}

impl Rule {
    fn new(of: u32, period: fn(Date) -> String, reason: fn(String, u32, u32) -> KeepReason) -> Self {
        Rule {
            of,
            kept: 0,
            newest_period: None,
            period,
            reason,
        }
    }

    /// Sets come newest first: the first of a period is its newest.
    fn keeps(&mut self, date: Date) -> Option<KeepReason> {
        let period = (self.period)(date);
        if self.kept == self.of || self.newest_period.as_ref() == Some(&period) {
            return None;
        }
        self.kept += 1;
        self.newest_period = Some(period.clone());
        Some((self.reason)(period, self.kept, self.of))
    }
}

/// For each set, newest first as given, the rules that keep it. Periods without a set do not count, so that a week
/// without backups costs no history.
pub fn apply(newest_first: &[&BackupSet], keep: &Keep) -> Vec<Vec<KeepReason>> {
    let dates = newest_first
        .iter()
        .map(|set| set.started_at.to_zoned(TimeZone::UTC).date());
    by_date(dates, keep)
}

/// The same, by the days on which sets started.
pub fn by_date(newest_first: impl Iterator<Item = Date>, keep: &Keep) -> Vec<Vec<KeepReason>> {
    let mut rules = [
        Rule::new(
            keep.daily,
            |date| date.strftime("%Y-%m-%d").to_string(),
            |day, number, of| KeepReason::Daily { day, number, of },
        ),
        Rule::new(
            keep.weekly,
            |date| format!("{}-W{:02}", date.iso_week_date().year(), date.iso_week_date().week()),
            |week, number, of| KeepReason::Weekly { week, number, of },
        ),
        Rule::new(
            keep.monthly,
            |date| date.strftime("%Y-%m").to_string(),
            |month, number, of| KeepReason::Monthly { month, number, of },
        ),
    ];
    (1u32..)
        .zip(newest_first)
        .map(|(number, date)| {
            let last = (number <= keep.last).then_some(KeepReason::Last { number, of: keep.last });
            last.into_iter()
                .chain(rules.iter_mut().filter_map(|rule| rule.keeps(date)))
                .collect()
        })
        .collect()
}
