//! Reads a document field by field, and collects every fault instead of stopping at the first.

use serde_json::{Map, Value};

use crate::domain::nearest::nearest;
use crate::domain::{duration, names};
use crate::error::Fault;

/// Faults listed in full; if there are more, a last entry gives their number.
const MOST_FAULTS: usize = 100;
/// Maximum characters of a value that a fault shows.
const SHOWN: usize = 60;

/// What one text field may hold.
pub struct TextFormat {
    /// As text that can follow "expected".
    pub rule: &'static str,
    pub accepts: fn(&str) -> bool,
    /// The field names a secret: someone may have written the secret itself, so its value is never shown.
    pub hidden: bool,
}

#[derive(Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub fn add(&mut self, path: impl Into<String>, value: impl Into<String>, allowed: impl Into<String>) {
        self.0.push(Fault {
            path: path.into(),
            value: value.into(),
            allowed: allowed.into(),
        });
    }

    /// The faults in the order in which they were found; empty if the document is valid.
    pub fn finish(mut self) -> Vec<Fault> {
        let more = self.0.len().saturating_sub(MOST_FAULTS);
        if more > 0 {
            self.0.truncate(MOST_FAULTS);
            self.add(
                "(document)",
                format!("{more} more faults"),
                "the faults listed before to be fixed first",
            );
        }
        self.0
    }
}

/// One mapping of the document.
pub struct Object<'a> {
    path: String,
    fields: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    /// `rule` describes the mapping, for the fault if `value` is not a mapping.
    pub fn open(faults: &mut Faults, path: &str, value: &'a Value, rule: &str) -> Option<Self> {
        match value {
            Value::Object(fields) => Some(Object {
                path: path.to_owned(),
                fields,
            }),
            other => {
                let path = if path.is_empty() { "(document)" } else { path };
                faults.add(path, shown(other), rule);
                None
            }
        }
    }

    pub fn path(&self, field: &str) -> String {
        let key = if !field.is_empty()
            && field
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        {
            cut(field, SHOWN)
        } else {
            quoted(field)
        };
        if self.path.is_empty() {
            key
        } else {
            format!("{}.{key}", self.path)
        }
    }

    pub fn get(&self, field: &str) -> Option<&'a Value> {
        self.fields.get(field)
    }

    /// The entries ordered by name.
    pub fn entries(&self) -> Vec<(&'a String, &'a Value)> {
        let mut entries: Vec<_> = self.fields.iter().collect();
        entries.sort_by_key(|(name, _)| *name);
        entries
    }

    /// Adds a fault for every field that is not in `allowed`.
    pub fn only(&self, faults: &mut Faults, allowed: &[&'static str]) {
        for (name, value) in self.entries() {
            if allowed.contains(&name.as_str()) {
                continue;
            }
            let guess = nearest(name, allowed.iter().copied());
            let guess = guess
                .map(|field| format!("; did you mean {field}?"))
                .unwrap_or_default();
            let value = if names_a_secret(name) {
                hidden(value)
            } else {
                shown(value)
            };
            faults.add(
                self.path(name),
                value,
                format!("one of the fields {}{guess}", allowed.join(", ")),
            );
        }
    }

    pub fn text(&self, faults: &mut Faults, field: &str, format: &TextFormat) -> Option<String> {
        if self.get(field).is_none() {
            faults.add(self.path(field), "(missing)", format.rule);
        }
        self.optional_text(faults, field, format)
    }

    pub fn optional_text(&self, faults: &mut Faults, field: &str, format: &TextFormat) -> Option<String> {
        let value = self.get(field)?;
        match value.as_str() {
            Some(text) if (format.accepts)(text) => Some(text.to_owned()),
            _ => {
                faults.add(
                    self.path(field),
                    if format.hidden { hidden(value) } else { shown(value) },
                    format.rule,
                );
                None
            }
        }
    }

    pub fn optional_bool(&self, faults: &mut Faults, field: &str) -> Option<bool> {
        let value = self.get(field)?;
        if value.as_bool().is_none() {
            faults.add(self.path(field), shown(value), "true or false, without quotes");
        }
        value.as_bool()
    }

    /// A whole number from 0 to `most`.
    pub fn optional_count(&self, faults: &mut Faults, field: &str, most: u32) -> Option<u32> {
        self.optional_number(faults, field, 0, most)
    }

    /// A whole number from `least` to `most`.
    pub fn optional_number(&self, faults: &mut Faults, field: &str, least: u32, most: u32) -> Option<u32> {
        let value = self.get(field)?;
        let number = value
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (least..=most).contains(number));
        if number.is_none() {
            faults.add(
                self.path(field),
                shown(value),
                format!("a whole number from {least} to {most}"),
            );
        }
        number
    }

    /// A duration from `least` to `most` seconds, in seconds.
    pub fn optional_duration(&self, faults: &mut Faults, field: &str, least: u64, most: u64) -> Option<u64> {
        let value = self.get(field)?;
        let seconds = value
            .as_str()
            .and_then(duration::parse)
            .filter(|seconds| (least..=most).contains(seconds));
        if seconds.is_none() {
            let (least, most) = (duration::text(least), duration::text(most));
            let rule = format!("a duration from {least} to {most}: a whole number and s, m, h or d, such as 90s or 6h");
            faults.add(self.path(field), shown(value), rule);
        }
        seconds
    }
}

