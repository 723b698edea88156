//! A failure as a result that is stored and passed on.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Why something failed: the error's stable name and its message. Also the shape of a machine's caught error, whose `cause` may be
/// the JSON text in which Lambda wraps `errorMessage` (see [`Failure::message`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    #[serde(alias = "Error")]
    pub error: String,
    /// Empty if Step Functions gives none: a task that timed out.
    #[serde(alias = "Cause", default)]
    pub cause: String,
}

impl Failure {
    /// An error as a result that is stored.
    pub fn of(error: &Error) -> Self {
        Self {
            error: error.name().to_owned(),
            cause: error.to_string(),
        }
    }

    /// The message for a person: Lambda's `errorMessage` if the cause is Lambda's JSON, otherwise the cause.
    pub fn message(&self) -> String {
        serde_json::from_str::<serde_json::Value>(&self.cause)
            .ok()
            .and_then(|cause| cause.get("errorMessage")?.as_str().map(str::to_owned))
            .unwrap_or_else(|| self.cause.clone())
    }
}
