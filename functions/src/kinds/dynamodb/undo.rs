//! Deletes the copy of a table that a restore created, and nothing else.

use aws_sdk_dynamodb::types::{
    PointInTimeRecoverySpecification, PointInTimeRecoveryStatus, TableDescription, TableStatus,
};

use super::DynamoDb;
use super::capture::scalable;
use super::tables::target;
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::domain::restore::item::{RestoreItem, UndoProgress};
use crate::error::{Error, Result};
use crate::kinds::auto_scaling;
use crate::kinds::auto_scaling::{Namespace, targets};
use crate::kinds::ownership::Ownership;

/// Removes the copy's scaling, recovery and protection, then the copy. A table that is being restored cannot be deleted: this waits
/// for it. A table under the planned name that is not this restore's is left in place.
pub async fn undo(dynamodb: &DynamoDb, run: &Run, item: &RestoreItem) -> Result<UndoProgress> {
    let target = target(item)?;
    let Some(table) = dynamodb.find_table(target).await? else {
        return Ok(UndoProgress::Gone);
    };
    let underway = |what: &str| Ok(UndoProgress::Underway(format!("table {target} {what}")));
    if table.table_status() == Some(&TableStatus::Deleting) {
        return underway("is being deleted");
    }
    match dynamodb.ownership(run, item, &table).await? {
        Ownership::Ours => {}
        Ownership::Untagged => return underway("is being created, and does not show yet what it is restored from"),
        Ownership::Foreign => {
            tracing::warn!(table = target, restore = %run.id, "left in place: this restore did not create it");
            return Ok(UndoProgress::Gone);
        }
    }
    let restoring = table
        .restore_summary()
        .is_some_and(|restore| restore.restore_in_progress());
    if restoring || table.table_status() == Some(&TableStatus::Creating) {
        return underway("is still being restored, and can only be deleted then");
    }
    match remove(dynamodb, target, &table).await {
        Ok(()) if dynamodb.find_table(target).await?.is_none() => Ok(UndoProgress::Gone),
        Ok(()) => underway("is being deleted"),
        Err(Error::NotReady(_)) => underway("is busy, and can only be deleted then"),
        Err(Error::AccessDenied(reason)) => Ok(UndoProgress::Remains(format!("table {target}: {reason}"))),
        Err(error) => Err(error),
    }
}

async fn remove(dynamodb: &DynamoDb, target: &str, table: &TableDescription) -> Result<()> {
    let scaled = scalable(target, Some(table));
    let targets = targets(&dynamodb.autoscaling, Namespace::DynamoDb, &scaled, target).await?;
    for target in &targets {
        auto_scaling::restore::deregister(&dynamodb.autoscaling, target).await?;
    }
    disable_point_in_time_recovery(dynamodb, target).await?;
    let client = &dynamodb.dynamodb;
    if table.deletion_protection_enabled() == Some(true) {
        let call = client
            .update_table()
            .table_name(target)
            .deletion_protection_enabled(false);
        call.send()
            .await
            .map_err(|error| failure("disabling deletion protection of table", target, error))?;
    }
    match client.delete_table().table_name(target).send().await {
        Ok(_) => Ok(()),
        Err(error) if code(&error) == Some("ResourceNotFoundException") => Ok(()),
        Err(error) => Err(failure("deleting table", target, error)),
    }
}

/// A table that is deleted with point-in-time recovery on leaves a `SYSTEM` backup for 35 days that no one can delete.
async fn disable_point_in_time_recovery(dynamodb: &DynamoDb, target: &str) -> Result<()> {
    let client = &dynamodb.dynamodb;
    let described = client.describe_continuous_backups().table_name(target).send().await;
    let described = described.map_err(|error| failure("describing the continuous backups of table", target, error))?;
    let status = described
        .continuous_backups_description()
        .and_then(|backups| backups.point_in_time_recovery_description())
        .and_then(|recovery| recovery.point_in_time_recovery_status());
    if status != Some(&PointInTimeRecoveryStatus::Enabled) {
        return Ok(());
    }
    let off = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(false)
        .build()
        .map_err(|error| Error::Unavailable(format!("disabling recovery of table {target}: {error}")))?;
    let call = client.update_continuous_backups().table_name(target);
    let call = call.point_in_time_recovery_specification(off);
    let switched = call.send().await;
    switched
        .map(|_| ())
        .map_err(|error| failure("disabling point-in-time recovery of table", target, error))
}
