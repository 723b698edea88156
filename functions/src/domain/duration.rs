//! Durations as people write and read them: `6h` in a descriptor, `3 hours` in a message.
//!
//! Not jiff's friendly durations: its `SignedDuration` rejects days, `2d`; both of its types accept what a descriptor does not,
//! `1h30m`, `1.5h` or `-1h`, so that the rule would still have to be checked here; and its text has every unit, while a message has
//! two at most.

use serde::Serializer;

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Seconds of a duration such as `90s`, `15m`, `6h` or `2d`: digits and one unit, nothing else.
pub fn parse(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(*seconds)
}

/// The shortest text that [`parse`] turns into `seconds`, in the largest unit that divides it.
pub fn text(seconds: u64) -> String {
    let (unit, size) = UNITS
        .iter()
        .find(|(_, size)| seconds != 0 && seconds.is_multiple_of(*size))
        .unwrap_or(&('s', 1));
    format!("{}{unit}", seconds / size)
}

/// A duration for a reader in a hurry: `45 seconds`, `3 hours 20 minutes`, `5 days`. At most two units, and only one from three
/// days on.
pub fn friendly(seconds: u64) -> String {
    let count = |number: u64, unit: &str| format!("{number} {unit}{}", if number == 1 { "" } else { "s" });
    let (large, small, size, part) = match seconds {
        0..60 => return count(seconds, "second"),
        60..3_600 => ("minute", "second", 60, 1),
        3_600..86_400 => ("hour", "minute", 3_600, 60),
        86_400..259_200 => ("day", "hour", 86_400, 3_600),
        _ => return count(seconds / 86_400, "day"),
    };
    match seconds % size / part {
        0 => count(seconds / size, large),
        rest => format!("{} {}", count(seconds / size, large), count(rest, small)),
    }
}

/// For `#[serde(serialize_with)]`: seconds as [`text`].
pub fn serialize<S: Serializer>(seconds: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(*seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_digits_and_one_unit_are_a_duration() {
        for (text, seconds) in [
            ("0s", 0),
            ("90s", 90),
            ("15m", 900),
            ("6h", 21_600),
            ("2d", 172_800),
            ("007m", 420),
        ] {
            assert_eq!(parse(text), Some(seconds), "{text}");
        }
        for text in [
            "",
            "s",
            "6",
            "6 h",
            " 6h",
            "6h ",
            "6H",
            "1h30m",
            "-1h",
            "+1h",
            "1.5h",
            "6w",
            "٣h",
            "6ħ",
            "99999999999999999999d",
            "999999999999999999d",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn words_are_those_that_a_person_would_use() {
        for (seconds, words) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (60, "1 minute"),
            (61, "1 minute 1 second"),
            (3_599, "59 minutes 59 seconds"),
            (3_600, "1 hour"),
            (12_000, "3 hours 20 minutes"),
            (93_600, "1 day 2 hours"),
            (432_000, "5 days"),
            (440_000, "5 days"),
        ] {
            assert_eq!(friendly(seconds), words);
        }
    }

    proptest! {
        #[test]
        fn text_and_seconds_are_one(seconds: u64) {
            prop_assert_eq!(parse(&text(seconds)), Some(seconds));
            prop_assert!(!friendly(seconds).is_empty());
        }

        #[test]
        fn no_text_panics(input in ".*") {
            let _ = parse(&input);
        }
    }
}
