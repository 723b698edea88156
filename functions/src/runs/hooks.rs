//! Advances the hooks of a run, and records each before and after: what was there, when it began, how it ended.

mod failing;
mod saving;
mod seeing;

use jiff::Timestamp;
use serde_json::Value;

use crate::catalog::Catalog;
use crate::domain::descriptor::{Hook, HookLists};
use crate::domain::hooks::{self, HookPhase, HookRecord, hook_wait, last_seen, left_at_rest};
use crate::domain::job::Run;
use crate::error::{Class, Error, Result};
use crate::hooks::{Call, HookProgress, Hooks};

/// How far the hooks of a phase are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advance {
    Done,
    /// Seconds until the next look.
    InProgress(u64),
}

impl Advance {
    /// As what is waited for, where this hook is.
    pub fn progress(&self, hook: &Hook) -> Progress {
        match self {
            Advance::Done => Progress::Done,
            Advance::InProgress(_) => Progress::WaitsFor(format!("hook {}", hook.name)),
        }
    }
}

/// How far a hook, or its undo, is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    Done,
    /// As in [`HookProgress::InProgress`].
    WaitsFor(String),
}

/// The hooks of a run, as its record has them.
pub struct HookLog<'a> {
    catalog: &'a Catalog,
    hooks: &'a Hooks,
    run: &'a Run,
    now: Timestamp,
    /// As in the catalog; `None` if the run has no record of hooks.
    stored: Option<Vec<HookRecord>>,
}

