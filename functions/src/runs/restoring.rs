//! How every kind's restore is advanced. Each call reads the present state and takes the next step; the result is in the catalog
//! before it is returned to the machine.

use jiff::Timestamp;
use serde::Deserialize;

use super::closing;
use crate::catalog::Catalog;
use crate::domain::job::{Failure, JobStatus, Run};
use crate::domain::pacing;
use crate::domain::resource::Resource;
use crate::domain::restore::item::{
    CreatedResource, ItemStatus, RestoreItem, RestoreJob, RestoreProgress, UndoProgress,
};
use crate::domain::restore::{RestoreRecord, RestoreStatus, stages};
use crate::domain::set::Reason;
use crate::error::{Class, Error, Result};
use crate::kinds::Restore;

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub run: Run,
    pub resource: Resource,
    pub now: Timestamp,
}

/// Advances the restore of one resource, and says when to poll again. A restore that has ended returns its result again. One that
/// failed, or is past its deadline, is a result, not an error.
///
/// # Errors
/// `NotFound` for a resource that was not planned; `Conflict` for a run that has ended; else the kind's own.
pub async fn restore(catalog: &Catalog, kind: &dyn Restore, input: Input) -> Result<RestoreJob> {
    let Input { run, resource, now } = input;
    let doing = format!("restoring {}", resource.name);
    let found = catalog.item(&run.deployment, &run.id, &resource.name).await?;
    let mut item = found.ok_or_else(|| {
        Error::NotFound(format!(
            "{doing}: restore {} has no plan for it. Start a new run",
            run.id
        ))
    })?;
    let creates = matches!(item.status, ItemStatus::Planned | ItemStatus::InProgress);
    if creates {
        // The undo waits for this step, and looks for resources that it created and did not record.
        item.status = ItemStatus::InProgress;
        item.started_at = item.started_at.or(Some(now));
        item.busy_since = Some(now);
        item = catalog.put_item(&run.deployment, &item).await?;
    }
    // Only now: an undo that begins later finds the item busy.
    let notified = match begin(catalog, &run, creates, &doing).await {
        Ok(record) => record.notified_of_wait_at.is_some(),
        Err(ended) => {
            clear_busy(catalog, &run, item).await?;
            return Err(ended);
        }
    };
    if item.status != ItemStatus::InProgress {
        return Ok(job(&item, None, now));
    }
    match kind.advance(&run, &item).await {
        Ok(advance) => record_progress(&mut item, advance, now),
        // A permanent error is recorded here, because the machine's own catch records nothing.
        Err(error) if error.class() == Class::Final => fail(&mut item, &error, now),
        Err(error) => {
            clear_busy(catalog, &run, item).await?;
            return Err(error);
        }
    }
    item.busy_since = None;
    if item.status == ItemStatus::InProgress && item.is_late(now) {
        let error = late(&item, now);
        fail(&mut item, &error, now);
        // The restored data is complete; it only lacks an instance, wherever its parts are in the queue.
        item.shortage.kept = !item.shortage.since.is_empty() && item.created.is_some();
    }
    if item.status == ItemStatus::Restored {
        record_stage_durations(catalog, &run, &item).await?;
    }
    let stored = catalog.put_item(&run.deployment, &item).await?;
    if stored.status == ItemStatus::Undone {
        return Err(undo_late(catalog, kind, &run, &item).await?);
    }
    let item = stored;
    tracing::info!(deployment = %run.deployment, restore = %run.id, resource = %resource.name, status = ?item.status, phase = item.phase.as_deref(), "polled");
    let usual = usual_seconds(catalog, &run, &item).await?;
    let mut job = job(&item, usual, now);
    // Repeated on every poll until on-call was notified.
    job.tell = !notified && job.status == JobStatus::InProgress && item.shortage.needs_notification(now);
    Ok(job)
}

/// # Errors
/// `Conflict` for a run that has ended or was undone; and, if something must still be created, for one that is no longer running.
async fn begin(catalog: &Catalog, run: &Run, creates: bool, doing: &str) -> Result<RestoreRecord> {
    closing::ensure_not_ended(catalog, run, doing).await?;
    let record = catalog.change_restore(&run.deployment, &run.id, mark_running).await?;
    match record.status {
        RestoreStatus::Running => Ok(record),
        RestoreStatus::Undone => Err(closing::ended_error(run, doing)),
        _ if creates => Err(closing::ended_error(run, doing)),
        _ => Ok(record),
    }
}

/// No function is processing the item any more.
async fn clear_busy(catalog: &Catalog, run: &Run, mut item: RestoreItem) -> Result<()> {
    if item.busy_since.take().is_none() {
        return Ok(());
    }
    catalog.put_item(&run.deployment, &item).await.map(|_| ())
}

/// Records how long each stage took, for the next restore of the resource.
async fn record_stage_durations(catalog: &Catalog, run: &Run, item: &RestoreItem) -> Result<()> {
    for (stage, seconds) in item.stages.ended() {
        let name = stages::timing(&item.planned.resource.name, Some(stage));
        catalog.add_timing(&run.deployment, &name, &run.id, seconds).await?;
    }
    Ok(())
}

