//! Cutting over: what an application uses is switched to what was restored, recorded so that exactly that can be taken back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::descriptor::CutOver;

/// One switch that was begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Switched {
    pub switch: CutOver,
    pub state: SwitchState,
    /// What was there before, as far as it takes to go back: a version id, a task definition's ARN; never a secret. Noted
    /// before anything is changed.
    pub before: Value,
    /// What is there now.
    #[serde(default)]
    pub after: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
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
pub enum Switching {
    /// AWS is at it; in words.
    Underway(String),
    /// Done; what is there now.
    Done(Value),
    /// It will never be; the reason, and what the operator can do.
    Failed(String),
}
