//! The differences between the set and today's deployment, as the plan records them.

use serde::{Deserialize, Serialize};

/// How the set and today's deployment match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matching {
    /// What only one side has, or what differs between them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// How each count of the set is compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<ProbePair>,
    /// The deployment's resources of which the application continues to use the live one after all planned switches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub live: Vec<String>,
}

/// A resource, probe or switch without its counterpart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub of: GapKind,
    /// Its name today, or if it has none, its name in the set.
    pub name: String,
    /// Which side lacks it, and what that means, as text.
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

/// A count of the set, and today's probe that should count the same in the copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbePair {
    /// The probe's name today, or if it has none, its name in the set.
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
    /// The counts are of different things and cannot be compared. Why, as text.
    Changed(String),
    /// The resource that it counts in is not restored, because the request leaves it out. Which one, as text.
    LeftOut(String),
    /// The descriptor no longer has such a probe.
    Removed,
}
