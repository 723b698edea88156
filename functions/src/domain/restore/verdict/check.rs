//! One check of what was restored.

use serde::{Deserialize, Serialize};

use crate::domain::set::ProbeResult;

/// One thing that was compared, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Such as `database: DBClusterParameterGroup` or `probe users`.
    pub name: String,
    pub finding: Finding,
    /// Both sides, in words.
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// As it was.
    Same,
    /// Not as it was, and that is said and no more: it is the application's to change, such as a secret.
    Changed,
    /// Could not be told: an operator decides.
    Unproven,
    /// Not as it was.
    Different,
}

/// What the checks of a probe are called, before its name.
pub const PROBE: &str = "probe ";

impl Check {
    pub fn new(name: impl Into<String>, finding: Finding, detail: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            finding,
            detail: detail.into(),
        }
    }
}

pub fn count_text(result: &ProbeResult) -> String {
    match (&result.count, &result.failure) {
        (_, Some(failure)) => format!("not counted ({}: {})", failure.error, failure.message()),
        (Some(count), None) => count.to_string(),
        (None, None) => "not counted".to_owned(),
    }
}
