//! The part of a model about requests: operations, the shapes of their inputs, and the constraints of values.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex_lite::Regex;
use serde::Deserialize;

/// A service's model of requests.
#[derive(Debug, Deserialize)]
pub struct Model {
    operations: BTreeMap<String, Option<String>>,
    shapes: BTreeMap<String, Shape>,
    /// Patterns that are not checked.
    #[cfg_attr(not(test), allow(dead_code))]
    pub unchecked: Vec<String>,
}

/// A type of values.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Shape {
    /// `structure`, `list`, `map`, `string`, `integer`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// Minimum length of a text, list or map, or minimum number.
    pub min: Option<f64>,
    /// Maximum length of a text, list or map, or maximum number.
    pub max: Option<f64>,
    /// The allowed values of a text.
    #[serde(rename = "enum")]
    pub values: Vec<String>,
    /// The model's own pattern.
    pub pattern: Option<String>,
    /// The pattern, as conditions.
    pub conditions: Vec<Condition>,
    /// A structure's members by name.
    pub members: BTreeMap<String, Part>,
    /// Required members, by name.
    pub required: Vec<String>,
    /// Whether exactly one member must be set.
    pub union: bool,
    /// Whether values are not to be shown.
    pub sensitive: bool,
    /// Whether it is any JSON.
    pub document: bool,
    /// Whether a list in a form has no name of its own for its members.
    pub flattened: bool,
    /// The member that is the whole body.
    pub payload: Option<String>,
    /// A list's member.
    pub member: Option<Part>,
    /// A map's key.
    pub key: Option<Part>,
    /// A map's value.
    pub value: Option<Part>,
}

/// A part of a shape: its shape, its name in requests, and its location.
#[derive(Debug, Deserialize)]
pub struct Part {
    /// Name of its shape.
    pub shape: String,
    /// Its name in requests.
    pub wire: String,
    /// `uri`, `querystring`, `header`, ...; none for the body.
    #[serde(default)]
    pub location: Option<String>,
}

/// An expression that must match a text, or must not.
#[derive(Debug, Deserialize)]
pub struct Condition {
    not: bool,
    expression: String,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

impl Model {
    /// The shape of an operation's input; none for an operation that is not in the model, or has no input.
    pub fn input(&self, operation: &str) -> Option<&Shape> {
        self.shape(self.operations.get(operation)?.as_ref()?)
    }

    /// A shape by its name.
    pub fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }

    /// All shapes.
    #[cfg(test)]
    pub fn shapes(&self) -> impl Iterator<Item = &Shape> {
        self.shapes.values()
    }
}

impl Condition {
    /// Whether a text satisfies it.
    pub fn holds(&self, text: &str) -> bool {
        self.regex().is_none_or(|regex| regex.is_match(text) != self.not)
    }

    /// The expression, compiled at its first use.
    pub fn regex(&self) -> Option<&Regex> {
        let compiled = self.compiled.get_or_init(|| Regex::new(&self.expression).ok());
        compiled.as_ref()
    }
}
