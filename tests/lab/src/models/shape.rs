//! What a model says of a request: operations, the shapes of their inputs, and what a value has to fulfil.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex_lite::Regex;
use serde::Deserialize;

/// A service's model, as far as it is about requests.
#[derive(Debug, Deserialize)]
pub struct Model {
    operations: BTreeMap<String, Option<String>>,
    shapes: BTreeMap<String, Shape>,
    /// Patterns that nothing is held against.
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
    /// Least length of a text, list or map, or least number.
    pub min: Option<f64>,
    /// Greatest length of a text, list or map, or greatest number.
    pub max: Option<f64>,
    /// The only values that a text may have.
    #[serde(rename = "enum")]
    pub values: Vec<String>,
    /// What the model has as pattern.
    pub pattern: Option<String>,
    /// The pattern, as what has to be so.
    pub conditions: Vec<Condition>,
    /// A structure's members by name.
    pub members: BTreeMap<String, Part>,
    /// Members that must be there, by name.
    pub required: Vec<String>,
    /// Whether exactly one member must be there.
    pub union: bool,
    /// Whether values are not to be shown.
    pub sensitive: bool,
    /// Whether it is any JSON at all.
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

/// A part of a shape: of which shape it is, how it is called in requests, and where it stands.
#[derive(Debug, Deserialize)]
pub struct Part {
    /// Name of its shape.
    pub shape: String,
    /// Its name in requests.
    pub wire: String,
    /// `uri`, `querystring`, `header`, ...; in the body without.
    #[serde(default)]
    pub location: Option<String>,
}

/// An expression that must be found in a text, or must not.
#[derive(Debug, Deserialize)]
pub struct Condition {
    not: bool,
    expression: String,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

impl Model {
    /// The shape of an operation's input; none for an operation that the model lacks, or that takes nothing.
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
    /// Whether a text fulfils it.
    pub fn holds(&self, text: &str) -> bool {
        self.regex().is_none_or(|regex| regex.is_match(text) != self.not)
    }

    /// The expression, compiled when it is needed for the first time.
    pub fn regex(&self) -> Option<&Regex> {
        let compiled = self.compiled.get_or_init(|| Regex::new(&self.expression).ok());
        compiled.as_ref()
    }
}
