//! Closes a run in the catalog: called by `end-run`, and by `clean-up` for a run that never reached it.

use jiff::Timestamp;

use crate::catalog::{Catalog, RunMilestone};
use crate::domain::job::Run;
use crate::domain::machine::{Activity, Machine};
use crate::domain::message::refused;
use crate::domain::restore::RestoreStatus;
use crate::domain::set::{Reason, SetStatus};
use crate::error::{Class, Error, Result};

/// Why a set or restore that is still running has failed, the first error first, and whether anything failed at all.
pub struct RunEnd {
    pub reasons: Vec<Reason>,
    pub failed: bool,
}

/// Refuses to begin anything for a run that has ended: its set has failed and on-call was notified, but a step may still be
/// in flight, or its execution redriven.
///
/// # Errors
/// `Conflict`, which names the run; also where another execution has the same run id.
pub async fn ensure_not_ended(catalog: &Catalog, run: &Run, doing: &str) -> Result<()> {
    match catalog.run(&run.deployment, &run.id).await? {
        Some(record) if record.ended_at.is_some() => Err(ended_error(run, doing)),
        Some(record) if record.execution != run.execution => Err(Error::Conflict(format!(
            "{doing}: {} has the run id {} too. Start a new run in a second",
            record.execution, run.id
        ))),
        _ => Ok(()),
    }
}

/// The error of a step whose run has ended.
pub fn ended_error(run: &Run, doing: &str) -> Error {
    let machine = Machine::of(&run.execution).unwrap_or(Machine::Backup);
    let again = (machine.facts().again)(&run.deployment);
    Error::Conflict(format!(
        "{doing}: run {} has ended and does nothing more. Start a new run: {again}",
        run.id
    ))
}

/// Marks the run as ended, fails its set or restore if still running, records a failure that is not among the reasons as a
/// warning, and releases the lease if this run holds it. Returns the set's id, if the run has a set.
pub async fn end(catalog: &Catalog, run: &Run, end: RunEnd, now: Timestamp) -> Result<Option<String>> {
    // First: a step in flight checks for this mark after each of its writes, and undoes what is not undone here.
    catalog
        .mark_run(&run.deployment, &run.id, RunMilestone::Ended, now)
        .await?;
    let machine = Machine::of(&run.execution).unwrap_or(Machine::Backup);
    let closed = match machine.activity() {
        Activity::BackUp => close(catalog, run, end, now).await,
        Activity::Restore => close_restore(catalog, run, end).await.map(|()| None),
        Activity::RemoveCopies | Activity::SwitchBack => warn(catalog, run, end).await.map(|()| None),
    };
    if let Err(error) = &closed
        && error.class() != Class::Final
    {
        return closed;
    }
    // Last: no other run may take the deployment while this one is still being written. A record that cannot be read must
    // not keep the lease forever.
    catalog.release_lease(&run.deployment, &run.execution).await?;
    closed
}

async fn close(catalog: &Catalog, run: &Run, end: RunEnd, now: Timestamp) -> Result<Option<String>> {
    let set = catalog.fail_set(&run.deployment, &run.id, &end.reasons, now).await?;
    if end.failed {
        let set = catalog.set(&run.deployment, &run.id).await?;
        let recorded = set.filter(|set| set.status == SetStatus::Failed);
        let recorded = recorded.map(|set| set.reasons).unwrap_or_default();
        for reason in end.reasons {
            if !recorded.contains(&reason) {
                catalog.warn_run(&run.deployment, &run.id, reason).await?;
            }
        }
    }
    Ok(set.map(|_| run.id.clone()))
}

/// An unfinished restore has failed, unless it was undone. Its open question is dropped.
async fn close_restore(catalog: &Catalog, run: &Run, end: RunEnd) -> Result<()> {
    let (deployment, id) = (&run.deployment, &run.id);
    if catalog.restore(deployment, id).await?.is_none() {
        return warn(catalog, run, end).await;
    }
    let record = catalog
        .change_restore(deployment, id, |record| {
            record.question = None;
            let open = match record.status {
                RestoreStatus::Planned => end.failed || !record.plan.dry_run,
                status => status == RestoreStatus::Running,
            };
            if open {
                record.status = RestoreStatus::Failed;
            }
            let done = matches!(record.status, RestoreStatus::Restored | RestoreStatus::CutOver);
            let unexplained = record.reasons.is_empty() && (open || record.status == RestoreStatus::Switching);
            for reason in &end.reasons {
                let concerns = !done || refused(reason).is_some();
                if concerns && !reason.is_repeated_in(&record.reasons) && (end.failed || unexplained) {
                    record.reasons.push(reason.clone());
                }
            }
        })
        .await?;
    let reasons = end.reasons.into_iter();
    let unrecorded = reasons
        .filter(|reason| !reason.is_repeated_in(&record.reasons))
        .collect();
    let end = RunEnd {
        reasons: unrecorded,
        ..end
    };
    warn(catalog, run, end).await
}

async fn warn(catalog: &Catalog, run: &Run, end: RunEnd) -> Result<()> {
    for reason in end.reasons.into_iter().filter(|_| end.failed) {
        catalog.warn_run(&run.deployment, &run.id, reason).await?;
    }
    Ok(())
}
