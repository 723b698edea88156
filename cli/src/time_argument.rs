//! Times as an operator types them: with their zone, in local time, or relative to now.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};

use crate::format;

const EXPECTED: &str =
    "expected a time such as 2026-11-20T02:15:00Z, \"2026-11-20 03:15\" for local time, or \"2h ago\"";

/// A time that may need the clock or the machine's zone to be resolved.
#[derive(Debug, Clone)]
pub enum TimeArgument {
    At(Timestamp),
    Local(DateTime),
    /// Negative.
    Ago(Span),
}

impl TimeArgument {
    /// # Errors
    /// What is expected, if it is not a time.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.ends_with("ago") {
            let span: Span = text.parse().map_err(|_| EXPECTED.to_owned())?;
            return span
                .is_negative()
                .then_some(TimeArgument::Ago(span))
                .ok_or(EXPECTED.to_owned());
        }
        // A zone in brackets would be ignored silently.
        if text.contains('[') {
            return Err(EXPECTED.to_owned());
        }
        let timestamp = text.parse().map(TimeArgument::At);
        timestamp
            .or_else(|_| text.parse().map(TimeArgument::Local))
            .map_err(|_| EXPECTED.to_owned())
    }

    /// The time that is meant. `zone` is this machine's, `None` if it is unknown.
    ///
    /// # Errors
    /// What to write instead, for a local time that does not exist, is ambiguous, or whose zone is unknown.
    pub fn resolve(&self, now: Timestamp, zone: Option<&TimeZone>) -> Result<Timestamp, String> {
        match self {
            TimeArgument::At(time) => Ok(*time),
            TimeArgument::Ago(span) => {
                let now = now.to_zoned(zone.cloned().unwrap_or(TimeZone::UTC));
                // To the second: a fraction is not meant.
                let then = now.checked_add(*span).map(|then| then.timestamp().as_second());
                then.and_then(Timestamp::from_second).map_err(|error| error.to_string())
            }
            TimeArgument::Local(time) => {
                let zone = zone.ok_or(format!(
                    "this machine's time zone is unknown; write the time with its zone, such as {}Z for UTC",
                    time.strftime("%Y-%m-%dT%H:%M:%S")
                ))?;
                local(*time, zone)
            }
        }
    }

    /// How it was interpreted, if that is not what was typed: `before is 2026-11-20 02:15:00Z (03:15:00 in Europe/Berlin)`.
    pub fn interpretation(&self, field: &str, time: Timestamp, zone: Option<&TimeZone>) -> Option<String> {
        if matches!(self, TimeArgument::At(_)) {
            return None;
        }
        let utc = format::moment(time);
        Some(match zone.and_then(|zone| Some((zone, zone.iana_name()?))) {
            Some((zone, name)) if *zone != TimeZone::UTC => {
                let local = time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
                format!("{field}: {utc}, which is {local} in {name}")
            }
            _ => format!("{field}: {utc}"),
        })
    }
}

fn local(time: DateTime, zone: &TimeZone) -> Result<Timestamp, String> {
    let name = zone.iana_name().unwrap_or("this machine's time zone");
    let found = zone.to_ambiguous_timestamp(time);
    match found.offset() {
        AmbiguousOffset::Unambiguous { .. } => found.unambiguous().map_err(|error| error.to_string()),
        AmbiguousOffset::Gap { .. } => Err(format!(
            "{time} does not exist in {name}, where clocks are set forward over it; write the time with its zone"
        )),
        AmbiguousOffset::Fold { before, after } => {
            let with = |offset| {
                let zoned = time
                    .to_zoned(TimeZone::fixed(offset))
                    .map_err(|error| error.to_string())?;
                Ok::<_, String>(zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
            };
            Err(format!(
                "{time} is ambiguous in {name}, where clocks are set back over it; write {} or {}",
                with(before)?,
                with(after)?
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::at;

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    fn meant(text: &str) -> Result<String, String> {
        let zone = berlin();
        let time = TimeArgument::parse(text)?.resolve(at("2026-11-29T12:00:00.5Z"), Some(&zone))?;
        Ok(time.to_string())
    }

    #[test]
    fn a_time_has_its_zone_or_is_local_or_so_long_ago() {
        for (text, time) in [
            ("2026-11-20T02:15:00Z", "2026-11-20T02:15:00Z"),
            ("2026-11-20T02:15:00.25+01:00", "2026-11-20T01:15:00.25Z"),
            ("2026-11-20 03:15", "2026-11-20T02:15:00Z"),
            ("2026-07-20T03:15:30", "2026-07-20T01:15:30Z"),
            ("2026-11-20", "2026-11-19T23:00:00Z"),
            ("2h ago", "2026-11-29T10:00:00Z"),
            ("90 minutes ago", "2026-11-29T10:30:00Z"),
            ("1 day 2h ago", "2026-11-28T10:00:00Z"),
            // The same time of day, though the clocks were set back meanwhile.
            ("40 days ago", "2026-10-20T11:00:00Z"),
        ] {
            assert_eq!(meant(text).as_deref(), Ok(time), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_told_what_one_is() {
        for text in [
            "yesterday",
            "",
            "ago",
            "2h",
            "-2h ago",
            "02:15",
            "2026-13-01 00:00",
            "tomorrow ago",
            "2026-11-20T03:15[Asia/Tokyo]",
        ] {
            assert_eq!(meant(text), Err(EXPECTED.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_local_time_that_does_not_exist_or_comes_twice_is_refused() {
        let gone = meant("2026-03-29 02:30").unwrap_err();
        assert!(gone.contains("does not exist in Europe/Berlin"), "{gone}");
        let twice = meant("2026-10-25 02:30").unwrap_err();
        assert!(
            twice.ends_with("write 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"),
            "{twice}"
        );
        let nowhere = TimeArgument::parse("2026-11-20 03:15")
            .unwrap()
            .resolve(Timestamp::UNIX_EPOCH, None);
        assert!(nowhere.unwrap_err().contains("2026-11-20T03:15:00Z for UTC"));
    }

    #[test]
    fn what_was_understood_names_the_zone() {
        let (time, zone) = (at("2026-11-20T02:15:00Z"), berlin());
        let local = TimeArgument::parse("2026-11-20 03:15").unwrap();
        assert_eq!(
            local.interpretation("before", time, Some(&zone)).unwrap(),
            "before: 2026-11-20 02:15:00Z, which is 2026-11-20 03:15:00 in Europe/Berlin"
        );
        assert_eq!(
            local.interpretation("at", time, Some(&TimeZone::UTC)).unwrap(),
            "at: 2026-11-20 02:15:00Z"
        );
        assert_eq!(TimeArgument::At(time).interpretation("at", time, Some(&zone)), None);
    }
}
