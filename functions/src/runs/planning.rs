//! Shared by the two planning steps.

use jiff::Timestamp;

use super::closing::{self, RunEnd};
use crate::catalog::Catalog;
use crate::domain::job::Run;
use crate::domain::set::Reason;
use crate::error::{Error, Result};

/// Stopping an execution does not stop a function in flight. If the run was cleaned up before it took the lease or recorded its
/// set or restore, this call releases and closes them; a later clean-up finds them. `doing` and `state` are the step's.
///
/// # Errors
/// `Conflict` for a run that has ended.
pub async fn close_if_ended(catalog: &Catalog, run: &Run, doing: &str, state: &str, now: Timestamp) -> Result<()> {
    let Err(ended) = closing::ensure_not_ended(catalog, run, doing).await else {
        return Ok(());
    };
    if let Error::Conflict(message) = &ended {
        let reason = Reason {
            subject: state.to_owned(),
            error: ended.name().to_owned(),
            message: message.clone(),
        };
        let end = RunEnd {
            reasons: vec![reason],
            failed: false,
        };
        closing::end(catalog, run, end, now).await?;
    }
    Err(ended)
}
