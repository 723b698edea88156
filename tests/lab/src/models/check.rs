//! Validates a request against its shape, and returns every violation.

use serde_json::{Map, Value};

use super::shape::{Model, Shape};

/// How much of a value is shown.
const SHOWN: usize = 200;

/// One violation of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Where: `tags.1.member.key`, names with a lower-case first letter, as in AWS's messages.
    pub at: String,
    /// The value there; none if it must not be shown.
    pub value: Option<String>,
    /// What is wrong with it.
    pub what: ViolationKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum ViolationKind {
    /// A required member is missing.
    Missing,
    /// It is not of this type.
    Type(String),
    /// It violates this constraint.
    Must(String),
    /// The model has no such member.
    Unknown,
    /// The request cannot be parsed.
    Unreadable(String),
}

/// All violations of the members of an operation's input.
pub fn input(model: &Model, shape: &Shape, members: &Map<String, Value>) -> Vec<Violation> {
    let mut check = Check {
        model,
        wrong: Vec::new(),
    };
    check.structure(shape, members, "");
    check.wrong
}

struct Check<'a> {
    model: &'a Model,
    wrong: Vec<Violation>,
}

impl Check<'_> {
    fn structure(&mut self, shape: &Shape, members: &Map<String, Value>, at: &str) {
        let place = |name: &str| {
            if at.is_empty() {
                small(name)
            } else {
                format!("{at}.{}", small(name))
            }
        };
        let given = |name: &str| members.get(name).filter(|value| !value.is_null());
        for name in &shape.required {
            if given(name).is_none() {
                self.add(&place(name), Some("null".to_owned()), ViolationKind::Missing);
            }
        }
        for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            match shape.members.get(name).map(|part| self.model.shape(&part.shape)) {
                Some(Some(shape)) => self.value(shape, value, &place(name)),
                Some(None) => {}
                None => self.add(&place(name), None, ViolationKind::Unknown),
            }
        }
        if shape.union {
            let count = shape.members.keys().filter(|name| given(name).is_some()).count();
            if count != 1 {
                let must = format!("have exactly one member set, and has {count}");
                self.add(at, None, ViolationKind::Must(must));
            }
        }
    }

    fn value(&mut self, shape: &Shape, value: &Value, at: &str) {
        if shape.document {
            return;
        }
        match (shape.kind.as_str(), value) {
            ("structure", Value::Object(members)) => self.structure(shape, members, at),
            ("list", Value::Array(items)) => {
                self.size(shape, items.len(), value, at);
                let member = shape.member.as_ref().and_then(|part| self.model.shape(&part.shape));
                for (number, item) in items.iter().enumerate() {
                    let at = format!("{at}.{}.member", number + 1);
                    match (item, member) {
                        (Value::Null, _) => self.add(&at, Some("null".to_owned()), ViolationKind::Missing),
                        (item, Some(member)) => self.value(member, item, &at),
                        (_, None) => {}
                    }
                }
            }
            ("map", Value::Object(entries)) => {
                self.size(shape, entries.len(), value, at);
                let key = shape.key.as_ref().and_then(|part| self.model.shape(&part.shape));
                let of = shape.value.as_ref().and_then(|part| self.model.shape(&part.shape));
                for (name, entry) in entries.iter().filter(|(_, entry)| !entry.is_null()) {
                    if let Some(key) = key {
                        self.text(key, name, &format!("{at}.{name}.key"));
                    }
                    if let Some(of) = of {
                        self.value(of, entry, &format!("{at}.{name}.member"));
                    }
                }
            }
            ("string" | "character", Value::String(text)) => self.text(shape, text, at),
            ("blob", Value::String(text)) => {
                let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
                self.size(shape, (text.len() / 4 * 3).saturating_sub(padding), value, at);
            }
            ("integer" | "long", Value::Number(number)) if !number.is_f64() => self.range(shape, value, at),
            ("float" | "double", Value::Number(_)) => self.range(shape, value, at),
            ("boolean", Value::Bool(_)) | ("timestamp", Value::Number(_) | Value::String(_)) => {}
            (kind, _) => {
                let shown = shown(shape, value);
                self.add(at, shown, ViolationKind::Type(kind.to_owned()));
            }
        }
    }

    fn text(&mut self, shape: &Shape, text: &str, at: &str) {
        let value = Value::String(text.to_owned());
        self.size(shape, text.chars().count(), &value, at);
        if !shape.values.is_empty() && !shape.values.iter().any(|known| known == text) {
            let must = format!("satisfy enum value set: [{}]", shape.values.join(", "));
            self.add(at, shown(shape, &value), ViolationKind::Must(must));
        }
        if shape.conditions.iter().any(|condition| !condition.holds(text)) {
            let pattern = shape.pattern.as_deref().unwrap_or_default();
            let must = format!("satisfy regular expression pattern: {pattern}");
            self.add(at, shown(shape, &value), ViolationKind::Must(must));
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn size(&mut self, shape: &Shape, size: usize, value: &Value, at: &str) {
        self.bounds(shape, size as f64, "have length", value, at);
    }

    fn range(&mut self, shape: &Shape, value: &Value, at: &str) {
        self.bounds(shape, value.as_f64().unwrap_or_default(), "have value", value, at);
    }

    fn bounds(&mut self, shape: &Shape, size: f64, have: &str, value: &Value, at: &str) {
        if let Some(min) = shape.min.filter(|min| size < *min) {
            let must = format!("{have} greater than or equal to {min}");
            self.add(at, shown(shape, value), ViolationKind::Must(must));
        }
        if let Some(max) = shape.max.filter(|max| size > *max) {
            let must = format!("{have} less than or equal to {max}");
            self.add(at, shown(shape, value), ViolationKind::Must(must));
        }
    }

    fn add(&mut self, at: &str, value: Option<String>, what: ViolationKind) {
        let at = at.to_owned();
        self.wrong.push(Violation { at, value, what });
    }
}

/// A value as a message shows it; none if it must not be shown.
fn shown(shape: &Shape, value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    // A structure may contain members that must not be shown.
    let plain = !shape.sensitive && !value.is_object() && !value.is_array();
    plain.then(|| text.chars().take(SHOWN).collect())
}

/// A name with a lower-case first letter.
fn small(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
