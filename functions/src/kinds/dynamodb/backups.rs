//! Table backups as DynamoDB lists and describes them.

use aws_sdk_dynamodb::types::{BackupDescription, BackupStatus, BackupSummary};
use aws_smithy_types::DateTime;

use super::{DynamoDb, KIND};
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::domain::resource::RecoveryPoint;
use crate::domain::table_archive::StoredArchive;
use crate::error::Result;
use crate::kinds::shared::{since, wrong_point};

impl DynamoDb {
    /// The table's backups of that name created since the run started. There are several if a response was lost and the list
    /// lagged.
    pub(super) async fn find_named(&self, run: &Run, table: &str, name: &str) -> Result<Vec<BackupSummary>> {
        let mut found: Vec<BackupSummary> = Vec::new();
        let mut after = None;
        loop {
            let page = self
                .dynamodb
                .list_backups()
                .table_name(table)
                .time_range_lower_bound(since(run))
                .set_exclusive_start_backup_arn(after)
                .send()
                .await
                .map_err(|error| failure("listing the backups of table", table, error))?;
            found.extend(page.backup_summaries.unwrap_or_default().into_iter().filter(|backup| {
                backup.backup_name() == Some(name) && backup.backup_status() != Some(&BackupStatus::Deleted)
            }));
            after = page.last_evaluated_backup_arn;
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    /// The earliest of them: its time is the closest to the other resources'.
    pub(super) async fn find_earliest(&self, run: &Run, table: &str, name: &str) -> Result<Option<BackupSummary>> {
        let found = self.find_named(run, table, name).await?;
        Ok(found
            .into_iter()
            .min_by_key(|backup| backup.backup_creation_date_time().map(DateTime::as_nanos)))
    }

    pub(super) async fn find_backup(&self, arn: &str) -> Result<Option<BackupDescription>> {
        match self.dynamodb.describe_backup().backup_arn(arn).send().await {
            Ok(found) => Ok(found.backup_description),
            Err(error) if code(&error) == Some("BackupNotFoundException") => Ok(None),
            Err(error) => Err(failure("describing table backup", arn, error)),
        }
    }
}

/// ARN, name, and the archive that was written with it.
pub fn parts(point: &RecoveryPoint) -> Result<(&str, &str, Option<&StoredArchive>)> {
    match point {
        RecoveryPoint::TableBackup { arn, name, archive } => Ok((arn, name, archive.as_ref())),
        _ => Err(wrong_point(KIND, point)),
    }
}
