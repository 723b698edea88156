//! Numbers and times as a person reads them.
//!
//! Not by `bytesize` or `humansize`: both choose the unit before they round, so that a byte less than 1 MiB is `1024.0 KiB`, and
//! neither has fewer decimals where the number is larger.

use holdfast::domain::resource::Target;
use holdfast::domain::set::SetStatus;
use jiff::Timestamp;

/// Bytes in binary units, three digits at most: `512 B`, `1.5 MiB`, `120 GiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut size = count as f64;
    let mut unit = 0;
    // 999.5 would be rounded to four digits.
    while size >= 999.5 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    let digits = if unit == 0 || size >= 9.95 { 0 } else { 1 };
    format!("{size:.digits$} {}", UNITS[unit])
}

/// Seconds in the two largest units: `0 s`, `42 s`, `3 min 12 s`, `5 h 2 min`, `3 d 4 h`. Never negative: the
/// clocks of AWS and of this machine may differ.
pub fn duration(seconds: f64) -> String {
    let whole = if seconds.is_finite() {
        seconds.max(0.0).round() as u64
    } else {
        0
    };
    let (large, large_unit, small, small_unit) = match whole {
        0..60 => return format!("{whole} s"),
        60..3_600 => (whole / 60, "min", whole % 60, "s"),
        3_600..86_400 => (whole / 3_600, "h", whole % 3_600 / 60, "min"),
        _ => (whole / 86_400, "d", whole % 86_400 / 3_600, "h"),
    };
    if small == 0 {
        format!("{large} {large_unit}")
    } else {
        format!("{large} {large_unit} {small} {small_unit}")
    }
}

/// Seconds from one moment to another.
pub fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// How long something took or is under way.
pub fn span(from: Timestamp, to: Timestamp) -> String {
    duration(seconds_between(from, to))
}

/// A skew, with tenths below ten seconds.
pub fn skew(seconds: f64) -> String {
    if (0.0..10.0).contains(&seconds) {
        format!("{seconds:.1} s")
    } else {
        duration(seconds)
    }
}

/// A time to the second, in UTC: `2025-01-31 23:05:09Z`.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// The time of day alone, for lines that follow each other: `23:05:09Z`.
pub fn time_of_day(at: Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}

/// When a run ended; empty within the first minute.
pub fn ended(at: Timestamp, now: Timestamp) -> String {
    match seconds_between(at, now) < 60.0 {
        true => String::new(),
        false => format!("Ended {}, {} ago.\n", moment(at), span(at, now)),
    }
}

/// `1 set`, `2 sets`.
pub fn count(n: usize, one: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{n} {one}s")
    }
}

/// A set's status as in the catalog.
pub fn status(status: SetStatus) -> &'static str {
    match status {
        SetStatus::Running => "running",
        SetStatus::Sealed => "sealed",
        SetStatus::Failed => "failed",
        SetStatus::Expiring => "expiring",
    }
}

/// A resource's name before its point has a better one.
pub fn target(target: &Target) -> String {
    format!("{} {}", target.kind(), target.identifier())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sizes_have_at_most_three_digits() {
        let cases = [
            (0, "0 B"),
            (512, "512 B"),
            (999, "999 B"),
            (1_000, "1.0 KiB"),
            (1_572_864, "1.5 MiB"),
            (10_485_760, "10 MiB"),
            (128_849_018_880, "120 GiB"),
        ];
        for (count, text) in cases {
            assert_eq!(bytes(count), text);
        }
    }

    #[test]
    fn durations_show_their_two_largest_units() {
        let cases = [
            (-3.0, "0 s"),
            (f64::NAN, "0 s"),
            (0.4, "0 s"),
            (59.4, "59 s"),
            (59.6, "1 min"),
            (192.0, "3 min 12 s"),
            (3_600.0, "1 h"),
            (18_120.0, "5 h 2 min"),
            (273_600.0, "3 d 4 h"),
        ];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn an_end_is_dated_where_it_was_not_seen() {
        let end: Timestamp = "2025-01-31T23:05:09Z".parse().unwrap();
        assert_eq!(ended(end, "2025-01-31T23:06:00Z".parse().unwrap()), "");
        assert_eq!(
            ended(end, "2025-02-01T02:05:09Z".parse().unwrap()),
            "Ended 2025-01-31 23:05:09Z, 3 h ago.\n"
        );
    }

    #[test]
    fn moments_are_utc_to_the_second() {
        let at: Timestamp = "2025-01-31T23:05:09.987Z".parse().unwrap();
        assert_eq!(moment(at), "2025-01-31 23:05:09Z");
        assert_eq!(time_of_day(at), "23:05:09Z");
    }
}
