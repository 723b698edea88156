//! The progress of a cut-over, recorded so that exactly what was switched can be switched back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::descriptor::Switch;

/// The record of one switch that was begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwitchRecord {
    pub switch: Switch,
    pub state: SwitchState,
    /// The previous value, as far as switching back needs it: a version id, a task definition's ARN; never a secret. Recorded
    /// before anything is changed.
    pub before: Value,
    /// The present value; while the switch is begun, what was requested of AWS, if the next call needs it.
    #[serde(default)]
    pub after: Value,
    /// While it is being switched back: what was requested of AWS, if the next call needs it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub returning: Value,
    /// When it entered this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// Default deadline for a switch, or for switching back, in seconds: a service's tasks start, or a cluster is renamed, within
/// minutes.
pub const DEADLINE_SECONDS: u64 = 30 * 60;
/// The member of [`SwitchRecord::before`] with another deadline, in seconds.
pub const DEADLINE: &str = "deadline_seconds";

impl SwitchRecord {
    /// Seconds within which it must be carried out or switched back.
    pub fn deadline_seconds(&self) -> u64 {
        self.before[DEADLINE].as_u64().unwrap_or(DEADLINE_SECONDS)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchState {
    /// May have been carried out.
    Begun,
    Done,
    /// May have been switched back.
    Returning,
    Returned,
}

/// The result of one call to switch, or to switch back.
#[derive(Debug, Clone, PartialEq)]
pub enum SwitchProgress {
    /// AWS is processing it.
    Underway {
        /// What it waits for, as text.
        phase: String,
        /// What the next call needs in addition to `before`; null if AWS returns it.
        noted: Value,
    },
    /// Done; the present value.
    Done(Value),
    /// It cannot succeed; the reason, and what the operator can do.
    Failed(String),
}
