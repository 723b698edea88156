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

/// Tries to bring back a hook of a run that has ended.
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

/// Stopping an execution stops no function in flight: so this one looks before and after every hook whether its run has
/// ended or resumed, and then brings back what it brought to rest, whatever the clean-up has brought back before.
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
    let mut asked: Vec<&Hook> = Vec::new();
    for hook in &descriptor.hooks {
        if is_over(catalog, &run).await? {
            return Err(resume_begun_hooks(needs, &run, &asked, now).await?);
        }
        asked.push(hook);
        // Noted before it is called: one that fails half-way is resumed too.
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
            asked.pop();
            begun.pop();
            catalog.note_hooks(&run.deployment, &run.id, &begun).await?;
        }
        if is_over(catalog, &run).await? {
            return Err(resume_begun_hooks(needs, &run, &asked, now).await?);
        }
        ran?;
        tracing::info!(deployment = %run.deployment, set = %run.id, hook = %hook.name, "quiesced");
    }
    let quiesced = asked.iter().map(|hook| hook.name.clone()).collect();
    Ok(Output { quiesced })
}

async fn is_over(catalog: &Catalog, run: &Run) -> Result<bool> {
    let record = catalog.run(&run.deployment, &run.id).await?;
    Ok(record.is_some_and(|record| record.ended_at.is_some() || record.resumed_at.is_some()))
}

/// Resumes hooks in reverse, and answers the error to end with. Nobody runs this step again: a hook that fails has a few
/// tries, and is then a warning on the run.
async fn resume_begun_hooks(needs: &Needs, run: &Run, asked: &[&Hook], now: Timestamp) -> Result<Error> {
    let catalog = &needs.catalog;
    let mut failures = Vec::new();
    for hook in asked.iter().rev() {
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
            "bringing back {}: {}. The application may still be at rest: bring it back by hand. {DOING}",
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
