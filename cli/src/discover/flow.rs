//! Strings and mappings as YAML, in one line.

use serde_json::Value;

use super::draft::Mapping;

/// A mapping in one line.
pub fn flow(fields: &Mapping) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(field, value)| format!("{field}: {}", scalar(value)))
        .collect();
    format!("{{ {} }}", fields.join(", "))
}

/// A string, quoted (as JSON, which is YAML) if a parser might read it as something else.
pub fn scalar(value: &str) -> String {
    let plain = value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c))
        && !value.ends_with(':')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&value.to_ascii_lowercase().as_str());
    if plain {
        value.to_owned()
    } else {
        Value::String(value.to_owned()).to_string()
    }
}
