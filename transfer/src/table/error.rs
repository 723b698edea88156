//! Why an export, an import or a digest failed.

use thiserror::Error;

use crate::error::TransferError;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The message says what was being done, to what, what was returned, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// An option, a file or an answer of the user is not acceptable; nothing was changed.
    #[error("{0}")]
    Invalid(String),
    /// There is no such table or file.
    #[error("{0}")]
    NotFound(String),
    /// AWS refused, or did not respond after all retries.
    #[error("{0}")]
    Aws(String),
    /// Reading or writing a file failed.
    #[error("{0}")]
    File(String),
    /// It was asked to stop.
    #[error("stopped")]
    Stopped,
    /// All was read, but it is not what it should be: a file that is not complete, or was changed.
    #[error("{0}")]
    Unverified(String),
}

impl Error {
    /// `doing` and `what` make one phrase: "writing", "rooms.jsonl.partial".
    pub(super) fn file(doing: &str, what: impl std::fmt::Display, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Error::NotFound(format!("{doing} {what}: no such file")),
            _ => Error::File(format!("{doing} {what}: {error}")),
        }
    }
}

/// Of a store, such as S3.
impl From<TransferError> for Error {
    fn from(error: TransferError) -> Self {
        let message = error.to_string();
        match error {
            TransferError::InvalidInput { .. } | TransferError::Conflict(_) => Error::Invalid(message),
            TransferError::NotFound(_) => Error::NotFound(message),
            TransferError::VerificationFailed(_) => Error::Unverified(message),
            TransferError::Throttled(_)
            | TransferError::Unavailable(_)
            | TransferError::AccessDenied(_)
            | TransferError::JobFailed(_) => Error::Aws(message),
        }
    }
}
