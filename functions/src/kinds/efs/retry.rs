//! A restore job that failed because another job of AWS Backup was running is started again once that job has ended, until the
//! deadline.

use super::plan::FileSystemPlan;
use super::restore_jobs::{self, Job};
use super::{Efs, recovery_points};
use crate::domain::job::Run;
use crate::domain::restore::item::RestoreProgress;
use crate::error::Result;

/// The token is derived from the blocked job: a repeated call starts no second job.
pub async fn start_again(efs: &Efs, run: &Run, plan: &FileSystemPlan<'_>, job: &Job) -> Result<RestoreProgress> {
    // An earlier call may have started it, and ended before it recorded it.
    if let Some(id) = restore_jobs::find(efs, run, plan).await?
        && let Some(again) = restore_jobs::find_by_id(efs, &id).await?
    {
        return Ok(started(plan, job, &id, &again));
    }
    let mut others = restore_jobs::under_way(efs, plan.source).await?;
    others.extend(recovery_points::unfinished_of(efs, run, plan.source).await?);
    if !others.is_empty() {
        // If it is started while the other still runs, it would only be blocked again.
        return Ok(RestoreProgress::InProgress {
            stage: Some("copying"),
            phase: format!(
                "restore job {} ended {}; it is started again when {} ended",
                job.id,
                job.words,
                has_or_have(&others)
            ),
            percent: None,
            made: Some(plan.created_resource(&job.id, None, None)),
        });
    }
    let id = restore_jobs::start(efs, run, plan, &format!("restore after {}", job.id)).await?;
    let Some(again) = restore_jobs::find_by_id(efs, &id).await? else {
        return Err(restore_jobs::not_shown(plan, &id));
    };
    again.ensure_ours(plan)?;
    tracing::info!(restore = %run.id, file_system = plan.source, blocked = %job.id, job = %id, "started again");
    Ok(started(plan, job, &id, &again))
}

fn started(plan: &FileSystemPlan<'_>, blocked: &Job, id: &str, again: &Job) -> RestoreProgress {
    RestoreProgress::InProgress {
        stage: Some("copying"),
        phase: format!("restore job {id}, in the place of {}, is {}", blocked.id, again.words),
        percent: again.percent,
        made: Some(plan.created_resource(id, again.created(), None)),
    }
}

fn has_or_have(jobs: &[String]) -> String {
    match jobs {
        [one] => format!("job {one} has"),
        several => format!("jobs {} have", several.join(", ")),
    }
}
