//! What protects a table itself, apart from its backups: point-in-time recovery and deletion protection.

use aws_sdk_dynamodb::types::PointInTimeRecoverySpecification;

use super::DynamoDb;
use crate::aws::failure;
use crate::aws::response::{LastResponse, present};
use crate::domain::kinds::{self, Safeguard, Stateful};
use crate::error::{Error, Result};

/// Those of a table that are off.
///
/// # Errors
/// `NotFound` for a missing table.
pub async fn off(dynamodb: &DynamoDb, table: &str) -> Result<Vec<Safeguard>> {
    let client = &dynamodb.dynamodb;
    let (backups, described) = (LastResponse::default(), LastResponse::default());
    let call = client.describe_continuous_backups().table_name(table).customize();
    let answered = call.interceptor(backups.clone()).send().await;
    answered.map_err(|error| failure("describing the continuous backups of table", table, error))?;
    let call = client.describe_table().table_name(table).customize();
    let answered = call.interceptor(described.clone()).send().await;
    answered.map_err(|error| failure("describing table", table, error))?;
    Ok(kinds::dynamodb::DynamoDb.safeguards_off(&present([
        (
            "ContinuousBackupsDescription",
            backups.take("ContinuousBackupsDescription"),
        ),
        ("Table", described.take("Table")),
    ])))
}

/// Turns one on that is off. What is on stays as it is: a call without a recovery period would set it to 35 days.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PointInTimeRecoverySpecification.html>
///
/// # Errors
/// `NotReady` while DynamoDB applies another change to the table.
pub async fn turn_on(dynamodb: &DynamoDb, safeguard: Safeguard, table: &str) -> Result<()> {
    if !off(dynamodb, table).await?.contains(&safeguard) {
        return Ok(());
    }
    let client = &dynamodb.dynamodb;
    let doing = format!("turning on {} of table", safeguard.words());
    match safeguard {
        Safeguard::PointInTimeRecovery => {
            let on = PointInTimeRecoverySpecification::builder()
                .point_in_time_recovery_enabled(true)
                .build()
                .map_err(|error| Error::Unavailable(format!("{doing} {table}: {error}")))?;
            let call = client.update_continuous_backups().table_name(table);
            let updated = call.point_in_time_recovery_specification(on).send().await;
            updated.map(drop).map_err(|error| failure(&doing, table, error))
        }
        Safeguard::DeletionProtection => {
            let call = client
                .update_table()
                .table_name(table)
                .deletion_protection_enabled(true);
            call.send()
                .await
                .map(drop)
                .map_err(|error| failure(&doing, table, error))
        }
    }
}