/// Lets the hooks of a planned descriptor act on what the application uses today, which a cut-over has changed since.
///
/// # Errors
/// If the catalog cannot be read. Where the deployment is no longer registered, all stays as planned.
pub async fn follow_cut_over(catalog: &Catalog, run: &Run, lists: &mut HookLists) -> Result<()> {
    if !lists.has_places() {
        return Ok(());
    }
    match catalog.descriptor(&run.deployment).await {
        Ok(today) => lists.follow(&today.hooks),
        Err(error) if error.class() == Class::Final => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// How often an undo that fails is begun again, in addition to the hook's own retries, before it has failed for good.
const UNDO_RETRIES: u32 = 5;

/// How often a hook may note something in one call of a step.
const MOST_NOTES: usize = 4;

impl<'a> HookLog<'a> {
    /// # Errors
    /// If the catalog cannot be read.
    pub async fn of(catalog: &'a Catalog, hooks: &'a Hooks, run: &'a Run, now: Timestamp) -> Result<Self> {
        let record = catalog.run(&run.deployment, &run.id).await?;
        Ok(Self {
            catalog,
            hooks,
            run,
            now,
            stored: record.and_then(|record| record.hooks),
        })
    }

    pub fn find(&self, hook: &Hook) -> Option<&HookRecord> {
        self.stored.iter().flatten().find(|record| record.name == hook.name)
    }

    /// Whether the hook has done its work, or failed for good where that is no failure of the run.
    pub fn is_settled(&self, hook: &Hook) -> bool {
        self.find(hook).is_some_and(|record| record.done_at.is_some())
    }

    /// Whether it failed before it changed anything, and the run continued.
    pub fn did_nothing(&self, hook: &Hook) -> bool {
        self.find(hook).is_some_and(|record| record.did_nothing)
    }

    /// Records the hook with what it finds, before it changes anything. Whether it is new.
    ///
    /// # Errors
    /// If what is there cannot be read: the hook has not begun.
    pub async fn begin(&mut self, hook: &Hook, phase: HookPhase) -> Result<bool> {
        if self.find(hook).is_some() {
            return Ok(false);
        }
        let (before, failed) = match self.observe(hook, phase).await {
            Ok(before) => (before, None),
            Err(error) if error.class() == Class::Final && hook.continues() => (Value::Null, Some(error)),
            Err(error) => return Err(error),
        };
        let new = HookRecord {
            by_hand: by_hand(hook, phase, &before),
            ..HookRecord::begun(&hook.name, phase, before, self.now)
        };
        self.save(|records| {
            // What another call of this step recorded was there before the hook changed anything.
            if !records.iter().any(|record| record.name == new.name) {
                records.push(new.clone());
            }
        })
        .await?;
        if let Some(error) = failed {
            self.pass_over(hook, &error, true).await?;
        }
        Ok(true)
    }

    /// What is there before the hook changes anything. What an earlier run left at rest is not what is normal.
    async fn observe(&self, hook: &Hook, phase: HookPhase) -> Result<Value> {
        let seen = self.hooks.observe(hook).await?;
        if seen.is_null() || phase != HookPhase::Quiesce {
            return Ok(seen);
        }
        let (catalog, deployment) = (self.catalog, &self.run.deployment);
        let runs = catalog.runs(deployment).await?;
        let kind = hooks::of(&hook.action);
        if kind.is_gone(&seen) {
            let last = last_seen(&runs, &self.run.id, hook);
            return Ok(last.map_or(seen, |last| kind.as_gone(last)));
        }
        let Some((earlier, record)) = left_at_rest(&runs, &self.run.id, &hook.name) else {
            return Ok(seen);
        };
        let descriptor = catalog.described_by(deployment, &earlier.id).await?;
        let then = descriptor.iter().flat_map(|descriptor| &descriptor.hooks.quiesce);
        let is_same = then
            .into_iter()
            .any(|then| then.name == hook.name && then.action == hook.action);
        Ok(match is_same {
            true => kind.before_rest(&hook.action, &record.before, seen),
            false => seen,
        })
    }

    /// Records the hook as begun now, whether or not it was carried out before.
    ///
    /// # Errors
    /// As [`HookLog::begin`].
    pub async fn begin_again(&mut self, hook: &Hook, phase: HookPhase) -> Result<()> {
        if self.begin(hook, phase).await? {
            return Ok(());
        }
        self.change(hook, |record, now| {
            record.failures += 1;
            record.begun_at = now;
            record.done_at = None;
        })
        .await
    }

    /// Removes a hook from the record that certainly did nothing.
    pub async fn forget(&mut self, hook: &Hook) -> Result<()> {
        self.save(|records| records.retain(|record| record.name != hook.name))
            .await
    }

    /// Does the hook's work, or looks how far it is, and records the outcome.
    ///
    /// # Errors
    /// The hook's own, once its retries are used up and the run is to stop; every error that is worth a retry of the step.
    pub async fn act(&mut self, hook: &Hook) -> Result<Advance> {
        let Some(record) = self.find(hook).cloned() else {
            return Err(Error::NotFound(format!(
                "carrying out hook {}: it was not recorded",
                hook.name
            )));
        };
        let failed = match self.called(hook, &record, false).await? {
            Ok(Progress::Done) => {
                self.change(hook, |record, now| {
                    record.done_at = Some(now);
                    record.error = None;
                })
                .await?;
                return Ok(Advance::Done);
            }
            Ok(Progress::WaitsFor(what)) if !is_late(hook, record.begun_at, self.now) => {
                tracing::info!(hook = %hook.name, waits_for = %what, "in progress");
                return Ok(Advance::InProgress(hook_wait(record.begun_at, self.now)));
            }
            Ok(Progress::WaitsFor(what)) => late(hook, &what),
            Err(error) if error.class() != Class::Final => return self.postpone(hook, &record, error).await,
            Err(error) => error,
        };
        self.fail(hook, &record, failed).await
    }

    /// Undoes the hook's work, or looks how far that is, and records the outcome.
    ///
    /// # Errors
    /// The hook's own.
    pub async fn undo(&mut self, hook: &Hook) -> Result<Progress> {
        if let Some(record) = self.find(hook)
            && record.undo_begun_at.is_some()
            && record.failures > hook.retries + UNDO_RETRIES
        {
            let error = record.error.clone().unwrap_or_default();
            let failures = record.failures;
            return Err(Error::JobFailed(format!(
                "{error}. It failed {failures} times, and is not begun again"
            )));
        }
        self.change(hook, |record, now| {
            record.undo_begun_at.get_or_insert(now);
            record.undo_failed = false;
        })
        .await?;
        let record = self
            .find(hook)
            .cloned()
            .unwrap_or_else(|| HookRecord::begun(&hook.name, HookPhase::Quiesce, Value::Null, self.now));
        let begun_at = record.undo_begun_at.unwrap_or(self.now);
        let undone = match self.called(hook, &record, true).await? {
            Ok(Progress::WaitsFor(what)) if is_late(hook, begun_at, self.now) => Err(late(hook, &what)),
            undone => undone,
        };
        match &undone {
            Ok(Progress::Done) => self.change(hook, |record, now| record.undone_at = Some(now)).await?,
            Ok(Progress::WaitsFor(_)) => {}
            Err(error) => {
                let text = error.to_string();
                let failed = matches!(error, Error::JobFailed(_));
                let is_final = error.class() == Class::Final;
                self.change(hook, |record, _| {
                    record.failures += u32::from(failed);
                    if is_final {
                        record.undo_failed = true;
                        record.error = Some(text.clone());
                    }
                })
                .await?;
            }
        }
        undone
    }

    /// Calls the hook, and again whenever it noted something and that is recorded.
    ///
    /// # Errors
    /// If a note cannot be recorded: the hook's own error is inside.
    async fn called(&mut self, hook: &Hook, record: &HookRecord, undo: bool) -> Result<Result<Progress>> {
        let mut record = record.clone();
        for _ in 0..=MOST_NOTES {
            let call = Call {
                hook,
                run: self.run,
                phase: record.phase,
                before: &record.before,
                attempt: record.failures,
                noted: &record.noted,
                undo_noted: &record.undo_noted,
                is_working: record.done_at.is_none() && !is_late(hook, record.begun_at, self.now),
            };
            let progress = match undo {
                true => self.hooks.undo(call).await,
                false => self.hooks.act(call).await,
            };
            let noted = match progress {
                Ok(HookProgress::Done) => return Ok(Ok(Progress::Done)),
                Ok(HookProgress::InProgress(what)) => return Ok(Ok(Progress::WaitsFor(what))),
                Ok(HookProgress::Noted(noted)) => noted,
                Err(error) => return Ok(Err(error)),
            };
            let note = |record: &mut HookRecord| match undo {
                true => record.undo_noted = noted.clone(),
                false => record.noted = noted.clone(),
            };
            self.change(hook, |record, _| note(record)).await?;
            note(&mut record);
        }
        Ok(Err(Error::JobFailed(format!(
            "carrying out hook {}: it noted more than {MOST_NOTES} times what it is about to do. That is a fault of Holdfast",
            hook.name
        ))))
    }
}

/// How a person resumes what the hook brings to rest, or what it is there to resume.
fn by_hand(hook: &Hook, phase: HookPhase, before: &Value) -> String {
    let kind = hooks::of(&hook.action);
    match phase {
        HookPhase::Quiesce if !kind.has_undo(&hook.action) => String::new(),
        HookPhase::Quiesce | HookPhase::Resume => kind.undo_by_hand(&hook.action, before),
        HookPhase::AfterRestore => String::new(),
    }
}

fn is_late(hook: &Hook, begun_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(begun_at).as_secs() >= i64::try_from(hook.timeout_seconds).unwrap_or(i64::MAX)
}

fn late(hook: &Hook, what: &str) -> Error {
    Error::DeadlineExceeded(format!(
        "carrying out hook {}: it still waits for {what} after its `timeout` of {} s. Check it in AWS, or give the hook a longer \
         `timeout` in the descriptor",
        hook.name, hook.timeout_seconds
    ))
}

#[cfg(test)]
mod tests;
