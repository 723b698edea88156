//! Restores a table: into a new table, which then gets the settings that a restore does not restore, one after another. Every call
//! describes the copy and applies what is still missing, so a repeated call finds nothing to do.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{IndexStatus, TableDescription, TableStatus};
use serde_json::Value;

use super::tables::{created_resource, target};
use super::{DynamoDb, compare, creation, preflight, sample, table, undo};
use crate::domain::job::Run;
use crate::domain::resource::Resource;
use crate::domain::restore::item::{RestoreItem, RestoreProgress, UndoProgress};
use crate::domain::restore::verdict::Check;
use crate::domain::set::Sample;
use crate::error::{Error, Result};
use crate::kinds::ownership::Ownership;
use crate::kinds::{Preflight, Restore, part};

#[async_trait]
impl Restore for DynamoDb {
    async fn preflight(&self, run: &Run, item: &RestoreItem) -> Result<Preflight> {
        preflight::check(self, run, item).await
    }

    async fn advance(&self, run: &Run, item: &RestoreItem) -> Result<RestoreProgress> {
        let target = target(item)?;
        let Some(described) = self.find_table(target).await? else {
            return self.create(item, target).await;
        };
        match self.ownership(run, item, &described).await? {
            Ownership::Ours => {}
            Ownership::Untagged => {
                return Ok(RestoreProgress::InProgress {
                    stage: Some(COPYING),
                    phase: format!("table {target} is being created, and does not show yet what it is restored from"),
                    percent: None,
                    made: None,
                });
            }
            Ownership::Foreign => {
                return Err(Error::Conflict(format!(
                    "restoring {}: there is a table {target} that this restore did not create. Choose another suffix or name, \
                     or remove that table, then start a new restore",
                    item.planned.resource.name
                )));
            }
        }
        match table_state(&described) {
            TableState::Ready => self.configure(run, item, target, &described).await,
            TableState::Underway(stage, phase) => {
                self.ensure_marked(run, item, &described).await?;
                Ok(RestoreProgress::InProgress {
                    stage,
                    phase,
                    percent: None,
                    made: Some(created_resource(target, &described)),
                })
            }
            TableState::Ended(reason) => Ok(RestoreProgress::Failed { reason }),
        }
    }

    async fn undo(&self, run: &Run, item: &RestoreItem) -> Result<UndoProgress> {
        undo::undo(self, run, item).await
    }

    async fn compare(&self, _: &Run, item: &RestoreItem, at_rest: bool) -> Result<Vec<Check>> {
        compare::compare(self, item, at_rest).await
    }

    async fn sample(&self, resource: &Resource, _: &Value) -> Result<Option<Sample>> {
        sample::sample(&self.dynamodb, table(resource)?).await
    }
}

impl DynamoDb {
    async fn create(&self, item: &RestoreItem, target: &str) -> Result<RestoreProgress> {
        let overrides = creation::overrides(&self.kms, part(&item.configuration, "Table")).await?;
        let accepted = creation::create(&self.dynamodb, &item.planned.source, target, overrides).await?;
        // If a table exists after all, the next poll checks its owner.
        let phase = if accepted {
            "is being restored"
        } else {
            "is there, but is not yet described"
        };
        Ok(RestoreProgress::InProgress {
            stage: Some(COPYING),
            phase: format!("table {target} {phase}"),
            percent: None,
            made: None,
        })
    }
}

/// The stage in which DynamoDB creates the copy.
const COPYING: &str = "copying";

/// The state of the copy.
enum TableState {
    Ready,
    /// In progress at a stage (`None`: as before), as text.
    Underway(Option<&'static str>, String),
    Ended(String),
}

fn table_state(table: &TableDescription) -> TableState {
    let name = table.table_name().unwrap_or_default();
    let restoring = table
        .restore_summary()
        .is_some_and(|restore| restore.restore_in_progress());
    let index = table.global_secondary_indexes().iter().find(|index| {
        index
            .index_status()
            .is_some_and(|status| *status != IndexStatus::Active)
    });
    match table.table_status() {
        Some(TableStatus::Active) if restoring => {
            TableState::Underway(Some(COPYING), format!("table {name} is being filled"))
        }
        Some(TableStatus::Active) => match index.and_then(|index| index.index_name()) {
            Some(index) => TableState::Underway(
                Some("indexes"),
                format!("index {index} of table {name} is being created"),
            ),
            None => TableState::Ready,
        },
        Some(
            status @ (TableStatus::Archiving | TableStatus::Archived | TableStatus::InaccessibleEncryptionCredentials),
        ) => TableState::Ended(format!(
            "the status of table {name} is {}: check its KMS key, then start a new restore",
            status.as_str()
        )),
        Some(TableStatus::Updating) => TableState::Underway(None, format!("table {name} is UPDATING")),
        Some(status) => TableState::Underway(Some(COPYING), format!("table {name} is {}", status.as_str())),
        None => TableState::Underway(Some(COPYING), format!("table {name} is not yet described")),
    }
}
