//! `prune-sets`: deletes the sets that the retention policy no longer keeps, and completes deletions that earlier runs
//! began. It deletes only recovery points of a set in the catalog that have Holdfast's tags; a protected recovery point
//! stays, with its set, and is reported. Runs without a set are deleted when failed sets would be.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::domain::descriptor::Keep;
use crate::domain::job::Run;
use crate::domain::kinds;
use crate::domain::restore::plan::Plan;
use crate::domain::restore::plan::Source;
use crate::domain::retention::{self, ExpireReason};
use crate::domain::set::{BackupSet, Point, Reason, SetStatus};
use crate::error::{Class, Error, Result};
use crate::kinds::Deletion;
pub use crate::runs::needs::KindNeeds as Needs;

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub run: Run,
    pub now: Timestamp,
}

#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Output {
    pub kept: usize,
    /// Ids of the deleted sets.
    pub deleted: Vec<String>,
    /// Ids of the sets whose deletion a later run has to continue.
    pub unfinished: Vec<String>,
}

/// # Errors
/// The first transient one, after all sets were tried; a permanent one is a warning on the run.
pub async fn handle(needs: &Needs, Input { run, now }: Input) -> Result<Output> {
    let catalog = &needs.catalog;
    let descriptor = catalog.descriptor(&run.deployment).await?;
    let mut sets = catalog.sets(&run.deployment).await?;
    for set in &mut sets {
        fail_if_lost(catalog, &run, set, now).await?;
    }
    let retention = retention::retention(&sets, &descriptor.keep, now);
    let plans = plans_in_progress(catalog, &run).await?;
    let mut output = Output {
        kept: retention.keep.len(),
        ..Output::default()
    };
    let mut transient = None;
    for (id, reason) in &retention.expire {
        let Some(set) = sets.iter().find(|set| set.id == *id) else {
            continue;
        };
        if is_read(catalog, set, &plans).await? {
            tracing::info!(deployment = %run.deployment, set = %set.id, "kept: a restore reads it");
            output.kept += 1;
            continue;
        }
        match expire(needs, &run, set, reason).await {
            Ok(true) => output.deleted.push(id.clone()),
            Ok(false) => output.unfinished.push(id.clone()),
            Err(error) if error.class() == Class::Transient => transient = transient.or(Some(error)),
            Err(error) => {
                output.unfinished.push(id.clone());
                catalog.warn_run(&run.deployment, &run.id, warning(id, &error)).await?;
            }
        }
    }
    if let Some(error) = transient {
        return Err(error);
    }
    delete_runs_without_set(catalog, &run, &sets, &descriptor.keep, now).await?;
    Ok(output)
}

/// The plans of restores that have not ended: this run may be the safety backup of one, and must not delete what it reads.
async fn plans_in_progress(catalog: &Catalog, run: &Run) -> Result<Vec<Plan>> {
    let mut plans = Vec::new();
    for restore in catalog.restores(&run.deployment).await? {
        let ended = match catalog.run(&run.deployment, &restore.id).await {
            Ok(record) => record.is_none_or(|record| record.ended_at.is_some()),
            // A run that cannot be read may still be running.
            Err(error) if error.class() == Class::Final => false,
            Err(error) => return Err(error),
        };
        if !ended {
            plans.push(restore.plan);
        }
    }
    Ok(plans)
}

/// Whether one of the plans reads a set, or any of its recovery points.
async fn is_read(catalog: &Catalog, set: &BackupSet, plans: &[Plan]) -> Result<bool> {
    if plans.is_empty() {
        return Ok(false);
    }
    if plans.iter().any(|plan| plan.set.as_ref() == Some(&set.id)) {
        return Ok(true);
    }
    let points = catalog.points(&set.deployment, &set.id).await?;
    let mut planned = plans.iter().flat_map(|plan| &plan.resources);
    // The versions that a guard recorded cannot be deleted.
    let deletable = points.iter().filter(|point| !kinds::is_guard(&point.resource.target));
    let sources: Vec<Source> = deletable
        .filter_map(|point| kinds::of(&point.resource.target).source(point.recovery_point.as_ref()?))
        .collect();
    Ok(planned.any(|planned| sources.contains(&planned.source)))
}

