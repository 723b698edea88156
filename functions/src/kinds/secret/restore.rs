//! A guard restores nothing: it checks that what existed at backup still exists, and reports what changed since.

use async_trait::async_trait;
use serde_json::Value;

use super::Secret;
use crate::domain::job::Run;
use crate::domain::resource::Resource;
use crate::domain::restore::item::{RestoreItem, RestoreProgress, UndoProgress};
use crate::domain::restore::verdict::Check;
use crate::domain::set::Sample;
use crate::error::Result;
use crate::kinds::{Preflight, Restore, guards};

#[async_trait]
impl Restore for Secret {
    async fn preflight(&self, run: &Run, item: &RestoreItem) -> Result<Preflight> {
        let now = guards::read(self, run, item).await?;
        guards::preflight(guards::SECRET, item, now)
    }

    async fn advance(&self, _: &Run, item: &RestoreItem) -> Result<RestoreProgress> {
        guards::restore(item)
    }

    async fn undo(&self, _: &Run, item: &RestoreItem) -> Result<UndoProgress> {
        guards::undo(item)
    }

    async fn compare(&self, run: &Run, item: &RestoreItem, _: bool) -> Result<Vec<Check>> {
        let now = guards::read(self, run, item).await?;
        guards::compare(guards::SECRET, item, now)
    }

    async fn sample(&self, _: &Resource, _: &Value) -> Result<Option<Sample>> {
        Ok(None)
    }
}
