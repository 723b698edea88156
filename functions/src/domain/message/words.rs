//! Texts, cut and cleaned for a subject, a line or a list.

use jiff::Timestamp;
use serde_json::Value;

/// SNS: fewer than 100 characters.
const SUBJECT: usize = 99;
/// Characters of an error's message that a text or a JSON field shows.
const LINE: usize = 500;
/// Characters of a name that a text or a JSON field shows.
const NAME: usize = 100;

/// Printable ASCII in one line, at most 99 characters.
pub fn subject(text: &str) -> String {
    one_line(text, SUBJECT)
        .chars()
        .map(|c| if c.is_ascii() { c } else { '?' })
        .collect()
}

/// Without line breaks and other control characters, at most 500 characters.
pub fn line(text: &str) -> String {
    one_line(text, LINE)
}

/// As [`line`], at most 100 characters.
pub fn name(text: &str) -> String {
    one_line(text, NAME)
}

/// Without control characters other than line breaks: a text to paste keeps its lines.
pub fn lines(text: &str) -> String {
    text.trim_end()
        .chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}

/// A JSON object of at most `most` bytes: if it does not fit, `fields` are set to null, one after the other.
pub fn fit(mut json: Value, fields: &[&str], most: usize) -> Value {
    for field in fields {
        if json.to_string().len() <= most {
            break;
        }
        json[*field] = Value::Null;
        json["cut"] = true.into();
    }
    json
}

pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `1.5 GiB`; at most one decimal.
pub fn size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let mut scaled = bytes as f64 / 1024.0;
    let mut unit = 0;
    while scaled >= 1023.95 && unit + 1 < units.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    format!("{scaled:.1} {}", units[unit]).replace(".0 ", " ")
}

/// `1 recovery point`, `2 recovery points`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Words with one space between them, at most `most` characters. The rest, which may be long, is not read.
fn one_line(text: &str, most: usize) -> String {
    let mut line = String::new();
    let (mut length, mut space) = (0, false);
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            space = length > 0;
            continue;
        }
        if space {
            line.push(' ');
            (length, space) = (length + 1, false);
        }
        line.push(c);
        length += 1;
        if length > most {
            return line.chars().take(most - 3).chain("...".chars()).collect();
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_its_words_and_cut_where_it_has_to_be() {
        assert_eq!(one_line("  a\n\tb \u{7f} c\u{a0}", 10), "a b c");
        assert_eq!(one_line("0123456789  ", 10), "0123456789");
        assert_eq!(one_line("0123456789 a", 10), "0123456...");
        assert_eq!(one_line("0123456 ab", 10), "0123456 ab");
        assert_eq!(one_line(&"é".repeat(20_000), 10), "ééééééé...");
        assert_eq!(one_line(" \n ", 10), "");
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, words) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (1024 * 1024 - 1, "1 MiB"),
            (5 << 30, "5 GiB"),
            (u64::MAX, "16 EiB"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }

    #[test]
    fn a_subject_is_one_short_line_of_ascii() {
        assert_eq!(subject(" a\r\nb\u{0}c\u{85}d é\u{2028}x "), "a b c d ? x");
        assert_eq!(subject(&"x".repeat(200)).len(), 99);
    }
}
