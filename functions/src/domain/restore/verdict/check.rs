//! One check of a verification.

use serde::{Deserialize, Serialize};

use crate::domain::set::ProbeResult;

/// The result of one comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Such as `database: DBClusterParameterGroup` or `probe users`.
    pub name: String,
    pub finding: Finding,
    /// Both sides, as text.
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Unchanged.
    Same,
    /// Changed, which is only reported: the application may change it, such as a secret.
    Changed,
    /// Could not be determined: an operator decides.
    Unproven,
    /// Changed although it must not be.
    Different,
}

/// Prefix of the name of a probe's check.
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
