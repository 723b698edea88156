//! Finds tables by name, and identifies this restore's table by its tags or by the source that it was restored from.

use aws_sdk_dynamodb::types::{TableDescription, TableStatus};
use serde_json::Value;

use super::{DynamoDb, capture};
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::restore::item::{CreatedResource, RestoreItem};
use crate::domain::restore::plan::{Destination, Source};
use crate::error::{Error, Result};
use crate::kinds::ownership::Ownership;
use crate::kinds::shared::since;

impl DynamoDb {
    /// `None` for a table that does not exist.
    pub(super) async fn find_table(&self, table: &str) -> Result<Option<TableDescription>> {
        match self.dynamodb.describe_table().table_name(table).send().await {
            Ok(found) => Ok(found.table),
            Err(error) if code(&error) == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(failure("describing table", table, error)),
        }
    }

    /// Whether the run created a table: it carries the restore's tags, or, as long as it has no tags of Holdfast, DynamoDB reports
    /// that it was restored from the planned source since the run began. A table that is being created may not report that yet.
    pub(super) async fn ownership(&self, run: &Run, item: &RestoreItem, table: &TableDescription) -> Result<Ownership> {
        let arn = table.table_arn().unwrap_or_default();
        let tags = match capture::tags(&self.dynamodb, arn).await {
            Ok(tags) => tags,
            // DynamoDB's tag API may not know a table yet that is already described.
            Err(Error::NotFound(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        let value = |wanted: &str| tags.iter().find(|tag| tag["Key"] == wanted).map(|tag| &tag["Value"]);
        let ours = names::restore_tags(&run.deployment, &run.id, &item.planned.resource.name);
        let is_ours = |ours: bool| if ours { Ownership::Ours } else { Ownership::Foreign };
        if value(names::TAG_RESTORE).is_some() {
            let all = ours
                .iter()
                .all(|(key, text)| value(key) == Some(&Value::from(text.as_str())));
            return Ok(is_ours(all));
        }
        let creating = table.table_status() == Some(&TableStatus::Creating);
        let new = table
            .creation_date_time()
            .map_or(creating, |created| created.as_nanos() >= since(run).as_nanos());
        if new && creating && table.restore_summary().is_none() {
            return Ok(Ownership::Untagged);
        }
        Ok(is_ours(new && is_restored_from(table, &item.planned.source)))
    }
}

/// Whether DynamoDB reports that a table was restored from `source`.
fn is_restored_from(table: &TableDescription, source: &Source) -> bool {
    let Some(restore) = table.restore_summary() else {
        return false;
    };
    match source {
        Source::TableBackup { arn } => restore.source_backup_arn() == Some(arn),
        Source::TableAt { table, at } => {
            let source = restore.source_table_arn().and_then(|arn| arn.rsplit_once(":table/"));
            source.is_some_and(|(_, name)| name == table)
                && (restore.restore_date_time().secs() - at.as_second()).abs() <= 1
        }
        _ => false,
    }
}

pub fn created_resource(target: &str, table: &TableDescription) -> CreatedResource {
    CreatedResource::Table {
        table: target.to_owned(),
        arn: table.table_arn().unwrap_or_default().to_owned(),
    }
}

/// The copy's name in the plan.
pub fn target(item: &RestoreItem) -> Result<&str> {
    match &item.planned.destination {
        Destination::Table { table } => Ok(table),
        other => Err(Error::invalid(
            format!("resources.{}.beside", item.planned.resource.name),
            format!("{other:?}"),
            "a table, which is what a table is restored into",
        )),
    }
}
