//! What would make a table's restore fail, found before anything is touched; and what a restore cannot put back, said.

use aws_sdk_dynamodb::types::{BackupDescription, BackupStatus, BackupType, PointInTimeRecoveryStatus};
use jiff::Timestamp;
use serde_json::Value;

use super::restoring::target;
use super::settings::list;
use super::{DynamoDb, KIND};
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::domain::restore::item::Item;
use crate::domain::restore::members::lost;
use crate::domain::restore::plan::Source;
use crate::error::{Fault, Result};
use crate::kinds::keys;
use crate::kinds::rescaling;
use crate::kinds::shared::timestamp;
use crate::kinds::whose::Whose;
use crate::kinds::{Foreseen, fault, part};

/// Looks at the source, the captured key and the target's name.
pub async fn foresee(dynamodb: &DynamoDb, run: &Run, item: &Item) -> Result<Foreseen> {
    let name = &item.planned.resource.name;
    let target = target(item)?;
    let mut foreseen = Foreseen {
        remarks: remarks(&item.configuration, target),
        ..Foreseen::default()
    };
    match &item.planned.source {
        Source::TableBackup { arn } => backup(dynamodb, name, arn, &mut foreseen).await?,
        Source::TableAt { table, at } => window(dynamodb, name, table, *at, &mut foreseen).await?,
        other => foreseen.faults.push(Fault {
            path: format!("resources.{name}.source"),
            value: format!("{other:?}"),
            allowed: "a table's backup or a point in time".to_owned(),
        }),
    }
    let key = part(&item.configuration, "Table")["SSEDescription"]["KMSMasterKeyArn"].as_str();
    if let Some(key) = key
        && let Err(error) = keys::see_usable(&dynamodb.kms, run, key, &format!("table {target}")).await
    {
        let path = format!("resources.{name}.kms_key");
        foreseen.faults.push(fault(&path, key, error)?);
    }
    let path = format!("resources.{name}.target");
    if !is_table_name(target) {
        foreseen.faults.push(Fault {
            path,
            value: target.to_owned(),
            allowed: "a table name: 3 to 255 letters, digits, underscores, dots and hyphens. Choose another suffix or \
                      name"
                .to_owned(),
        });
    } else if let Some(there) = dynamodb.table(target).await?
        && dynamodb.whose(run, item, &there).await? != Whose::Ours
    {
        foreseen.faults.push(Fault {
            path,
            value: target.to_owned(),
            allowed: "a name that no table has yet. Choose another suffix or name".to_owned(),
        });
    }
    Ok(foreseen)
}

async fn backup(dynamodb: &DynamoDb, name: &str, arn: &str, foreseen: &mut Foreseen) -> Result<()> {
    let found = dynamodb.describe(arn).await?;
    let details = found.as_ref().and_then(BackupDescription::backup_details);
    let status = details.map(|backup| backup.backup_status().clone());
    let seen = match &status {
        Some(BackupStatus::Available) => {
            if let Some(backup) = details
                && *backup.backup_type() == BackupType::System
            {
                let until = backup.backup_expiry_date_time().and_then(timestamp);
                let until = until.map_or(String::new(), |until| format!(", and keeps until {until}"));
                foreseen.remarks.push(format!(
                    "{arn} is the backup that DynamoDB made when the table was deleted{until}"
                ));
            }
            return Ok(());
        }
        None | Some(BackupStatus::Deleted) => "it is not there any more",
        Some(BackupStatus::Creating) => "it is still being made",
        Some(other) => other.as_str(),
    };
    foreseen.faults.push(Fault {
        path: format!("resources.{name}.source"),
        value: arn.to_owned(),
        allowed: format!(
            "a table backup that is AVAILABLE ({seen}). Choose another set, or leave {name} out (`except`)"
        ),
    });
    Ok(())
}

async fn window(dynamodb: &DynamoDb, name: &str, table: &str, at: Timestamp, foreseen: &mut Foreseen) -> Result<()> {
    let mut refuse = |allowed: String| {
        foreseen.faults.push(Fault {
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
                "a moment of a table that is there: {table} is not. Restore it from a set's backup instead (no `at`)"
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

/// What the operator should know of a copy named `target`, from what was captured of its source.
pub fn remarks(captured: &Value, target: &str) -> Vec<String> {
    if !captured.is_object() {
        return vec![format!(
            "no configuration was captured of the source: table {target} gets no tags, time to live, stream, \
             point-in-time recovery, policy or scaling of its own but what DynamoDB restores"
        )];
    }
    let table = part(captured, "Table");
    let mut remarks = lost(
        KIND,
        captured,
        &format!("table {}", table["TableName"].as_str().unwrap_or_default()),
        &format!("table {target}"),
    );
    if table["StreamSpecification"]["StreamEnabled"] == true {
        remarks.push(format!(
            "table {target} has a stream of its own, with another ARN: functions that read the old one have to be \
             pointed at it"
        ));
    }
    for destination in list(captured, "KinesisDataStreamDestinations") {
        if let (Some("ACTIVE" | "ENABLING" | "UPDATING"), Some(stream)) = (
            destination["DestinationStatus"].as_str(),
            destination["StreamArn"].as_str(),
        ) {
            remarks.push(format!("changes of table {target} will go to {stream} too"));
        }
    }
    remarks.extend(rescaling::alarms_to_point(captured));
    if part(captured, "ContributorInsights")["ContributorInsightsStatus"] == "FAILED" {
        remarks.push(format!(
            "contributor insights had failed on the source, and are not put back on table {target}"
        ));
    }
    remarks
}

fn is_table_name(name: &str) -> bool {
    (3..=255).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}
