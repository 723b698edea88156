//! Whether what was restored is what was backed up.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
    /// Could not be told: an operator decides.
    Unproven,
    /// Not as it was.
    Different,
}

/// The outcome of all checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every check found the same, and some count said so.
    Verified,
    /// Nothing is wrong, but something could not be told.
    Unproven,
    Failed,
}

/// What verification came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    pub outcome: Outcome,
    /// All of them, the worst first.
    pub checks: Vec<Check>,
    pub at: Timestamp,
}
