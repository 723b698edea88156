//! Deletes a table backup, its archive, and every other backup of its name: if the response of `CreateBackup` was lost, there may be a
//! second one.

use aws_sdk_dynamodb::types::{BackupDescription, BackupStatus};

use super::backups::parts;
use super::{DynamoDb, archive};
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::domain::resource::RecoveryPoint;
use crate::error::{Error, Result};
use crate::kinds::Deletion;
use crate::kinds::shared::refused;

/// Deletes the recorded backup, even if the list does not show it, and every other backup of its name that the run created of its
/// table.
///
/// # Errors
/// `Conflict` if a name is not one of this deployment's.
pub async fn delete(dynamodb: &DynamoDb, run: &Run, point: &RecoveryPoint) -> Result<Deletion> {
    let (arn, name, archive) = parts(point)?;
    let mut all = vec![arn.to_owned()];
    if let Some(table) = table_of(arn) {
        let named = dynamodb.find_named(run, table, name).await?;
        let arns = named.into_iter().filter_map(|backup| backup.backup_arn);
        all.extend(arns.filter(|other| other != arn));
    }
    let mut became = Deletion::Gone;
    for arn in all {
        became = match (became, delete_one(dynamodb, run, &arn).await?) {
            (Deletion::Protected(why), _) | (_, Deletion::Protected(why)) => Deletion::Protected(why),
            (Deletion::Gone, Deletion::Gone) => Deletion::Gone,
            _ => Deletion::Underway,
        };
    }
    match (became, archive) {
        // While the backup is there, so is its archive.
        (Deletion::Gone, Some(archive)) => archive::delete(dynamodb, run, archive).await,
        (became, _) => Ok(became),
    }
}

async fn delete_one(dynamodb: &DynamoDb, run: &Run, arn: &str) -> Result<Deletion> {
    let found = dynamodb.find_backup(arn).await?;
    let Some(backup) = found.as_ref().and_then(BackupDescription::backup_details) else {
        return Ok(Deletion::Gone);
    };
    if !is_ours(&run.deployment, backup.backup_name()) {
        return Err(Error::Conflict(format!(
            "deleting table backup {arn}: its name, {}, is not one that a run of deployment {} gives, so it is left in place. \
             Delete it by hand if it is not needed",
            backup.backup_name(),
            run.deployment
        )));
    }
    match backup.backup_status() {
        BackupStatus::Deleted => return Ok(Deletion::Gone),
        BackupStatus::Creating => return Ok(Deletion::Underway),
        _ => {}
    }
    if let Err(error) = dynamodb.dynamodb.delete_backup().backup_arn(arn).send().await {
        return match code(&error) {
            Some("BackupNotFoundException") => Ok(Deletion::Gone),
            Some("BackupInUseException") => Ok(Deletion::Underway),
            _ => refused(failure("deleting table backup", arn, error)),
        };
    }
    let left = dynamodb.find_backup(arn).await?;
    let gone = match left.as_ref().and_then(BackupDescription::backup_details) {
        Some(backup) => *backup.backup_status() == BackupStatus::Deleted,
        None => true,
    };
    Ok(if gone { Deletion::Gone } else { Deletion::Underway })
}

/// The table in a backup's ARN, `arn:…:table/<table>/backup/<id>`.
fn table_of(arn: &str) -> Option<&str> {
    arn.split_once(":table/")?
        .1
        .split_once("/backup/")
        .map(|(table, _)| table)
}

/// Whether a name is `hf-<deployment>-<yyyymmdd>-<hhmmss>-<4 hex>-<6 hex>`. The rest is matched to its end, so that a backup of
/// `hubs-prod` does not count as one of `hubs`.
pub fn is_ours(deployment: &str, name: &str) -> bool {
    let Some(rest) = name.strip_prefix("hf-").and_then(|name| name.strip_prefix(deployment)) else {
        return false;
    };
    let parts: Vec<&str> = rest.split('-').collect();
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let hex = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match parts[..] {
        ["", date, time, execution, resource] => {
            digits(date, 8) && digits(time, 6) && hex(execution, 4) && hex(resource, 6)
        }
        _ => false,
    }
}
