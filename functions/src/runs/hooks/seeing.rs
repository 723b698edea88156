//! Looks whether an application has resumed by others than the hook that brought it to rest.

use serde_json::Value;

use super::{HookLog, Progress, is_late, late};
use crate::domain::descriptor::Hook;
use crate::domain::hooks;
use crate::error::{Class, Result};

impl HookLog<'_> {
    /// Whether what a hook turned off is on again, for `resume` hooks that were to see to that. Of a hook that does not know what it
    /// turned off, such as a request to a server, nothing can be seen.
    ///
    /// # Errors
    /// If it is still off after the hook's `timeout`; if it cannot be looked at.
    pub async fn see_resumed(&mut self, hook: &Hook) -> Result<Progress> {
        let Some(record) = self.find(hook).filter(|record| record.is_at_rest()).cloned() else {
            return Ok(Progress::Done);
        };
        if record.before.is_null() {
            return Ok(Progress::Done);
        }
        let begun_at = record.undo_begun_at.unwrap_or(self.now);
        let outcome = match self.hooks.observe(hook).await {
            Ok(seen) if is_on(hook, &record.before, &seen) => Ok(Progress::Done),
            Ok(_) if is_late(hook, begun_at, self.now) => Err(late(hook, WAITED_FOR)),
            Ok(_) => Ok(Progress::WaitsFor(format!("{WAITED_FOR} (hook {})", hook.name))),
            Err(error) => Err(error),
        };
        let is_on = matches!(outcome, Ok(Progress::Done));
        let failed = outcome.as_ref().err().filter(|error| error.class() == Class::Final);
        let error = failed.map(ToString::to_string);
        self.change(hook, |record, now| {
            record.undo_begun_at = Some(begun_at);
            record.undone_at = is_on.then_some(now);
            record.undo_failed = error.is_some();
            if error.is_some() {
                record.error.clone_from(&error);
            }
        })
        .await?;
        outcome
    }
}

/// What is waited for.
const WAITED_FOR: &str = "what it turned off to be on again";

/// Whether nothing that the hook turned off is still off. What does not exist any more is not off.
fn is_on(hook: &Hook, before: &Value, seen: &Value) -> bool {
    let kind = hooks::of(&hook.action);
    kind.is_gone(seen) || kind.before_rest(&hook.action, before, seen.clone()) == *seen
}
