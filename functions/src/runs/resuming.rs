//! Resumes an application: for `resume`, and for `clean-up` when a run never reached it.

use jiff::Timestamp;

use crate::catalog::{Catalog, RunMilestone};
use crate::domain::job::Run;
use crate::error::{Error, Result};
use crate::hooks::Hooks;

/// If the run quiesced and has not resumed yet, runs its hooks in reverse; returns their names.
///
/// # Errors
/// `Unavailable` with every hook that failed, after all were tried: a quiesced application is always worth another try.
pub async fn resume(catalog: &Catalog, hooks: &Hooks, run: &Run, now: Timestamp) -> Result<Vec<String>> {
    let record = catalog.run(&run.deployment, &run.id).await?;
    let Some(record) = record.filter(|record| record.rested_at().is_some() && record.resumed_at.is_none()) else {
        return Ok(Vec::new());
    };
    let descriptor = catalog.planned_by(run).await?;
    let (mut resumed, mut failures) = (Vec::new(), Vec::new());
    let begun = descriptor.hooks.iter().filter(|hook| record.has_begun(&hook.name));
    for hook in begun.rev() {
        match hooks.resume(hook, run).await {
            Ok(()) => resumed.push(hook.name.clone()),
            Err(error) => failures.push(error.to_string()),
        }
    }
    if !failures.is_empty() {
        return Err(Error::Unavailable(format!(
            "resuming {}: {}. The application may still be at rest: resume it by hand if this continues",
            run.deployment,
            failures.join("; ")
        )));
    }
    tracing::info!(deployment = %run.deployment, set = %run.id, hooks = resumed.len(), "resumed");
    catalog
        .mark_run(&run.deployment, &run.id, RunMilestone::Resumed, now)
        .await?;
    Ok(resumed)
}
