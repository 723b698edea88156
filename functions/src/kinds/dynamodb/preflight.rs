//! Finds what would fail a table's restore, before anything is changed.

use aws_sdk_dynamodb::types::{BackupDescription, BackupStatus, BackupType, PointInTimeRecoveryStatus};
use jiff::Timestamp;

use super::DynamoDb;
use super::remarks::remarks;
use super::tables::target;
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan::Source;
use crate::error::{Fault, Result};
use crate::kinds::keys;
use crate::kinds::ownership::Ownership;
use crate::kinds::shared::timestamp;
use crate::kinds::{Preflight, fault, part};

/// Checks the source, the captured key and the target's name.
pub async fn check(dynamodb: &DynamoDb, run: &Run, item: &RestoreItem) -> Result<Preflight> {
    let name = &item.planned.resource.name;
    let target = target(item)?;
    let mut preflight = Preflight {
        remarks: remarks(&item.configuration, target),
        ..Preflight::default()
    };
    match &item.planned.source {
        Source::TableBackup { arn } => check_backup(dynamodb, name, arn, &mut preflight).await?,
        Source::TableAt { table, at } => check_window(dynamodb, name, table, *at, &mut preflight).await?,
        other => preflight.faults.push(Fault {
            path: format!("resources.{name}.source"),
            value: format!("{other:?}"),
            allowed: "a table's backup or a point in time".to_owned(),
        }),
    }
    let key = part(&item.configuration, "Table")["SSEDescription"]["KMSMasterKeyArn"].as_str();
    if let Some(key) = key
        && let Err(error) = keys::ensure_usable(&dynamodb.kms, run, key, &format!("table {target}")).await
    {
        let path = format!("resources.{name}.kms_key");
        preflight.faults.push(fault(&path, key, error)?);
    }
    let path = format!("resources.{name}.target");
    if !is_table_name(target) {
        preflight.faults.push(Fault {
            path,
            value: target.to_owned(),
            allowed: "a table name: 3 to 255 letters, digits, underscores, dots and hyphens. Choose another suffix or \
                      name"
                .to_owned(),
        });
    } else if let Some(there) = dynamodb.find_table(target).await?
        && dynamodb.ownership(run, item, &there).await? != Ownership::Ours
    {
        preflight.faults.push(Fault {
            path,
            value: target.to_owned(),
            allowed: "a name that no table has yet. Choose another suffix or name".to_owned(),
        });
    }
    Ok(preflight)
}

async fn check_backup(dynamodb: &DynamoDb, name: &str, arn: &str, preflight: &mut Preflight) -> Result<()> {
    let found = dynamodb.find_backup(arn).await?;
    let details = found.as_ref().and_then(BackupDescription::backup_details);
    let status = details.map(|backup| backup.backup_status().clone());
    let seen = match &status {
        Some(BackupStatus::Available) => {
            if let Some(backup) = details
                && *backup.backup_type() == BackupType::System
            {
                let until = backup.backup_expiry_date_time().and_then(timestamp);
                let until = until.map_or(String::new(), |until| format!(", and keeps until {until}"));
                preflight.remarks.push(format!(
                    "{arn} is the backup that DynamoDB made when the table was deleted{until}"
                ));
            }
            return Ok(());
        }
        None | Some(BackupStatus::Deleted) => "it is not there any more",
        Some(BackupStatus::Creating) => "it is still being made",
        Some(other) => other.as_str(),
    };
    preflight.faults.push(Fault {
        path: format!("resources.{name}.source"),
        value: arn.to_owned(),
        allowed: format!(
            "a table backup that is AVAILABLE ({seen}). Choose another set, or leave {name} out (`except`)"
        ),
    });
    Ok(())
}

async fn check_window(
    dynamodb: &DynamoDb,
    name: &str,
    table: &str,
    at: Timestamp,
    preflight: &mut Preflight,
) -> Result<()> {
    let mut refuse = |allowed: String| {
        preflight.faults.push(Fault {
            path: format!("resources.{name}.at"),
            value: at.to_string(),
            allowed,
        });
    };
    let asked = dynamodb.dynamodb.describe_continuous_backups().table_name(table).send();
    let described = match asked.await {
        Ok(described) => described,
        Err(error) if code(&error).is_some_and(|code| code.contains("NotFound")) => {
            refuse(format!(
                "a moment of an existing table: {table} does not exist. Restore it from a set's backup instead (no `at`)"
            ));
            return Ok(());
        }
        Err(error) => return Err(failure("describing the continuous backups of table", table, error)),
    };
    let recovery = described
        .continuous_backups_description()
        .and_then(|backups| backups.point_in_time_recovery_description());
    let is_on = recovery.and_then(|recovery| recovery.point_in_time_recovery_status())
        == Some(&PointInTimeRecoveryStatus::Enabled);
    let moment = |time: Option<&aws_smithy_types::DateTime>| time.and_then(timestamp);
    let from = recovery.and_then(|recovery| moment(recovery.earliest_restorable_date_time()));
    let to = recovery.and_then(|recovery| moment(recovery.latest_restorable_date_time()));
    match (from, to) {
        (Some(from), Some(to)) if is_on => {
            if at < from || at > to {
                refuse(format!(
                    "a moment from {from} to {to}, which is as far as table {table} can be restored"
                ));
            }
        }
        _ => refuse(format!(
            "a moment to which table {table} can be restored: it has no point-in-time recovery. Restore it from a set's \
             backup instead (no `at`)"
        )),
    }
    Ok(())
}

fn is_table_name(name: &str) -> bool {
    (3..=255).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}
