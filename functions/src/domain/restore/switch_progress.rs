//! Cutting over: what an application uses is switched to what was restored, recorded so that exactly that can be taken back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::descriptor::Switch;

/// One switch that was begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwitchRecord {
    pub switch: Switch,
    pub state: SwitchState,
    /// What was there before, as far as it takes to go back: a version id, a task definition's ARN; never a secret. Noted
    /// before anything is changed.
    pub before: Value,
    /// What is there now; while it is begun, what was asked of AWS, where only that tells what comes next.
    #[serde(default)]
    pub after: Value,
    /// When it came to this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// Seconds within which one switch has to be carried out, or taken back, where it does not say: a service's tasks start, or a
/// cluster gets another name, within minutes.
pub const DEADLINE_SECONDS: u64 = 30 * 60;
/// The member of what is noted before a switch that says another deadline, in seconds.
pub const DEADLINE: &str = "deadline_seconds";

impl SwitchRecord {
    /// Seconds within which it has to be carried out, or taken back.
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
    /// May have been taken back.
    Returning,
    Returned,
}

/// What one call to switch, or to switch back, came to.
#[derive(Debug, Clone, PartialEq)]
pub enum SwitchProgress {
    /// AWS is at it.
    Underway {
        /// What it waits for, in words.
        phase: String,
        /// What the next call has to know beside `before`; null where AWS itself tells.
        noted: Value,
    },
    /// Done; what is there now.
    Done(Value),
    /// It will never be; the reason, and what the operator can do.
    Failed(String),
}
