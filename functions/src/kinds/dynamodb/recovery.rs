//! What DynamoDB can restore a table from now: its point-in-time recovery, or the `SYSTEM` backup that was created when it was
//! deleted.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{BackupStatus, BackupSummary, BackupTypeFilter, PointInTimeRecoveryStatus};
use jiff::Timestamp;
use serde_json::Value;

use super::{DynamoDb, KIND};
use crate::aws::{code, failure};
use crate::domain;
use crate::domain::job::Run;
use crate::domain::resource::{Resource, Target};
use crate::domain::restore::naming::{Naming, Overrides};
use crate::domain::restore::plan::{Destination, Source};
use crate::domain::restore::retained_backups::{ContinuousBackup, RetainedBackup, RetainedBackups, newest};
use crate::domain::restore::set_selection::RecoveryWindow;
use crate::error::Result;
use crate::kinds::shared::wrong_target_of;
use crate::kinds::{Recovery, timestamp};

/// Longest name of a table.
const LONGEST: usize = 255;

#[async_trait]
impl Recovery for DynamoDb {
    async fn exists(&self, target: &Target) -> Result<bool> {
        match target {
            Target::DynamoDb { table, .. } => self.has_table(table).await,
            Target::DynamodbPrefix { .. } => Ok(true),
            other => Err(wrong_target_of(KIND, other)),
        }
    }

    async fn continuous_backup(&self, target: &Target) -> Result<Option<ContinuousBackup>> {
        match target {
            Target::DynamoDb { table, .. } => self.point_in_time(table).await,
            Target::DynamodbPrefix { .. } => Ok(None),
            other => Err(wrong_target_of(KIND, other)),
        }
    }

    async fn retained_backups(&self, _: &str, target: &Target, before: Option<Timestamp>) -> Result<RetainedBackups> {
        let found = match target {
            Target::DynamoDb { table, .. } => vec![(table.clone(), self.kept_of(table, before).await?)],
            Target::DynamodbPrefix { prefix, .. } => self.kept_under(prefix, before).await?,
            other => return Err(wrong_target_of(KIND, other)),
        };
        Ok(RetainedBackups::Found(found))
    }

    async fn destination(&self, _: &Run, resource: &Resource, naming: &Naming<'_>) -> Result<Destination> {
        match &resource.target {
            Target::DynamoDb { table, .. } => Ok(Destination::Table {
                table: naming.of_copy(table, LONGEST),
            }),
            Target::DynamodbPrefix { .. } => Ok(Destination::Nothing),
            other => Err(wrong_target_of(KIND, other)),
        }
    }

    fn overridden(&self, configuration: Value, _: &Overrides<'_>) -> Value {
        configuration
    }
}

impl DynamoDb {
    async fn has_table(&self, table: &str) -> Result<bool> {
        match self.dynamodb.describe_table().table_name(table).send().await {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some("ResourceNotFoundException") => Ok(false),
            Err(error) => Err(failure("describing table", table, error)),
        }
    }

    /// `None` if there is no such table, or its recovery is off.
    async fn point_in_time(&self, table: &str) -> Result<Option<ContinuousBackup>> {
        let call = self.dynamodb.describe_continuous_backups().table_name(table);
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) if code(&error) == Some("TableNotFoundException") => return Ok(None),
            Err(error) => return Err(failure("describing the continuous backups of table", table, error)),
        };
        let recovery = answer
            .continuous_backups_description()
            .and_then(|backups| backups.point_in_time_recovery_description())
            .filter(|recovery| recovery.point_in_time_recovery_status() == Some(&PointInTimeRecoveryStatus::Enabled));
        Ok(recovery.and_then(|recovery| {
            let window = RecoveryWindow {
                earliest: recovery.earliest_restorable_date_time().and_then(timestamp)?,
                latest: recovery.latest_restorable_date_time().and_then(timestamp)?,
            };
            Some(ContinuousBackup {
                source: Source::TableAt {
                    table: table.to_owned(),
                    at: window.latest,
                },
                window,
            })
        }))
    }

    /// For a table that was not deleted, its own point-in-time recovery.
    async fn kept_of(
        &self,
        table: &str,
        before: Option<Timestamp>,
    ) -> Result<std::result::Result<RetainedBackup, String>> {
        let backups = self.system_backups(table).await?.into_iter();
        let backups = backups.filter(|(name, _)| name == table).map(|(_, backup)| backup);
        if let Some(newest) = newest(backups, before) {
            return Ok(Ok(newest));
        }
        if !self.has_table(table).await? {
            return Ok(Err(needed(before)));
        }
        let continuous = self.point_in_time(table).await?;
        Ok(continuous
            .and_then(|continuous| continuous.newest(&domain::kinds::dynamodb::DynamoDb, before))
            .ok_or_else(|| "point-in-time recovery of the table, which is off or does not reach that far".to_owned()))
    }

    async fn kept_under(
        &self,
        prefix: &str,
        before: Option<Timestamp>,
    ) -> Result<Vec<(String, std::result::Result<RetainedBackup, String>)>> {
        let backups = self.system_backups(prefix).await?;
        let tables: BTreeSet<&String> = backups.iter().map(|(table, _)| table).collect();
        let of = |table: &String| {
            let of_table = backups.iter().filter(|(name, _)| name == table);
            let newest = newest(of_table.map(|(_, backup)| backup.clone()), before);
            (table.clone(), newest.ok_or_else(|| needed(before)))
        };
        Ok(tables.into_iter().map(of).collect())
    }

    /// The backups that DynamoDB created of deleted tables whose names begin with `prefix`, each with its table's name.
    async fn system_backups(&self, prefix: &str) -> Result<Vec<(String, RetainedBackup)>> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self
                .dynamodb
                .list_backups()
                .backup_type(BackupTypeFilter::System)
                .set_exclusive_start_backup_arn(after)
                .send()
                .await
                .map_err(|error| failure("listing the system backups of tables that begin with", prefix, error))?;
            let backups = page.backup_summaries().iter();
            found.extend(backups.filter_map(|backup| system_backup(prefix, backup)));
            after = page.last_evaluated_backup_arn;
            if after.is_none() {
                return Ok(found);
            }
        }
    }
}

fn needed(before: Option<Timestamp>) -> String {
    let until = before.map(|before| format!(" from before {before}"));
    format!("a SYSTEM backup of the deleted table{}", until.unwrap_or_default())
}

fn system_backup(prefix: &str, backup: &BackupSummary) -> Option<(String, RetainedBackup)> {
    let table = backup.table_name()?;
    if !table.starts_with(prefix) || backup.backup_status() != Some(&BackupStatus::Available) {
        return None;
    }
    let found = RetainedBackup {
        source: Source::TableBackup {
            arn: backup.backup_arn()?.to_owned(),
        },
        captured_at: backup.backup_creation_date_time().and_then(timestamp)?,
        size_bytes: backup.backup_size_bytes().and_then(|size| u64::try_from(size).ok()),
    };
    Some((table.to_owned(), found))
}
