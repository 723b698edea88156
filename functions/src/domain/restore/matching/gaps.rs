//! What a plan knows of the set and of today's deployment: how one side differs from the other.

use serde::{Deserialize, Serialize};

/// What a plan knows of the two sides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matching {
    /// What one side has and the other has not, or has otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// How each count of the set is compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<Pair>,
    /// The deployment's resources of which the application goes on using the live one when all that is planned is switched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub live: Vec<String>,
}

/// A resource, probe or switch without its counterpart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub of: Of,
    /// Its name: today's, or where it has none, the set's.
    pub name: String,
    /// Which side lacks it, and what that means; in words.
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    Resource,
    Probe,
    Switch,
    /// The descriptor of the backup itself.
    Descriptor,
}

impl Gap {
    pub(super) fn new(of: Of, name: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            of,
            name: name.into(),
            why: why.into(),
        }
    }

    /// What it is called in checks, plans and messages: `probe users`.
    pub fn subject(&self) -> String {
        match self.of {
            Of::Resource => format!("resource {}", self.name),
            Of::Probe => format!("probe {}", self.name),
            Of::Switch => format!("switch {}", self.name),
            Of::Descriptor => self.name.clone(),
        }
    }
}

/// A count of the set, and the probe of today that is to count the same in the copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The probe's name today; where it has none, the set's.
    pub name: String,
    /// Its name in the set.
    pub in_set: String,
    pub standing: Standing,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It counts the same, in the same resource: the two counts are compared.
    Same,
    /// Two counts of different things: no comparison. Why, in words.
    Changed(String),
    /// The resource in which it counts is not restored, because the request leaves it out. Which one, in words.
    LeftOut(String),
    /// The descriptor has no such probe any more.
    Removed,
}
