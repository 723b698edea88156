//! What a hook that failed means: it is tried again, ends the run, or is a warning.

use super::{Advance, HookLog};
use crate::domain::descriptor::Hook;
use crate::domain::hooks::{self, HookRecord};
use crate::domain::set::Reason;
use crate::error::{Class, Error, Result};
use crate::hooks::did_not_begin;

/// Seconds until a hook that failed is begun again.
const RETRY_SECONDS: u64 = 10;

/// As the state machines retry the steps that carry out hooks.
const TRANSIENT_RETRIES: u32 = 1;
const WAITING_RETRIES: u32 = 9;

impl HookLog<'_> {
    /// A failure is tried again, ends the run, or is a warning.
    pub(super) async fn fail(&mut self, hook: &Hook, record: &HookRecord, error: Error) -> Result<Advance> {
        let text = error.to_string();
        let again = record.failures < hook.retries && !did_not_begin(&error);
        self.change(hook, |record, now| {
            record.failures += 1;
            record.error = Some(text.clone());
            if again {
                record.begun_at = now;
            }
        })
        .await?;
        if again {
            return Ok(Advance::InProgress(RETRY_SECONDS));
        }
        if !hook.continues() {
            return Err(error);
        }
        // Of several calls one may have had its effect before another was refused.
        let is_one_call = !hooks::of(&hook.action).is_polled();
        let is_first = record.failures + record.postponed == 0;
        let did_nothing = is_one_call && is_first && did_not_begin(&error);
        self.pass_over(hook, &error, did_nothing).await
    }

    /// The step is tried again, as often as its state machine does; then a hook that may fail has failed.
    pub(super) async fn postpone(&mut self, hook: &Hook, record: &HookRecord, error: Error) -> Result<Advance> {
        let retries = match error.class() {
            Class::Waiting => WAITING_RETRIES,
            Class::Transient | Class::Final => TRANSIENT_RETRIES,
        };
        if !hook.continues() {
            return Err(error);
        }
        self.change(hook, |record, _| record.postponed += 1).await?;
        match record.postponed < retries {
            true => Err(error),
            false => self.pass_over(hook, &error, false).await,
        }
    }

    /// Records that the hook has failed and the run continues.
    pub(super) async fn pass_over(&mut self, hook: &Hook, error: &Error, did_nothing: bool) -> Result<Advance> {
        let text = error.to_string();
        self.change(hook, |record, now| {
            record.done_at = Some(now);
            record.error = Some(text.clone());
            record.did_nothing = did_nothing;
        })
        .await?;
        let warning = Reason {
            subject: format!("hook {}", hook.name),
            error: error.name().to_owned(),
            message: format!("{error}. The run continued, as its `on_failure` says"),
        };
        self.catalog
            .warn_run(&self.run.deployment, &self.run.id, warning)
            .await?;
        Ok(Advance::Done)
    }
}
