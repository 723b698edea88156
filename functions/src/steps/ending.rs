//! The end of a run in the catalog: what `end-run` writes at its time, and `clean-up` when a run never got so far.

use jiff::Timestamp;

use crate::catalog::{Catalog, Mark};
use crate::domain::job::Run;
use crate::domain::set::{Reason, SetStatus};
use crate::error::Result;

/// Why a set that is still running has failed, and whether anything failed at all.
pub struct End {
    pub reason: Reason,
    pub failed: bool,
}

/// Fails the set if it is still running, notes a failure that is not among the set's reasons as a warning, marks the run
/// as ended, and gives the lease back if it is this run's. Answers the set's id, where there is a set.
pub async fn end(catalog: &Catalog, run: &Run, end: End, now: Timestamp) -> Result<Option<String>> {
    let set = catalog
        .fail_set(&run.deployment, &run.set, end.reason.clone(), now)
        .await?;
    if end.failed {
        let set = catalog.set(&run.deployment, &run.set).await?;
        if set.is_none_or(|set| set.status != SetStatus::Failed || !set.reasons.contains(&end.reason)) {
            catalog.warn_run(&run.deployment, &run.set, end.reason).await?;
        }
    }
    catalog.mark_run(&run.deployment, &run.set, Mark::Ended, now).await?;
    // Last: nobody takes the deployment over while its run is still being written.
    catalog.release_lease(&run.deployment, &run.execution).await?;
    Ok(set.map(|_| run.set.clone()))
}
