//! The end of a run in the catalog: what `end-run` writes at its time, and `clean-up` when a run never got so far.

use jiff::Timestamp;

use crate::catalog::{Catalog, Mark};
use crate::domain::job::Run;
use crate::domain::set::{Reason, SetStatus};
use crate::error::{Class, Error, Result};

/// Why a set that is still running has failed, and whether anything failed at all.
pub struct End {
    pub reason: Reason,
    pub failed: bool,
}

/// Refuses to begin anything for a run that has ended: its set has failed and on-call was told of it, but a step may still
/// be in flight, or its execution redriven.
///
/// # Errors
/// `Conflict`, which names the run; also where another execution has its id.
pub async fn refuse_ended(catalog: &Catalog, run: &Run, doing: &str) -> Result<()> {
    match catalog.run(&run.deployment, &run.id).await? {
        Some(record) if record.ended_at.is_some() => Err(has_ended(run, doing)),
        Some(record) if record.execution != run.execution => Err(Error::Conflict(format!(
            "{doing}: {} has the run id {} too. Start a new run in a second",
            record.execution, run.id
        ))),
        _ => Ok(()),
    }
}

/// The error of a step that finds its run ended.
pub fn has_ended(run: &Run, doing: &str) -> Error {
    Error::Conflict(format!(
        "{doing}: run {} has ended, and does nothing more. Start a new run: holdfast backup {}",
        run.id, run.deployment
    ))
}

/// Marks the run as ended, fails the set if it is still running, notes a failure that is not among the set's reasons as a
/// warning, and gives the lease back if it is this run's. Answers the set's id, where there is a set.
pub async fn end(catalog: &Catalog, run: &Run, end: End, now: Timestamp) -> Result<Option<String>> {
    // First: what is in flight looks for this mark after each of its own writes, and so undoes what is not undone here.
    catalog.mark_run(&run.deployment, &run.id, Mark::Ended, now).await?;
    let closed = close(catalog, run, end, now).await;
    if let Err(error) = &closed
        && error.class() != Class::Final
    {
        return closed;
    }
    // Last: nobody takes the deployment over while its run is still being written. But a record that cannot be read does
    // not keep the lease for ever.
    catalog.release_lease(&run.deployment, &run.execution).await?;
    closed
}

async fn close(catalog: &Catalog, run: &Run, end: End, now: Timestamp) -> Result<Option<String>> {
    let set = catalog
        .fail_set(&run.deployment, &run.id, end.reason.clone(), now)
        .await?;
    if end.failed {
        let set = catalog.set(&run.deployment, &run.id).await?;
        if set.is_none_or(|set| set.status != SetStatus::Failed || !set.reasons.contains(&end.reason)) {
            catalog.warn_run(&run.deployment, &run.id, end.reason).await?;
        }
    }
    Ok(set.map(|_| run.id.clone()))
}