/// A value as JSON, truncated to a readable length. Mappings and lists show only their size, and URLs only their scheme: they
/// may contain a password.
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => match text.split_once("://") {
            Some((scheme, _)) => quoted(&format!("{}://…", cut(scheme, 20))),
            None => quoted(text),
        },
        Value::Object(fields) if fields.len() == 1 => "a mapping with 1 field".to_owned(),
        Value::Object(fields) if !fields.is_empty() => {
            format!("a mapping with {} fields", fields.len())
        }
        Value::Array(entries) if entries.len() == 1 => "a list with 1 entry".to_owned(),
        Value::Array(entries) if !entries.is_empty() => {
            format!("a list with {} entries", entries.len())
        }
        other => other.to_string(),
    }
}

/// What to show instead of a value that may be secret.
fn hidden(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => {
            format!("(text of {} characters, not shown)", text.chars().count())
        }
        Value::Number(_) => "(number, not shown)".to_owned(),
        other => shown(other),
    }
}

fn names_a_secret(field: &str) -> bool {
    let field = field.to_lowercase();
    ["pass", "pwd", "secret", "token", "credential", "key", "dsn", "url"]
        .iter()
        .any(|word| field.contains(word))
}

/// A name from the document, as safe to show as [`quoted`], without the quotes.
pub fn bare(name: &str) -> String {
    quoted(name).trim_matches('"').to_owned()
}

/// A text as JSON, truncated. JSON does not escape all control characters; a terminal or an email must not get them.
pub fn quoted(text: &str) -> String {
    let json = Value::String(cut(text, SHOWN)).to_string();
    if !json.contains(char::is_control) {
        return json;
    }
    let escaped = |c: char| {
        if c.is_control() {
            format!("\\u{:04x}", u32::from(c))
        } else {
            c.to_string()
        }
    };
    json.chars().map(escaped).collect()
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Opens each entry of the mapping in `field`, and adds a fault for each invalid name. An entry that is not a mapping is `None`.
pub fn named_entries<'a>(
    faults: &mut Faults,
    document: &Object<'a>,
    field: &str,
    rule: &str,
) -> Vec<(&'a String, Option<Object<'a>>)> {
    let Some(value) = document.get(field) else {
        return Vec::new();
    };
    let Some(map) = Object::open(faults, &document.path(field), value, rule) else {
        return Vec::new();
    };
    let mut open = |(name, value): (&'a String, &'a Value)| {
        let path = map.path(name);
        if !names::is_name(name) {
            faults.add(&path, quoted(name), format!("a name of {}", names::NAME_RULE));
        }
        (name, Object::open(faults, &path, value, "a mapping with its fields"))
    };
    map.entries().into_iter().map(&mut open).collect()
}
