//! Shared by cutting over and switching back: their output, when to poll again, and when to give up.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::job::{Failure, JobStatus, Run};
use crate::domain::pacing;
use crate::domain::restore::switch_progress::SwitchRecord;
use crate::domain::set::Reason;
use crate::error::Error;

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub run: Run,
    /// Id of the restore.
    pub restore: String,
    pub now: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Output {
    pub status: JobStatus,
    /// When to poll again, in seconds; only while in progress.
    pub wait_seconds: u64,
    /// What it waits for, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl Output {
    pub fn succeeded() -> Self {
        Self {
            status: JobStatus::Succeeded,
            wait_seconds: 0,
            phase: None,
            failure: None,
        }
    }

    /// To be polled again: every 5 seconds at first, after some minutes at every twentieth of the elapsed time.
    pub fn in_progress(phase: String, elapsed: u64, deadline_seconds: u64) -> Self {
        Self {
            status: JobStatus::InProgress,
            wait_seconds: pacing::next_poll_before(elapsed.max(1), Some(0), deadline_seconds),
            phase: Some(phase),
            failure: None,
        }
    }

    /// Failed, for one reason or more.
    pub fn failed(reasons: &[Reason]) -> Self {
        let messages: Vec<&str> = reasons.iter().map(|reason| reason.message.as_str()).collect();
        Self {
            status: JobStatus::Failed,
            wait_seconds: 0,
            phase: None,
            failure: reasons.first().map(|first| Failure {
                error: first.error.clone(),
                cause: messages.join("; "),
            }),
        }
    }
}

/// Seconds since a switch entered its state.
pub fn elapsed(switched: &SwitchRecord, now: Timestamp) -> u64 {
    let since = switched.at.unwrap_or(now);
    u64::try_from(now.duration_since(since).as_secs()).unwrap_or(0)
}

/// Why one switch failed.
pub fn reason(switched: &str, error: &Error) -> Reason {
    Reason {
        subject: subject(switched),
        error: error.name().to_owned(),
        message: error.to_string(),
    }
}

/// A switch's subject in a restore's reasons.
pub fn subject(switched: &str) -> String {
    format!("switch {switched}")
}

/// The error of a switch that is past its deadline while AWS is still working on it.
pub fn late(doing: &str, switched: &SwitchRecord, phase: &str) -> Error {
    Error::DeadlineExceeded(format!(
        "{doing} {}: after {} s, {phase}. Check in AWS what delays it",
        switched.switch.name,
        switched.deadline_seconds()
    ))
}
