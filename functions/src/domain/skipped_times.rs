//! Nights that a schedule skips: when a zone sets its clocks forward, some times of day do not exist, and EventBridge Scheduler
//! starts nothing at those times.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// How far ahead to search.
const YEAR: SignedDuration = SignedDuration::from_hours(366 * 24);
const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The first time within a year of `from` at which a `cron(...)` should start but cannot, on a day without another start. `None`
/// also for other expressions, and for `L`, `W` and `#`, which are not supported.
pub fn first_skipped_time(expression: &str, zone: &TimeZone, from: Timestamp) -> Option<DateTime> {
    let cron = Cron::parse(expression)?;
    let until = from.checked_add(YEAR).ok()?;
    let changes = zone.following(from).take_while(|change| change.timestamp() < until);
    changes
        .filter_map(|change| {
            let before = change.timestamp().checked_sub(SignedDuration::from_nanos(1)).ok()?;
            let skipped_from = zone.to_offset(before).to_datetime(change.timestamp());
            let skipped_to = change.offset().to_datetime(change.timestamp());
            cron.first_skipped_time_between(skipped_from, skipped_to)
        })
        .next()
}

/// The values that the six fields of an expression allow.
struct Cron {
    minutes: Vec<i16>,
    hours: Vec<i16>,
    days: Vec<i16>,
    months: Vec<i16>,
    /// 1 is Sunday.
    weekdays: Vec<i16>,
    years: Vec<i16>,
}

impl Cron {
    fn parse(expression: &str) -> Option<Self> {
        let fields = expression.trim().strip_prefix("cron(")?.strip_suffix(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays, years] = fields.as_slice() else {
            return None;
        };
        Some(Self {
            minutes: field(minutes, 0, 59, &[])?,
            hours: field(hours, 0, 23, &[])?,
            days: field(days, 1, 31, &[])?,
            months: field(months, 1, 12, &MONTHS)?,
            weekdays: field(weekdays, 1, 7, &DAYS)?,
            years: field(years, 1970, 2199, &[])?,
        })
    }

    /// The first of a day's times, if all of them are skipped: `from` is the first skipped time, `to` the first that is not.
    fn first_skipped_time_between(&self, from: DateTime, to: DateTime) -> Option<DateTime> {
        // A gap may start before midnight and end after it.
        let days = [Some(from.date()), Some(to.date()).filter(|day| *day != from.date())];
        days.into_iter().flatten().find_map(|day| {
            let times = self.times(day);
            let skipped = |time: &DateTime| from <= *time && *time < to;
            times.first().filter(|_| times.iter().all(skipped)).copied()
        })
    }

    fn times(&self, day: Date) -> Vec<DateTime> {
        let weekday = i16::from(day.weekday().to_sunday_one_offset());
        let runs = self.days.contains(&i16::from(day.day()))
            && self.months.contains(&i16::from(day.month()))
            && self.weekdays.contains(&weekday)
            && self.years.contains(&day.year());
        let hours = self.hours.iter().filter(|_| runs);
        let times = hours.flat_map(|hour| self.minutes.iter().map(move |minute| (*hour, *minute)));
        times
            .filter_map(|(hour, minute)| Some(day.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0)))
            .collect()
    }
}

/// The values of a field, in order: `*`, `?`, numbers and names, ranges, steps, and lists of these.
fn field(text: &str, least: i16, most: i16, names: &[&str]) -> Option<Vec<i16>> {
    let number = |word: &str| match names.iter().position(|name| name.eq_ignore_ascii_case(word)) {
        Some(at) => i16::try_from(at).ok().map(|at| least + at),
        None => word.parse().ok(),
    };
    let mut values = Vec::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<usize>().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None if matches!(range, "*" | "?") => (least, most),
            None if step.is_some() => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        values.extend((first..=last).step_by(step.unwrap_or(1)));
    }
    values.sort_unstable();
    let allowed = values.iter().all(|value| (least..=most).contains(value));
    (allowed && !values.is_empty()).then_some(values)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Clocks go from 02:00 to 03:00 on the last Sunday of March.
    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    fn in_berlin(expression: &str) -> Option<String> {
        let from = "2026-11-29T00:00:00Z".parse().unwrap();
        first_skipped_time(expression, &berlin(), from).map(|time| time.to_string())
    }

    #[test]
    fn a_time_that_is_skipped_leaves_its_night_out() {
        for (expression, time) in [
            ("cron(0 2 * * ? *)", "2027-03-28T02:00:00"),
            ("cron(30 2 * * ? *)", "2027-03-28T02:30:00"),
            ("cron(0,30 2 ? * SUN *)", "2027-03-28T02:00:00"),
            ("cron(15/15 2 ? 1-6 * 2026-2030)", "2027-03-28T02:15:00"),
        ] {
            assert_eq!(in_berlin(expression).as_deref(), Some(time), "{expression}");
        }
    }

    #[test]
    fn what_starts_at_another_time_of_that_night_leaves_none_out() {
        for expression in [
            "cron(0 4 * * ? *)",
            "cron(0 1 * * ? *)",
            "cron(0 3 * * ? *)",
            "cron(0 2,14 * * ? *)",
            "cron(0 2 ? * MON-SAT *)",
            "cron(0 2 1 * ? *)",
            "cron(0 2 * * ? 2026)",
            "cron(0 2 L * ? *)",
            "cron(0 2 * *)",
            "cron(0 25 * * ? *)",
            "rate(1 day)",
            "at(2027-03-28T02:00:00)",
        ] {
            assert_eq!(in_berlin(expression), None, "{expression}");
        }
    }

    #[test]
    fn a_zone_that_leaves_its_clocks_alone_leaves_no_night_out() {
        let from = "2026-11-29T00:00:00Z".parse().unwrap();
        assert_eq!(first_skipped_time("cron(0 2 * * ? *)", &TimeZone::UTC, from), None);
    }

    #[test]
    fn a_gap_may_lie_at_midnight() {
        // As in Cairo: from 00:00 to 01:00 on the last Friday of April.
        let cairo = TimeZone::posix("EET-2EEST,M4.5.5/0,M10.5.4/24").unwrap();
        let from = "2026-11-29T00:00:00Z".parse().unwrap();
        let time = first_skipped_time("cron(30 0 * * ? *)", &cairo, from);
        assert_eq!(time.unwrap().to_string(), "2027-04-30T00:30:00");
    }
}
