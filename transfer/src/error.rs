//! Why a transfer failed. The names and classes are those of the product's error type, so that each variant has one there.

/// The result of a transfer.
pub type Result<T, E = TransferError> = std::result::Result<T, E>;

/// What went wrong. A message says what was being done, to what, what was answered, and what an operator can do; it never contains
/// a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// AWS limits the rate of requests; worth a retry within seconds.
    #[error("{0}")]
    Throttled(String),
    /// A service or server did not respond, or a connection was cut; worth a retry within seconds.
    #[error("{0}")]
    Unavailable(String),
    /// A value that cannot be accepted: where it is, what it is, what is allowed.
    #[error("{path}: {value} is not allowed; expected {allowed}")]
    InvalidInput {
        path: String,
        value: String,
        allowed: String,
    },
    /// Something that has to exist does not.
    #[error("{0}")]
    NotFound(String),
    /// A login, a role or a policy does not allow it.
    #[error("{0}")]
    AccessDenied(String),
    /// Something is in the way that Holdfast did not create, or that is in another state than expected.
    #[error("{0}")]
    Conflict(String),
    /// A program or a job failed for a reason that a retry does not remove.
    #[error("{0}")]
    JobFailed(String),
    /// Content differs from what it should be.
    #[error("{0}")]
    VerificationFailed(String),
}

impl TransferError {
    /// A value that cannot be accepted.
    pub fn invalid(path: impl Into<String>, value: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self::InvalidInput {
            path: path.into(),
            value: value.into(),
            allowed: allowed.into(),
        }
    }

    /// The stable name, as state machines match it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Throttled(_) => "Throttled",
            Self::Unavailable(_) => "Unavailable",
            Self::InvalidInput { .. } => "InvalidInput",
            Self::NotFound(_) => "NotFound",
            Self::AccessDenied(_) => "AccessDenied",
            Self::Conflict(_) => "Conflict",
            Self::JobFailed(_) => "JobFailed",
            Self::VerificationFailed(_) => "VerificationFailed",
        }
    }
}

/// An error and its causes, by their `Display`: a `Debug` could show what a request or a response contained.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
