//! The error type of the whole product. Step Functions routes on its names.

use holdfast_transfer::error::TransferError;
use serde::{Deserialize, Serialize};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, under a stable name (see [`Error::name`]) and in one of three classes (see [`Error::class`]).
///
/// A message says what was being done, to what, what AWS returned, and what the operator can do. It never contains a secret, a
/// password or a connection string.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Throttled(String),
    #[error("{0}")]
    Unavailable(String),
    #[error("{0}")]
    NotReady(String),
    #[error("{0}")]
    QuotaExceeded(String),
    /// All faults of one document at once.
    #[error("{}", list(.0))]
    InvalidInput(Vec<Fault>),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    AccessDenied(String),
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    JobFailed(String),
    #[error("{0}")]
    DeadlineExceeded(String),
    #[error("{0}")]
    DeploymentBusy(String),
    #[error("{0}")]
    VerificationFailed(String),
}

/// How long retrying makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Worth a retry within seconds.
    Transient,
    /// Worth a retry within minutes: something else must end first.
    Waiting,
    /// Retrying changes nothing.
    Final,
}

impl Error {
    /// The name that a state machine's `Retry` and `Catch` match; never changes.
    pub fn name(&self) -> &'static str {
        match self {
            Error::Throttled(_) => "Throttled",
            Error::Unavailable(_) => "Unavailable",
            Error::NotReady(_) => "NotReady",
            Error::QuotaExceeded(_) => "QuotaExceeded",
            Error::InvalidInput(_) => "InvalidInput",
            Error::NotFound(_) => "NotFound",
            Error::AccessDenied(_) => "AccessDenied",
            Error::Conflict(_) => "Conflict",
            Error::JobFailed(_) => "JobFailed",
            Error::DeadlineExceeded(_) => "DeadlineExceeded",
            Error::DeploymentBusy(_) => "DeploymentBusy",
            Error::VerificationFailed(_) => "VerificationFailed",
        }
    }

    pub fn class(&self) -> Class {
        match self {
            Error::Throttled(_) | Error::Unavailable(_) => Class::Transient,
            Error::NotReady(_) | Error::QuotaExceeded(_) => Class::Waiting,
            _ => Class::Final,
        }
    }

    /// The same error with another message; unchanged for `InvalidInput`, whose faults are the message.
    pub fn saying(mut self, message: String) -> Self {
        match &mut self {
            Error::InvalidInput(_) => {}
            Error::Throttled(text)
            | Error::Unavailable(text)
            | Error::NotReady(text)
            | Error::QuotaExceeded(text)
            | Error::NotFound(text)
            | Error::AccessDenied(text)
            | Error::Conflict(text)
            | Error::JobFailed(text)
            | Error::DeadlineExceeded(text)
            | Error::DeploymentBusy(text)
            | Error::VerificationFailed(text) => *text = message,
        }
        self
    }

    /// One fault in one field.
    pub fn invalid(path: impl Into<String>, value: impl Into<String>, allowed: impl Into<String>) -> Self {
        Error::InvalidInput(vec![Fault {
            path: path.into(),
            value: value.into(),
            allowed: allowed.into(),
        }])
    }
}

impl From<TransferError> for Error {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Throttled(text) => Error::Throttled(text),
            TransferError::Unavailable(text) => Error::Unavailable(text),
            TransferError::InvalidInput { path, value, allowed } => Error::invalid(path, value, allowed),
            TransferError::NotFound(text) => Error::NotFound(text),
            TransferError::AccessDenied(text) => Error::AccessDenied(text),
            TransferError::Conflict(text) => Error::Conflict(text),
            TransferError::JobFailed(text) => Error::JobFailed(text),
            TransferError::VerificationFailed(text) => Error::VerificationFailed(text),
        }
    }
}

/// A field that cannot be accepted: where it is, what it holds, what it may hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Path in the document, such as `resources.database.cluster`.
    pub path: String,
    /// The value found, as JSON, cut to a readable length; `(missing)` if there is none. A note about it follows in brackets, or
    /// between commas that are both part of the value: `fs-1, which is gone,`.
    pub value: String,
    /// What is allowed there.
    pub allowed: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: {} is not allowed; expected {}",
            self.path, self.value, self.allowed
        )
    }
}

fn list(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
}
