//! DynamoDB's numbers: decimal texts of up to 38 digits, kept as they are written and compared by value.

use std::borrow::Cow;

/// A number as text. `1`, `1.0` and `1E0` are different texts of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(String);

/// A number's value: `0.d₁d₂d₃… × 10^exponent`, without leading or trailing zeros. Zero has no digits.
#[derive(Debug, PartialEq, Eq)]
pub struct Decimal<'a> {
    pub negative: bool,
    /// The significant digits, in ASCII.
    pub digits: Cow<'a, [u8]>,
    pub exponent: i64,
}

impl Number {
    /// Reads a number. Whether it has too many digits for DynamoDB, or is too large, is left to DynamoDB.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        match decimal(text.as_bytes()) {
            Some(_) => Ok(Self(text)),
            None => Err(format!(
                "{text:?} is not a number: allowed are digits, a sign, a point and an exponent such as E-7"
            )),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }

    /// The number's value.
    pub fn decimal(&self) -> Decimal<'_> {
        decimal(self.0.as_bytes()).unwrap_or(Decimal::ZERO)
    }

    /// The least that DynamoDB counts for it, in bytes.
    pub(super) fn size(&self) -> u64 {
        let value = self.decimal();
        (value.digits.len() as u64).div_ceil(2) + 1 + u64::from(value.negative)
    }

    /// Whether a reader that turns it into a 64-bit floating-point number, as most readers of JSON do, and writes it again,
    /// has written the same value.
    pub fn survives_floating_point(&self) -> bool {
        let Ok(float) = self.0.parse::<f64>() else { return false };
        float.is_finite() && decimal(format!("{float:e}").as_bytes()) == Some(self.decimal())
    }

    /// The number as JSON allows it, with the same value.
    pub fn to_json(&self) -> Cow<'_, str> {
        if is_json(self.0.as_bytes()) {
            return Cow::Borrowed(&self.0);
        }
        let value = self.decimal();
        if value.digits.is_empty() {
            return Cow::Borrowed("0");
        }
        let sign = if value.negative { "-" } else { "" };
        let digits = String::from_utf8_lossy(&value.digits);
        Cow::Owned(format!("{sign}{digits}E{}", value.exponent - value.digits.len() as i64))
    }
}

impl Decimal<'_> {
    const ZERO: Decimal<'static> = Decimal {
        negative: false,
        digits: Cow::Borrowed(&[]),
        exponent: 0,
    };
}

fn decimal(text: &[u8]) -> Option<Decimal<'_>> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (&unsigned[..at], exponent(&unsigned[at + 1..])?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = match mantissa.iter().position(|byte| *byte == b'.') {
        Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
        None => (mantissa, &mantissa[..0]),
    };
    let all_digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let digits = match (whole, fraction) {
        (whole, []) => Cow::Borrowed(whole),
        ([] | [b'0'], fraction) => Cow::Borrowed(fraction),
        _ => Cow::Owned([whole, fraction].concat()),
    };
    let point = digits.len() as i64 - fraction.len() as i64;
    let leading = digits.iter().take_while(|digit| **digit == b'0').count();
    if leading == digits.len() {
        return Some(Decimal::ZERO);
    }
    let trailing = digits.iter().rev().take_while(|digit| **digit == b'0').count();
    let (start, end) = (leading, digits.len() - trailing);
    let digits = match digits {
        Cow::Borrowed(digits) => Cow::Borrowed(&digits[start..end]),
        Cow::Owned(digits) => Cow::Owned(digits[start..end].to_vec()),
    };
    Some(Decimal {
        negative,
        digits,
        exponent: point - leading as i64 + exponent,
    })
}

/// An exponent of at most nine digits: more are no number that DynamoDB stores.
fn exponent(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, text),
    };
    if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        sign * digits
            .iter()
            .fold(0, |value, digit| value * 10 + i64::from(digit - b'0')),
    )
}

/// Whether the text of a number is one in JSON: no plus sign, no leading zeros, digits on both sides of a point.
fn is_json(text: &[u8]) -> bool {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let whole = unsigned.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let after = &unsigned[whole..];
    let leading_zero = whole > 1 && unsigned[0] == b'0';
    let empty_fraction = after.first() == Some(&b'.') && !after.get(1).is_some_and(u8::is_ascii_digit);
    whole > 0 && !leading_zero && !empty_fraction
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn texts_of_one_value_are_equal_by_value() {
        for same in [
            &["1", "1.0", "1E0", "+1", "001", "10e-1", "0.1E1", ".1e1"][..],
            &["0", "-0", "0.000", "0E9", "00"],
            &["-120", "-1.2E2", "-120.00"],
            &["0.00012", "12E-5", "1.2e-4"],
            &[
                "12345678901234567890123456789012345678",
                "1.2345678901234567890123456789012345678E37",
            ],
        ] {
            for text in same {
                assert_eq!(number(text).decimal(), number(same[0]).decimal(), "{text}");
            }
        }
        for (one, other) in [
            ("1", "-1"),
            ("1", "10"),
            ("1", "1.00000000000000000000000000000000000001"),
            ("0.1", "0.01"),
        ] {
            assert_ne!(number(one).decimal(), number(other).decimal());
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "-",
            ".",
            "1e",
            "e5",
            "1.2.3",
            "0x1",
            "NaN",
            "Infinity",
            " 1",
            "1 ",
            "1e1.5",
            "--1",
            "1e9999999999",
            "１",
        ] {
            assert!(Number::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_number_that_a_float_would_change_is_known() {
        for exact in [
            "0",
            "1",
            "-1.5",
            "0.1",
            "9007199254740992",
            "1E-130",
            "123456789012345",
            "1.0",
        ] {
            assert!(number(exact).survives_floating_point(), "{exact}");
        }
        for inexact in [
            "9007199254740993",
            "0.1234567890123456789",
            "12345678901234567890123456789012345678",
        ] {
            assert!(!number(inexact).survives_floating_point(), "{inexact}");
        }
    }

    #[test]
    fn every_number_has_a_json_text_of_the_same_value() {
        for text in ["1", "+1", "007", ".5", "5.", "-.5E+3", "1E400", "-0", "00"] {
            let json = number(text).to_json().into_owned();
            assert!(
                serde_json::from_str::<&serde_json::value::RawValue>(&json).is_ok(),
                "{json}"
            );
            assert_eq!(number(&json).decimal(), number(text).decimal(), "{text} {json}");
        }
    }
}
