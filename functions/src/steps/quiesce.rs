//! `quiesce`: runs the hooks that bring the application to rest, in order.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, RunMilestone};
use crate::domain::descriptor::Hook;
use crate::domain::hooks::HookPhase;
use crate::domain::job::{JobStatus, Run};
use crate::domain::set::Reason;
use crate::error::{Error, Result};
use crate::hooks::{HookProgress, did_not_begin};
use crate::runs::closing::ended_error;
use crate::runs::hooks::{Advance, HookLog};
pub use crate::runs::needs::HookNeeds as Needs;
use crate::runs::resuming::by_hand_of;

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
    /// In progress until every hook has quiesced.
    pub status: JobStatus,
    /// Seconds until the next call; only while in progress.
    pub wait_seconds: Option<u64>,
    /// Names of the hooks that have quiesced so far.
    pub quiesced: Vec<String>,
}

/// Called until its status is `succeeded`. Stopping an execution does not stop a function in flight. Before and after every hook, this
/// one checks whether its run has ended or resumed; if so, it resumes what it quiesced, whether or not the clean-up has already done
/// that.
///
/// # Errors
/// `Conflict` for a run that has ended; a hook's own.
pub async fn handle(needs: &Needs, Input { run, now }: Input) -> Result<Output> {
    let catalog = &needs.catalog;
    if is_over(catalog, &run).await? {
        return Err(ended_error(&run, DOING));
    }
    let descriptor = catalog.planned_by(&run).await?;
    let mut log = HookLog::of(catalog, &needs.hooks, &run, now).await?;
    let mut begun: Vec<&Hook> = Vec::new();
    let mut quiesced = Vec::new();
    for hook in &descriptor.hooks.quiesce {
        if is_over(catalog, &run).await? {
            return Err(resume_begun_hooks(&mut log, catalog, &run, &begun, now).await?);
        }
        // Recorded before the call: a hook that fails half-way is resumed too.
        let new = log.begin(hook, HookPhase::Quiesce).await?;
        catalog
            .mark_run(&run.deployment, &run.id, RunMilestone::Quiesced, now)
            .await?;
        begun.push(hook);
        if log.is_settled(hook) {
            quiesced.push(hook.name.clone());
            continue;
        }
        let ran = log.act(hook).await;
        if new && ran.as_ref().is_err_and(did_not_begin) {
            begun.pop();
            log.forget(hook).await?;
        }
        if is_over(catalog, &run).await? {
            return Err(resume_begun_hooks(&mut log, catalog, &run, &begun, now).await?);
        }
        if let Advance::InProgress(wait_seconds) = ran? {
            return Ok(Output {
                status: JobStatus::InProgress,
                wait_seconds: Some(wait_seconds),
                quiesced,
            });
        }
        tracing::info!(deployment = %run.deployment, set = %run.id, hook = %hook.name, "quiesced");
        quiesced.push(hook.name.clone());
    }
    Ok(Output {
        status: JobStatus::Succeeded,
        wait_seconds: None,
        quiesced,
    })
}

async fn is_over(catalog: &Catalog, run: &Run) -> Result<bool> {
    let record = catalog.run(&run.deployment, &run.id).await?;
    Ok(record.is_some_and(|record| record.ended_at.is_some() || record.resumed_at.is_some()))
}

/// Resumes hooks in reverse, and returns the error to end with. This step does not run again: a hook that fails is retried a few
/// times, and then is a warning on the run; so is one whose undo takes longer than this call.
async fn resume_begun_hooks(
    log: &mut HookLog<'_>,
    catalog: &Catalog,
    run: &Run,
    begun: &[&Hook],
    now: Timestamp,
) -> Result<Error> {
    let (mut failures, mut by_hand) = (Vec::new(), Vec::new());
    for hook in begun.iter().rev() {
        if let Err(error) = undo_with_retries(log, hook).await {
            failures.push(error);
            by_hand.push(by_hand_of(log, hook));
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
            "resuming {}: {}. The application may still be at rest: resume it by hand: {}. {DOING}",
            run.deployment,
            failures.join("; "),
            by_hand.join("; ")
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

/// # Errors
/// What went wrong, or what it still waits for.
async fn undo_with_retries(log: &mut HookLog<'_>, hook: &Hook) -> std::result::Result<(), String> {
    let mut last = Ok(());
    for _ in 0..TRIES {
        last = match log.undo(hook).await {
            Ok(HookProgress::Done) => return Ok(()),
            Ok(HookProgress::InProgress(what)) => {
                return Err(format!("hook {} began to resume, and waits for {what}", hook.name));
            }
            Err(error) => Err(error.to_string()),
        };
    }
    last
}

#[cfg(test)]
mod tests;