/// Deletes the records of runs without a set, once a failed set of that age would expire.
async fn delete_runs_without_set(
    catalog: &Catalog,
    run: &Run,
    sets: &[BackupSet],
    keep: &Keep,
    now: Timestamp,
) -> Result<()> {
    let known: Vec<&str> = sets
        .iter()
        .map(|set| set.id.as_str())
        .chain([run.id.as_str()])
        .collect();
    for id in retention::forgettable(&catalog.runs(&run.deployment).await?, &known, keep, now) {
        // The list skips a set that cannot be read: its run stays with it.
        match catalog.set(&run.deployment, &id).await {
            Ok(None) => catalog.delete_run(&run.deployment, &id).await?,
            Err(error) if error.class() != Class::Final => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Fails a set of another run that is still `running`: this run has the lease, so that one is no longer running.
async fn fail_if_lost(catalog: &Catalog, run: &Run, set: &mut BackupSet, now: Timestamp) -> Result<()> {
    if set.status != SetStatus::Running || set.execution == run.execution {
        return Ok(());
    }
    let reason = Reason {
        subject: "backup".to_owned(),
        error: "Unavailable".to_owned(),
        message: format!("its execution {} ended without closing the set", set.execution),
    };
    catalog.fail_set(&run.deployment, &set.id, &[reason], now).await?;
    if let Some(found) = catalog.set(&run.deployment, &set.id).await? {
        *set = found;
    }
    Ok(())
}

/// Deletes a set's recovery points, then its records. Returns whether everything is deleted.
async fn expire(needs: &Needs, run: &Run, set: &BackupSet, reason: &ExpireReason) -> Result<bool> {
    let catalog = &needs.catalog;
    catalog.expire_set(&run.deployment, &set.id).await?;
    let mut left = 0;
    let mut transient = None;
    for point in catalog.points(&run.deployment, &set.id).await? {
        match delete(needs, set, &point).await {
            Ok(Deletion::Gone) => catalog.delete_point(&run.deployment, &point).await?,
            // Accepted, or not possible yet: the next run tries again.
            Ok(Deletion::Underway) => left += 1,
            Ok(Deletion::Protected(why)) => {
                left += 1;
                let error = Error::AccessDenied(format!(
                    "deleting the backup of {} in set {}: it is protected: {why}. It stays until the protection is lifted",
                    point.resource.name, set.id
                ));
                catalog
                    .warn_run(&run.deployment, &run.id, warning(&set.id, &error))
                    .await?;
            }
            Err(error) => match error.class() {
                Class::Transient => transient = transient.or(Some(error)),
                Class::Waiting => left += 1,
                Class::Final => {
                    left += 1;
                    catalog
                        .warn_run(&run.deployment, &run.id, warning(&set.id, &error))
                        .await?;
                }
            },
        }
    }
    if let Some(error) = transient {
        return Err(error);
    }
    if left > 0 {
        return Ok(false);
    }
    catalog.delete_set(&run.deployment, &set.id).await?;
    catalog.delete_run(&run.deployment, &set.id).await?;
    tracing::info!(deployment = %run.deployment, set = %set.id, %reason, "deleted");
    Ok(true)
}

/// Deletes one recovery point, on behalf of the run that created it. One that was not recorded is searched for, in case the run
/// ended right after starting it. If there is none, the point counts as deleted.
async fn delete(needs: &Needs, set: &BackupSet, point: &Point) -> Result<Deletion> {
    let creator = Run {
        deployment: set.deployment.clone(),
        id: set.id.clone(),
        execution: set.execution.clone(),
        started_at: set.started_at,
    };
    let kind = needs.kinds.of(&point.resource.target);
    let recovery_point = match &point.recovery_point {
        Some(recovery_point) => Some(recovery_point.clone()),
        None => kind.find(&creator, &point.resource).await?,
    };
    match recovery_point {
        Some(recovery_point) => kind.delete(&creator, &recovery_point).await,
        None => Ok(Deletion::Gone),
    }
}

fn warning(set: &str, error: &Error) -> Reason {
    Reason {
        subject: format!("set {set}"),
        error: error.name().to_owned(),
        message: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
