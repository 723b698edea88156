//! What the two planning steps share.

use jiff::Timestamp;

use super::closing::{self, RunEnd};
use crate::catalog::Catalog;
use crate::domain::job::Run;
use crate::domain::set::Reason;
use crate::error::{Error, Result};

/// Stopping an execution stops no function in flight: a run whose clean-up came before the lease was taken, or what it makes
/// was begun, takes both back. One whose clean-up comes later finds them. `doing` and `state` are the step's.
///
/// # Errors
/// `Conflict` for a run that has ended.
pub async fn ensure_not_ended(catalog: &Catalog, run: &Run, doing: &str, state: &str, now: Timestamp) -> Result<()> {
    let Err(ended) = closing::refuse_ended(catalog, run, doing).await else {
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
