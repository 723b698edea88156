//! What a text of a request may hold in place of a value: `${secret:NAME}`, a Secrets Manager secret; `${secret:NAME:KEY}`, the value of
//! a key of one that is a JSON object; and, in the URL that is polled, `${response:/POINTER}`, a value from the response to the request,
//! or `${response:/POINTER:TEXT}`, the word in it that follows TEXT.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::descriptor::formats;

/// A secret, or a key of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretValue {
    pub secret: String,
    pub key: Option<String>,
}

impl SecretValue {
    fn parse(text: &str) -> Option<Self> {
        let (secret, key) = match text.split_once(':') {
            Some((secret, key)) => (secret, Some(key)),
            None => (text, None),
        };
        // An ARN has colons, too.
        let is_name = secret != "arn" && (formats::SECRET.accepts)(secret);
        let fits = is_name && key.is_none_or(|key| (1..=256).contains(&key.len()));
        fits.then(|| Self {
            secret: secret.to_owned(),
            key: key.map(str::to_owned),
        })
    }
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    Text(&'a str),
    Secret(SecretValue),
    Response(ResponseValue<'a>),
}

/// A value from a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseValue<'a> {
    /// A JSON Pointer.
    pub pointer: &'a str,
    /// Of a text, only the word that follows this: servers put ids into sentences.
    pub after: Option<&'a str>,
}

impl<'a> ResponseValue<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (pointer, after) = match text.split_once(':') {
            Some((pointer, after)) => (pointer, Some(after)),
            None => (text, None),
        };
        let fits =
            is_pointer(pointer) && after.is_none_or(|after| !after.is_empty() && !after.contains(char::is_control));
        fits.then_some(Self { pointer, after })
    }
}

/// The parts of a text; `None` if a placeholder is malformed.
pub fn parts(text: &str) -> Option<Vec<Part<'_>>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let (inside, after) = after.split_once('}')?;
        parts.push(Part::Text(before));
        parts.push(match inside.split_once(':')? {
            ("secret", named) => Part::Secret(SecretValue::parse(named)?),
            ("response", named) => Part::Response(ResponseValue::parse(named)?),
            _ => return None,
        });
        rest = after;
    }
    parts.push(Part::Text(rest));
    Some(parts)
}

/// Source: <https://www.rfc-editor.org/rfc/rfc6901#section-3>.
pub fn is_pointer(text: &str) -> bool {
    let escapes = |rest: &str| rest.starts_with(['0', '1']);
    let is_path = text.is_empty() || text.starts_with('/');
    is_path && text.len() <= 256 && !text.contains(char::is_control) && text.split('~').skip(1).all(escapes)
}

/// Whether a text has no placeholders but well-formed ones of secrets.
pub fn has_secrets_alone(text: &str) -> bool {
    parts(text).is_some_and(|parts| !parts.iter().any(|part| matches!(part, Part::Response(_))))
}

pub fn has_secret(text: &str) -> bool {
    parts(text).is_some_and(|parts| parts.iter().any(|part| matches!(part, Part::Secret(_))))
}

/// The secrets in a text.
pub fn secrets(text: &str) -> BTreeSet<SecretValue> {
    let secret = |part| match part {
        Part::Secret(secret) => Some(secret),
        Part::Text(_) | Part::Response(_) => None,
    };
    parts(text).into_iter().flatten().filter_map(secret).collect()
}

/// Every text in a JSON value, without the keys.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(entries) => entries.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// Every key in a JSON value.
pub fn keys(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(entries) => entries.iter().flat_map(keys).collect(),
        Value::Object(fields) => {
            let below = fields.values().flat_map(keys);
            fields.keys().map(String::as_str).chain(below).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// A text with the values of its secrets.
pub fn filled(text: &str, value: &impl Fn(&SecretValue) -> String) -> String {
    let part = |part| match part {
        Part::Text(text) => text.to_owned(),
        Part::Secret(secret) => value(&secret),
        Part::Response(_) => String::new(),
    };
    parts(text).into_iter().flatten().map(part).collect()
}

/// A JSON value with the values of the secrets in its texts.
pub fn filled_json(json: &Value, value: &impl Fn(&SecretValue) -> String) -> Value {
    match json {
        Value::String(text) => Value::String(filled(text, value)),
        Value::Array(entries) => entries.iter().map(|entry| filled_json(entry, value)).collect(),
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, field)| (key.clone(), filled_json(field, value)));
            Value::Object(fields.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => json.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn secret(name: &str, key: Option<&str>) -> SecretValue {
        SecretValue {
            secret: name.to_owned(),
            key: key.map(str::to_owned),
        }
    }

    #[test]
    fn a_text_is_read_part_by_part() {
        assert_eq!(parts("plain $ {text}").unwrap(), [Part::Text("plain $ {text}")]);
        assert_eq!(
            parts("Bearer ${secret:chat/admin:to:ken}!").unwrap(),
            [
                Part::Text("Bearer "),
                Part::Secret(secret("chat/admin", Some("to:ken"))),
                Part::Text("!")
            ]
        );
        assert_eq!(
            secrets("${secret:a}${secret:b:k}"),
            [secret("a", None), secret("b", Some("k"))].into()
        );
        assert_eq!(
            parts("${response:/tasks/0/id:id: }").unwrap()[1],
            Part::Response(ResponseValue {
                pointer: "/tasks/0/id",
                after: Some("id: ")
            })
        );
        for wrong in [
            "${",
            "${}",
            "${secret}",
            "${secret:}",
            "${secret:a:}",
            "${secret:a b}",
            "${secret:arn:aws:secretsmanager:x}",
            "${other:a}",
            "${response:id}",
            "${response:/id:}",
            "${secret:a",
            "x${response:/a~2}",
        ] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn values_are_put_in_as_they_are() {
        let value = |secret: &SecretValue| format!("<{}>", secret.secret);
        let body = json!({ "a": ["${secret:x}", 1, {"${secret:y}": "b ${secret:z:k}"}] });
        assert_eq!(
            filled_json(&body, &value),
            json!({ "a": ["<x>", 1, {"${secret:y}": "b <z>"}] })
        );
        assert_eq!(texts(&body), ["${secret:x}", "b ${secret:z:k}"]);
        assert_eq!(keys(&body), ["a", "${secret:y}"]);
        // What a secret holds is not read again.
        assert_eq!(filled("${secret:x}", &|_| "${secret:y}".to_owned()), "${secret:y}");
    }
}
