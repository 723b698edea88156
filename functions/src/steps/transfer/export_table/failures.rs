//! The errors of the engine that reads and writes tables, as ours.

use holdfast_transfer::table::{Error as TableError, Refusal};

use crate::error::Error;

pub fn failed(error: TableError) -> Error {
    let message = error.to_string();
    match error {
        TableError::Invalid(_) => Error::Conflict(message),
        TableError::NotFound(_) => Error::NotFound(message),
        // Only a command line asks to stop.
        TableError::Stopped => Error::Unavailable(message),
        // After the engine's own retries of throttled and lost requests, or of another cause: in both cases a later call may succeed,
        // and the machine's retries end.
        TableError::Aws(_) | TableError::File(_) => Error::Unavailable(message),
        TableError::Unverified(_) => Error::VerificationFailed(message),
    }
}

pub fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Throttled(said) => Error::Throttled(said),
        Refusal::Unavailable(said) => Error::Unavailable(said),
        Refusal::Invalid(said) => Error::JobFailed(said),
        Refusal::Final(error) => failed(error),
    }
}
