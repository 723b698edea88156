//! Resumes an application: for `resume`, and for `clean-up` when a run never reached it.

use jiff::Timestamp;

use super::hooks::{HookLog, Progress, follow_cut_over};
use crate::catalog::Catalog;
use crate::domain::descriptor::{Descriptor, Hook};
use crate::domain::hooks::quiesced_window;
use crate::domain::hooks::{self, HookPhase, hook_wait};
use crate::domain::job::Run;
use crate::domain::set::RunRecord;
use crate::error::{Error, Result};
use crate::hooks::Hooks;

/// How far an application is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resumed {
    /// It was not quiesced, or has already resumed.
    Nothing,
    /// By these hooks.
    Done(Vec<String>),
    InProgress {
        /// What it waits for, one entry each.
        what: Vec<String>,
        wait_seconds: u64,
    },
}

/// If the run quiesced and has not resumed yet, runs the hooks that resume and looks at what they were to turn on, or undoes those that
/// quiesced, in reverse; called until it is `Done`. Each is tried, whatever the others did.
///
/// # Errors
/// `Unavailable` with every hook that failed, and what to do by hand instead: a quiesced application is always worth another try.
pub async fn resume(catalog: &Catalog, hooks: &Hooks, run: &Run, now: Timestamp) -> Result<Resumed> {
    let record = catalog.run(&run.deployment, &run.id).await?;
    let Some(record) = record.filter(|record| record.rested_at().is_some() && record.resumed_at.is_none()) else {
        return Ok(Resumed::Nothing);
    };
    let mut descriptor = catalog.planned_by(run).await?;
    follow_cut_over(catalog, run, &mut descriptor.hooks).await?;
    let mut log = HookLog::of(catalog, hooks, run, now).await?;
    let (mut resumed, mut waiting, mut failures, mut by_hand) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut wait_seconds = 30;
    for (hook, way) in resuming(&descriptor, &record) {
        // What the resume hooks were to turn on shows once all of them have ended.
        if way == Way::Seeing && !(waiting.is_empty() && failures.is_empty()) {
            continue;
        }
        let ended = match way {
            Way::Undoing if log.find(hook).is_some_and(|record| record.undone_at.is_some()) => Ok(Progress::Done),
            Way::Undoing => log.undo(hook).await,
            Way::Acting => act(&mut log, hook).await,
            Way::Seeing => log.see_resumed(hook).await,
        };
        match ended {
            Ok(Progress::Done) if way == Way::Seeing => {}
            Ok(Progress::Done) => resumed.push(hook.name.clone()),
            Ok(Progress::WaitsFor(what)) => {
                let since = log.find(hook).and_then(|record| record.undo_begun_at).unwrap_or(now);
                wait_seconds = wait_seconds.min(hook_wait(since, now));
                waiting.push(what);
            }
            Err(error) => {
                failures.push(error.to_string());
                by_hand.push(by_hand_of(&log, hook));
            }
        }
    }
    if !failures.is_empty() {
        return Err(Error::Unavailable(format!(
            "resuming {}: {}. The application may still be at rest. If this continues, resume it by hand: {}",
            run.deployment,
            failures.join("; "),
            by_hand.join("; ")
        )));
    }
    if !waiting.is_empty() {
        return Ok(Resumed::InProgress {
            what: waiting,
            wait_seconds,
        });
    }
    if !log.mark_resumed(&descriptor.hooks).await? {
        return Ok(Resumed::InProgress {
            what: vec!["a step that was still quiescing".to_owned()],
            wait_seconds: 1,
        });
    }
    tracing::info!(deployment = %run.deployment, set = %run.id, hooks = resumed.len(), "resumed");
    Ok(Resumed::Done(resumed))
}

/// As [`resume`], but called until the application has resumed, or for `patience` seconds: for a step that no state machine calls
/// again. `wait` waits for a number of seconds.
///
/// # Errors
/// As `resume`.
pub async fn resume_patiently(
    (catalog, hooks): (&Catalog, &Hooks),
    run: &Run,
    begun: Timestamp,
    patience: u64,
    wait: impl AsyncFn(u64),
) -> Result<Resumed> {
    let mut waited = 0;
    loop {
        let now = quiesced_window::end(begun, waited);
        match resume(catalog, hooks, run, now).await? {
            Resumed::InProgress { wait_seconds, .. } if waited < patience => {
                wait(wait_seconds).await;
                waited += wait_seconds;
            }
            ended => return Ok(ended),
        }
    }
}

/// How a hook takes part in resuming.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// What it quiesced is undone.
    Undoing,
    /// It is a hook of the list `resume`.
    Acting,
    /// What it turned off is looked at: hooks of the list `resume` were to turn it on again.
    Seeing,
}

/// What resumes, in order.
fn resuming<'a>(descriptor: &'a Descriptor, record: &RunRecord) -> Vec<(&'a Hook, Way)> {
    let lists = &descriptor.hooks;
    // A record from before hooks were recorded does not say which began.
    let begun = |hook: &&Hook| record.hooks.is_none() || record.quiescing_hooks().any(|begun| begun.name == hook.name);
    let quiesced = |way: Way| lists.quiesce.iter().rev().filter(begun).map(move |hook| (hook, way));
    match lists.resume.is_empty() {
        true => quiesced(Way::Undoing).collect(),
        false => {
            let acting = lists.resume.iter().map(|hook| (hook, Way::Acting));
            acting.chain(quiesced(Way::Seeing)).collect()
        }
    }
}

async fn act(log: &mut HookLog<'_>, hook: &Hook) -> Result<Progress> {
    if log.is_settled(hook) {
        return Ok(Progress::Done);
    }
    log.begin(hook, HookPhase::Resume).await?;
    log.act(hook).await.map(|advance| advance.progress(hook))
}

/// How a person resumes what a hook did not, as part of a sentence.
pub fn by_hand_of(log: &HookLog<'_>, hook: &Hook) -> String {
    let before = log.find(hook).map(|record| record.before.clone()).unwrap_or_default();
    hooks::of(&hook.action).undo_by_hand(&hook.action, &before)
}
