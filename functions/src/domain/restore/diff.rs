//! The differences between two configurations, field by field.

#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::{Map, Value};

/// Maximum characters of a value that a difference shows.
const SHOWN: usize = 100;

/// One field that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Such as `DBClusterMembers[0].PromotionTier`; `(whole)` for the configuration itself.
    pub path: String,
    /// As short JSON; `nothing` if the field was missing, null or empty.
    pub before: String,
    /// As [`Difference::before`].
    pub after: String,
}

/// `BackupRetentionPeriod: was 14, is 1`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: was {}, is {}", self.path, self.before, self.after)
    }
}

/// The fields that differ, ordered by path.
///
/// A missing field, null, and an empty list or map are the same; numbers are the same by value (`1` and `1.0`). Lists are
/// compared by position: a list whose order does not matter must be sorted before. A list element or map that is missing on one
/// side is one difference, not one per field.
///
/// A path in `expected` hides itself and everything below it; `*` matches one key or one index: `DBClusterMembers.*.Status` or
/// `DBClusterMembers[*].Status`. A key may itself contain dots (`parameters.rds.force_ssl`).
pub fn differences(before: &Value, after: &Value, expected: &[&str]) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", before, after, expected, &mut found);
    found
}

fn compare(path: &str, before: &Value, after: &Value, expected: &[&str], found: &mut Vec<Difference>) {
    if expected.contains(&"") || same(before, after) {
        return;
    }
    let mut inner = Vec::new();
    let below = match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            maps(path, before, after, expected, &mut inner);
            true
        }
        (Value::Array(before), Value::Array(after)) => {
            lists(path, before, after, expected, &mut inner);
            true
        }
        (Value::Object(before), after) if nothing(after) => {
            maps(path, before, &Map::new(), expected, &mut inner);
            path.is_empty() || inner.is_empty()
        }
        (before, Value::Object(after)) if nothing(before) => {
            maps(path, &Map::new(), after, expected, &mut inner);
            path.is_empty() || inner.is_empty()
        }
        (Value::Array(before), after) if nothing(after) => {
            lists(path, before, &[], expected, &mut inner);
            inner.is_empty()
        }
        (before, Value::Array(after)) if nothing(before) => {
            lists(path, &[], after, expected, &mut inner);
            inner.is_empty()
        }
        _ => false,
    };
    if below {
        found.append(&mut inner);
    } else {
        found.push(Difference {
            path: if path.is_empty() { "(whole)" } else { path }.to_owned(),
            before: short(before),
            after: short(after),
        });
    }
}

fn maps(
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    expected: &[&str],
    found: &mut Vec<Difference>,
) {
    let mut keys: Vec<&String> = before
        .keys()
        .chain(after.keys().filter(|key| !before.contains_key(*key)))
        .collect();
    keys.sort_unstable();
    for key in keys {
        let inside = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        let at = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or_default();
        compare(&inside, &at(before), &at(after), &within(expected, key), found);
    }
}

fn lists(path: &str, before: &[Value], after: &[Value], expected: &[&str], found: &mut Vec<Difference>) {
    for index in 0..before.len().max(after.len()) {
        let step = format!("[{index}]");
        let at = |list: &[Value]| list.get(index).cloned().unwrap_or_default();
        compare(
            &format!("{path}{step}"),
            &at(before),
            &at(after),
            &within(expected, &step),
            found,
        );
    }
}

/// The rest of the expected paths, one step further down.
fn within<'a>(expected: &[&'a str], step: &str) -> Vec<&'a str> {
    let index = step.starts_with('[').then_some("[*]");
    let patterns = [Some(step), Some("*"), index];
    expected
        .iter()
        .map(|path| path.strip_prefix('.').unwrap_or(path))
        .flat_map(|path| {
            patterns
                .into_iter()
                .flatten()
                .filter_map(|pattern| path.strip_prefix(pattern))
        })
        .filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        .collect()
}

fn same(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Number(a), Value::Number(b)) => a == b || (a.is_f64() || b.is_f64()) && a.as_f64() == b.as_f64(),
        _ => before == after || nothing(before) && nothing(after),
    }
}

fn nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// A value as JSON, truncated; `nothing` if it counts as missing.
pub fn short(value: &Value) -> String {
    if nothing(value) {
        return "nothing".to_owned();
    }
    let escaped = |c: char| {
        if c.is_control() {
            format!("\\u{:04x}", u32::from(c))
        } else {
            c.to_string()
        }
    };
    let json: String = value.to_string().chars().map(escaped).collect();
    match json.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &json[..end]),
        None => json,
    }
}
