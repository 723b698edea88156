//! The record of a run's hooks, which two steps may change at once.

use jiff::Timestamp;

use super::HookLog;
use crate::domain::descriptor::{Hook, HookLists};
use crate::domain::hooks::HookRecord;
use crate::error::{Error, Result};

/// Attempts to change the record while another step changes it: a step of a stopped execution and its clean-up, for example.
const TRIES: usize = 5;

impl HookLog<'_> {
    /// Records that the application has resumed, unless a step that was still quiescing has recorded something of the hooks since
    /// they were read, or has begun one that is not undone. Whether it is recorded; if not, the hooks are read again.
    pub async fn mark_resumed(&mut self, lists: &HookLists) -> Result<bool> {
        let is_undone = lists.resume.is_empty();
        if is_undone && self.stored.iter().flatten().any(HookRecord::is_at_rest) {
            return Ok(false);
        }
        let (deployment, id) = (&self.run.deployment, &self.run.id);
        let marked = self
            .catalog
            .mark_resumed(deployment, id, self.stored.as_deref(), self.now)
            .await?;
        if !marked {
            let record = self.catalog.run(deployment, id).await?;
            self.stored = record.and_then(|record| record.hooks);
        }
        Ok(marked)
    }

    pub(super) async fn change(&mut self, hook: &Hook, change: impl Fn(&mut HookRecord, Timestamp)) -> Result<()> {
        let now = self.now;
        self.save(|records| {
            if let Some(record) = records.iter_mut().find(|record| record.name == hook.name) {
                change(record, now);
            }
        })
        .await
    }

    /// Changes the record, also while another step changes it: `change` may run more than once, each time on what is stored.
    pub(super) async fn save(&mut self, change: impl Fn(&mut Vec<HookRecord>)) -> Result<()> {
        let (deployment, id) = (&self.run.deployment, &self.run.id);
        for _ in 0..TRIES {
            let mut changed = self.stored.clone().unwrap_or_default();
            change(&mut changed);
            // A run without a record of hooks keeps none: an empty one would say that no hook has begun.
            if changed == self.stored.as_deref().unwrap_or_default() {
                return Ok(());
            }
            let saved = self
                .catalog
                .note_hooks(deployment, id, self.stored.as_deref(), &changed)
                .await?;
            if !saved {
                let Some(record) = self.catalog.run(deployment, id).await? else {
                    return Ok(());
                };
                self.stored = record.hooks;
            }
            // Also if the response of an earlier attempt was lost.
            if saved || self.stored.as_ref() == Some(&changed) {
                self.stored = Some(changed);
                return Ok(());
            }
        }
        Err(Error::Unavailable(format!(
            "recording the hooks of run {id}: its record keeps changing; it is tried again"
        )))
    }
}
