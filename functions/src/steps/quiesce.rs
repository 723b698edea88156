//! `quiesce`: runs the hooks that bring the application to rest, in order.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, RunMilestone};
use crate::domain::descriptor::Hook;
use crate::domain::job::Run;
use crate::domain::set::Reason;
use crate::error::{Error, Result};
use crate::hooks::did_not_begin;
use crate::runs::closing::ended_error;
pub use crate::runs::needs::HookNeeds as Needs;

const DOING: &str = "quiescing";

/// Attempts to resume each hook of a run that has ended.
const TRIES: usize = 3;

#[derive(Debug, Deserialize)]
pub struct Input {
    pub run: Run,
    pub now: Timestamp,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Output {
    /// Names of the hooks that ran.
    pub quiesced: Vec<String>,
}

/// Stopping an execution does not stop a function in flight. Before and after every hook, this one checks whether its run has
/// ended or resumed; if so, it resumes what it quiesced, whether or not the clean-up has already done that.
///
/// # Errors
/// `Conflict` for a run that has ended; a hook's own.
pub async fn handle(needs: &Needs, Input { run, now }: Input) -> Result<Output> {
    let catalog = &needs.catalog;
    if is_over(catalog, &run).await? {
        return Err(ended_error(&run, DOING));
    }
    let descriptor = catalog.planned_by(&run).await?;
    let mut begun = catalog
        .run(&run.deployment, &run.id)
        .await?
        .and_then(|record| record.hooks_begun)
        .unwrap_or_default();
    let mut called: Vec<&Hook> = Vec::new();
    for hook in &descriptor.hooks {
        if is_over(catalog, &run).await? {
            return Err(resume_begun_hooks(needs, &run, &called, now).await?);
        }
        called.push(hook);
        // Recorded before the call: a hook that fails half-way is resumed too.
        let new = !begun.contains(&hook.name);
        if new {
            begun.push(hook.name.clone());
            catalog.note_hooks(&run.deployment, &run.id, &begun).await?;
        }
        catalog
            .mark_run(&run.deployment, &run.id, RunMilestone::Quiesced, now)
            .await?;
        let ran = needs.hooks.quiesce(hook, &run).await;
        if new && ran.as_ref().is_err_and(did_not_begin) {
            called.pop();
            begun.pop();
            catalog.note_hooks(&run.deployment, &run.id, &begun).await?;
        }
        if is_over(catalog, &run).await? {
            return Err(resume_begun_hooks(needs, &run, &called, now).await?);
        }
        ran?;
        tracing::info!(deployment = %run.deployment, set = %run.id, hook = %hook.name, "quiesced");
    }
    let quiesced = called.iter().map(|hook| hook.name.clone()).collect();
    Ok(Output { quiesced })
}

async fn is_over(catalog: &Catalog, run: &Run) -> Result<bool> {
    let record = catalog.run(&run.deployment, &run.id).await?;
    Ok(record.is_some_and(|record| record.ended_at.is_some() || record.resumed_at.is_some()))
}

/// Resumes hooks in reverse, and returns the error to end with. This step does not run again: a hook that fails is retried a few
/// times, and then is a warning on the run.
async fn resume_begun_hooks(needs: &Needs, run: &Run, called: &[&Hook], now: Timestamp) -> Result<Error> {
    let catalog = &needs.catalog;
    let mut failures = Vec::new();
    for hook in called.iter().rev() {
        if let Err(error) = resume_with_retries(needs, hook, run).await {
            failures.push(error.to_string());
        }
    }
    if failures.is_empty() {
        catalog
            .mark_run(&run.deployment, &run.id, RunMilestone::Resumed, now)
            .await?;
        return Ok(ended_error(run, DOING));
    }
    let error = ended_error(
        run,
        &format!(
            "resuming {}: {}. The application may still be at rest: resume it by hand. {DOING}",
            run.deployment,
            failures.join("; ")
        ),
    );
    let warning = Reason {
        subject: "Quiesce".to_owned(),
        error: error.name().to_owned(),
        message: error.to_string(),
    };
    catalog.warn_run(&run.deployment, &run.id, warning).await?;
    Ok(error)
}

async fn resume_with_retries(needs: &Needs, hook: &Hook, run: &Run) -> Result<()> {
    let mut last = Ok(());
    for _ in 0..TRIES {
        last = needs.hooks.resume(hook, run).await;
        if last.is_ok() {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests;
