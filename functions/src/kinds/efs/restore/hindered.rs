//! A restore job that another job of AWS Backup was in the way of is started again once that has ended, until the deadline.

use super::jobs::{self, Job};
use super::{Efs, Order};
use crate::domain::job::Run;
use crate::domain::restore::item::Advance;
use crate::error::Result;
use crate::kinds::efs::finding;

/// The token follows from the job that was hindered: a second call starts no second job.
pub async fn start_again(efs: &Efs, run: &Run, order: &Order<'_>, job: &Job) -> Result<Advance> {
    let mut others = jobs::under_way(efs, order.source).await?;
    others.extend(finding::under_way_of(efs, run, order.source).await?);
    if !others.is_empty() {
        // Started while the other still runs, it would only be in the way again.
        return Ok(Advance::InProgress {
            stage: Some("copying"),
            phase: format!(
                "restore job {} ended {}; it is started again when {} ended",
                job.id,
                job.words,
                has_or_have(&others)
            ),
            percent: None,
            made: Some(order.made(&job.id, None, None)),
        });
    }
    let id = jobs::start(efs, run, order, &format!("restore after {}", job.id)).await?;
    let Some(again) = jobs::look(efs, &id).await? else {
        return Err(jobs::not_shown(order, &id));
    };
    again.see_ours(order)?;
    tracing::info!(restore = %run.id, file_system = order.source, hindered = %job.id, job = %id, "started again");
    Ok(Advance::InProgress {
        stage: Some("copying"),
        phase: format!("restore job {id}, in the place of {}, is {}", job.id, again.words),
        percent: again.percent,
        made: Some(order.made(&id, again.created(), None)),
    })
}

fn has_or_have(jobs: &[String]) -> String {
    match jobs {
        [one] => format!("job {one} has"),
        several => format!("jobs {} have", several.join(", ")),
    }
}
