//! `quiesce`: runs the hooks that bring the application to rest, in order.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, RunMilestone};
use crate::domain::descriptor::{Hook, HookLists};
use crate::domain::hooks::{self, HookPhase, quiesced_window};
use crate::domain::job::{JobStatus, Run};
use crate::domain::set::Reason;
use crate::error::{Error, Result};
use crate::hooks::did_not_begin;
use crate::runs::closing::ended_error;
use crate::runs::hooks::{Advance, HookLog, Progress, follow_cut_over};
pub use crate::runs::needs::HookNeeds as Needs;
use crate::runs::resuming::by_hand_of;
use crate::runtime;

const DOING: &str = "quiescing";

/// Attempts to resume each hook of a run that has ended.
const TRIES: usize = 3;
/// For how long the hooks of a run that has ended are waited for, each, and between two looks; the function ends after 890 seconds.
const PATIENCE_SECONDS: u64 = 240;
const LOOK_SECONDS: u64 = 2;
/// Between two looks at an earlier run that still resumes the application.
const EARLIER_RUN_SECONDS: u64 = 10;

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
    let mut descriptor = catalog.planned_by(&run).await?;
    follow_cut_over(catalog, &run, &mut descriptor.hooks).await?;
    if let Some(limit) = quiesced_limit(catalog, &run, descriptor.hooks.max_quiesced_seconds).await?
        && now >= limit
    {
        return Err(Error::DeadlineExceeded(format!(
            "{DOING}: not all hooks have quiesced the application within `max_quiesced` of {} s, and it resumes. Look at what the \
             hooks wait for, or give `max_quiesced` more time in the descriptor",
            descriptor.hooks.max_quiesced_seconds
        )));
    }
    let mut log = HookLog::of(catalog, &needs.hooks, &run, now).await?;
    let mut quiesced = Vec::new();
    let has_begun = descriptor.hooks.quiesce.iter().any(|hook| log.find(hook).is_some());
    if !has_begun && let Some(wait_seconds) = wait_for_earlier_runs(catalog, &run, now).await? {
        return Ok(Output {
            status: JobStatus::InProgress,
            wait_seconds: Some(wait_seconds),
            quiesced,
        });
    }
    for hook in &descriptor.hooks.quiesce {
        if is_over(catalog, &run).await? {
            return Err(resume_again(&mut log, catalog, &run, &descriptor.hooks).await?);
        }
        // Recorded before the call: a hook that fails half-way is resumed too.
        let new = log.begin(hook, HookPhase::Quiesce).await?;
        catalog
            .mark_run(&run.deployment, &run.id, RunMilestone::Quiesced, now)
            .await?;
        if log.did_nothing(hook) {
            continue;
        }
        if log.is_settled(hook) {
            quiesced.push(hook.name.clone());
            continue;
        }
        // Now that the hook is recorded: the clean-up of a run that ends from here on undoes it, too.
        if is_over(catalog, &run).await? {
            return Err(resume_again(&mut log, catalog, &run, &descriptor.hooks).await?);
        }
        let ran = log.act(hook).await;
        // One of several calls may have had its effect before another was refused.
        let is_one_call = !hooks::of(&hook.action).is_polled();
        if new && is_one_call && ran.as_ref().is_err_and(did_not_begin) {
            log.forget(hook).await?;
        }
        if is_over(catalog, &run).await? {
            return Err(resume_again(&mut log, catalog, &run, &descriptor.hooks).await?);
        }
        if let Advance::InProgress(wait_seconds) = ran? {
            return Ok(Output {
                status: JobStatus::InProgress,
                wait_seconds: Some(wait_seconds),
                quiesced,
            });
        }
        if log.did_nothing(hook) {
            continue;
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

/// Seconds until the next look at an earlier run that may still be resuming the application: its undo would resume what this run
/// brings to rest. `None` if there is none.
async fn wait_for_earlier_runs(catalog: &Catalog, run: &Run, now: Timestamp) -> Result<Option<u64>> {
    let until = hooks::resumes_until(&catalog.runs(&run.deployment).await?, &run.id);
    Ok(until.filter(|until| *until > now).map(|until| {
        tracing::info!(deployment = %run.deployment, set = %run.id, %until, "an earlier run still resumes the application");
        EARLIER_RUN_SECONDS
    }))
}

/// Until when a backup may keep the application quiesced; `None` if it is not quiesced yet, and for a restore.
async fn quiesced_limit(catalog: &Catalog, run: &Run, longest: u64) -> Result<Option<Timestamp>> {
    let record = catalog.run(&run.deployment, &run.id).await?;
    let backup = record.filter(|record| record.purpose.is_backup());
    let since = backup.and_then(|record| record.rested_at());
    Ok(since.map(|since| quiesced_window::end(since, longest)))
}

/// Whether the run has ended, or the application resumes or has resumed: what this step does from now on, nobody else undoes.
async fn is_over(catalog: &Catalog, run: &Run) -> Result<bool> {
    let record = catalog.run(&run.deployment, &run.id).await?;
    Ok(record.is_some_and(|record| record.ended_at.is_some() || record.resumes()))
}

/// Resumes what has begun, or runs the hooks that resume, and returns the error to end with. This step does not run again: a hook that
/// fails is retried a few times, and then is a warning on the run; one that takes time is waited for.
async fn resume_again(log: &mut HookLog<'_>, catalog: &Catalog, run: &Run, lists: &HookLists) -> Result<Error> {
    let mut lists = lists.clone();
    follow_cut_over(catalog, run, &mut lists).await?;
    let lists = &lists;
    // Also those that began in earlier calls: after this, nobody resumes them.
    let begun = |hook: &&Hook| log.find(hook).is_some_and(|record| !record.did_nothing);
    let begun: Vec<&Hook> = lists.quiesce.iter().rev().filter(begun).collect();
    let resuming: Vec<(&Hook, bool)> = match lists.resume.is_empty() || begun.is_empty() {
        true => begun.into_iter().map(|hook| (hook, true)).collect(),
        false => lists.resume.iter().map(|hook| (hook, false)).collect(),
    };
    let (mut failures, mut by_hand) = (Vec::new(), Vec::new());
    for (hook, undo) in resuming {
        if let Err(error) = resume_with_retries(log, hook, undo).await {
            failures.push(error);
            by_hand.push(by_hand_of(log, hook));
        }
    }
    if failures.is_empty() {
        // If the clean-up has changed the record meanwhile, it is still resuming, and marks it.
        log.mark_resumed(lists).await?;
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
async fn resume_with_retries(log: &mut HookLog<'_>, hook: &Hook, undo: bool) -> std::result::Result<(), String> {
    let (mut tries, mut waited) = (0, 0);
    // The clean-up may have run it before what it resumes had its effect.
    let mut ready = undo;
    loop {
        let progress = match ready {
            true if undo => log.undo(hook).await,
            true => log.act(hook).await.map(|advance| advance.progress(hook)),
            false => log.begin_again(hook, HookPhase::Resume).await.map(|()| {
                ready = true;
                Progress::WaitsFor(format!("hook {}", hook.name))
            }),
        };
        match progress {
            Ok(Progress::Done) => return Ok(()),
            Ok(Progress::WaitsFor(what)) if waited >= PATIENCE_SECONDS => {
                return Err(format!("hook {} began to resume, and waits for {what}", hook.name));
            }
            // No state machine waits for this step any more.
            Ok(Progress::WaitsFor(_)) => {
                runtime::wait(LOOK_SECONDS).await;
                waited += LOOK_SECONDS;
            }
            Err(error) => {
                tries += 1;
                if tries == TRIES {
                    return Err(error.to_string());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