/// The shortest time that the open stage took in earlier restores of the resource. `None` for a stage that is entered a second
/// time: the recorded times are those of the first.
async fn usual_seconds(catalog: &Catalog, run: &Run, item: &RestoreItem) -> Result<Option<u64>> {
    let under_way = item.status == ItemStatus::InProgress;
    let Some(stage) = item
        .stages
        .open()
        .filter(|stage| under_way && !item.stages.has_ended(stage))
    else {
        return Ok(None);
    };
    let name = stages::timing(&item.planned.resource.name, Some(stage));
    let past = catalog.timing(&run.deployment, &name).await?;
    Ok(pacing::soonest(&past.durations))
}

/// Stopping an execution does not stop a function in flight. What this one created after the undo had looked is removed here, or
/// reported. Returns the error to end with.
async fn undo_late(catalog: &Catalog, kind: &dyn Restore, run: &Run, item: &RestoreItem) -> Result<Error> {
    let name = &item.planned.resource.name;
    let left = match kind.undo(run, item).await? {
        UndoProgress::Gone => return Ok(closing::ended_error(run, &format!("restoring {name}"))),
        UndoProgress::Underway(what) | UndoProgress::Remains(what) => Reason {
            subject: name.clone(),
            error: "Conflict".to_owned(),
            message: format!("{what}; it was created after the restore was undone. Undo it again"),
        },
    };
    let note = |record: &mut RestoreRecord| {
        if !record.left.contains(&left) {
            record.left.push(left.clone());
        }
    };
    catalog.change_restore(&run.deployment, &run.id, note).await?;
    Ok(closing::ended_error(run, &format!("restoring {name}")))
}

fn mark_running(record: &mut RestoreRecord) {
    if record.status == RestoreStatus::Planned {
        record.status = RestoreStatus::Running;
    }
}

fn record_progress(item: &mut RestoreItem, advance: RestoreProgress, now: Timestamp) {
    item.shortage.lacking.clear();
    match advance {
        RestoreProgress::InProgress {
            stage,
            phase,
            percent,
            made: created,
        } => {
            let stage = stage.or((item.stages.open().is_none()).then_some("updating"));
            let another = stage.is_some_and(|stage| item.stages.enter(stage, now));
            item.phase = Some(phase);
            // A stage's percentage says nothing about the next.
            item.percent = if another { percent } else { percent.or(item.percent) };
            item.created = created.or(item.created.take());
        }
        RestoreProgress::Requested {
            stage,
            settings,
            refused,
            phase,
            made: created,
        } => {
            item.settings.record(&settings, refused, now);
            record_progress(item, in_progress(stage, phase, Some(created)), now);
        }
        RestoreProgress::LacksCapacity {
            stage,
            phase,
            lacking,
            in_any_zone,
            made: created,
        } => {
            record_progress(item, in_progress(stage, phase, created), now);
            item.shortage.record(lacking, in_any_zone, now);
        }
        RestoreProgress::Restored { made: created, remarks } => {
            item.status = ItemStatus::Restored;
            item.finished_at = Some(now);
            item.percent = Some(100.0);
            item.phase = None;
            item.stages.end(now);
            item.created = Some(created);
            for remark in remarks {
                if !item.remarks.contains(&remark) {
                    item.remarks.push(remark);
                }
            }
        }
        RestoreProgress::Failed { reason } => fail(item, &Error::JobFailed(reason), now),
    }
}

fn in_progress(stage: &'static str, phase: String, created: Option<CreatedResource>) -> RestoreProgress {
    RestoreProgress::InProgress {
        stage: Some(stage),
        phase,
        percent: None,
        made: created,
    }
}

fn late(item: &RestoreItem, now: Timestamp) -> Error {
    let resource = &item.planned.resource;
    Error::DeadlineExceeded(format!(
        "restoring {}: not finished after {} s ({}); its deadline is {} s. Check it in AWS, or give the deployment a longer \
         `restore_deadline`",
        resource.name,
        item.elapsed(now),
        item.phase.as_deref().unwrap_or_default(),
        resource.deadline_seconds
    ))
}

fn fail(item: &mut RestoreItem, error: &Error, now: Timestamp) {
    item.status = ItemStatus::Failed;
    item.finished_at = Some(now);
    item.failure = Some(Failure {
        error: error.name().to_owned(),
        cause: error.to_string(),
    });
}

/// An item as the job that the machine carries, with the time to the next poll; `usual` is how long the open stage takes.
fn job(item: &RestoreItem, usual: Option<u64>, now: Timestamp) -> RestoreJob {
    let status = match item.status {
        ItemStatus::Planned | ItemStatus::InProgress => JobStatus::InProgress,
        ItemStatus::Restored => JobStatus::Succeeded,
        ItemStatus::Failed | ItemStatus::Undone => JobStatus::Failed,
    };
    let deadline = item.planned.resource.deadline_seconds;
    let wait_seconds = match status {
        JobStatus::InProgress => {
            let left = deadline.saturating_sub(item.elapsed(now)).max(1);
            let elapsed = item.stages.elapsed(now);
            let wait = match (usual, item.percent) {
                (None, Some(percent)) => pacing::next_poll_at_percent(elapsed, percent),
                _ => pacing::next_poll(elapsed, usual),
            };
            wait.min(left)
        }
        _ => 0,
    };
    RestoreJob {
        resource: item.planned.resource.clone(),
        status,
        wait_seconds,
        percent: item.percent,
        phase: item.phase.clone(),
        failure: item.failure.clone(),
        tell: false,
    }
}

#[cfg(test)]
mod tests;
