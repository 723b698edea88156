//! Times as an operator writes them: RFC 3339 with a time zone, because a time without one may be anyone's local time.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::Value;

use crate::domain::descriptor::reader::{Faults, Object, shown};

const RULE: &str = "a time with its zone such as 2026-11-20T02:15:00Z or 2026-11-20T03:15:00+01:00";

pub fn read(faults: &mut Faults, object: &Object<'_>, field: &str) -> Option<Timestamp> {
    let value = object.get(field)?;
    let text = value.as_str().unwrap_or("");
    let time = parse(text);
    if time.is_none() {
        let rule = match without_zone(value) {
            Some(utc) => format!("a time with its zone: {utc} if UTC is meant"),
            None => RULE.to_owned(),
        };
        faults.add(object.path(field), shown(value), rule);
    }
    time
}

/// Strict RFC 3339: jiff alone also accepts the name of a zone, a space for the `T`, and times without seconds.
fn parse(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix('T')?;
    let (time, zone) = rest.split_at(rest.find(['Z', '+', '-'])?);
    let (clock, fraction) = time
        .split_once('.')
        .map_or((time, None), |(clock, digits)| (clock, Some(digits)));
    let fits = shaped(date, "dddd-dd-dd")
        && shaped(clock, "dd:dd:dd")
        && fraction.is_none_or(|digits| (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
        && (zone == "Z" || shaped(&zone[1..], "dd:dd"));
    fits.then(|| text.parse().ok()).flatten()
}

/// Whether a text has a shape, in which `d` is any digit.
fn shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, expected)| {
            if expected == b'd' {
                byte.is_ascii_digit()
            } else {
                byte == expected
            }
        })
}

/// What to write for a date and time that lacks its zone, taken as UTC.
fn without_zone(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    // It has a zone, so that something else is wrong.
    if text
        .get(10..)
        .is_some_and(|time| time.contains(['Z', 'z', '+', '-', '[']))
    {
        return None;
    }
    let time: DateTime = text.parse().ok()?;
    Some(format!("{}Z", time.strftime("%Y-%m-%dT%H:%M:%S")))
}
