//! A guard restores nothing: it checks that what existed at backup still exists, and reports what changed since.

use async_trait::async_trait;
use serde_json::Value;

use super::{KIND, Secret};
use crate::domain::job::Run;
use crate::domain::resource::{RecoveryPoint, Resource};
use crate::domain::restore::item::{RestoreItem, RestoreProgress, UndoProgress};
use crate::domain::restore::verdict::Check;
use crate::domain::set::Sample;
use crate::error::{Error, Result};
use crate::kinds::shared::versions;
use crate::kinds::{Preflight, Restore, guards};

impl Secret {
    /// Why a recorded secret cannot be read by its ARN any more; `None` if it can.
    pub(in crate::kinds) async fn lost_secret(&self, point: &RecoveryPoint) -> Result<Option<String>> {
        for version in versions(KIND, point)?.0 {
            let arn = &version.name;
            match self.describe(arn).await {
                Ok((described, _)) if described.deleted_date().is_none() => {}
                Ok(_) => {
                    return Ok(Some(format!(
                        "secret {arn} is scheduled for deletion. Restore it: aws secretsmanager restore-secret --secret-id {arn}"
                    )));
                }
                Err(Error::NotFound(_)) => {
                    return Ok(Some(format!(
                        "secret {arn} is not there any more: it was deleted, or created again under another ARN"
                    )));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

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
