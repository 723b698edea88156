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
    pub probes: Vec<ProbePair>,
    /// The deployment's resources of which the application goes on using the live one when all that is planned is switched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub live: Vec<String>,
}

/// A resource, probe or switch without its counterpart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub of: GapKind,
    /// Its name: today's, or where it has none, the set's.
    pub name: String,
    /// Which side lacks it, and what that means; in words.
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    Resource,
    Probe,
    Switch,
    /// The descriptor of the backup itself.
    Descriptor,
}

impl Gap {
    pub(super) fn new(of: GapKind, name: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            of,
            name: name.into(),
            why: why.into(),
        }
    }

    /// What it is called in checks, plans and messages: `probe users`.
    pub fn subject(&self) -> String {
        match self.of {
            GapKind::Resource => format!("resource {}", self.name),
            GapKind::Probe => format!("probe {}", self.name),
            GapKind::Switch => format!("switch {}", self.name),
            GapKind::Descriptor => self.name.clone(),
        }
    }
}

/// A count of the set, and the probe of today that is to count the same in the copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbePair {
    /// The probe's name today; where it has none, the set's.
    pub name: String,
    /// Its name in the set.
    pub in_set: String,
    pub standing: ProbeComparability,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeComparability {
    /// It counts the same, in the same resource: the two counts are compared.
    Same,
    /// Two counts of different things: no comparison. Why, in words.
    Changed(String),
    /// The resource in which it counts is not restored, because the request leaves it out. Which one, in words.
    LeftOut(String),
    /// The descriptor has no such probe any more.
    Removed,
}
