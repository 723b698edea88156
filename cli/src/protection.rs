//! What protects a DynamoDB table itself, apart from its backups: point-in-time recovery and deletion protection.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{PointInTimeRecoverySpecification, PointInTimeRecoveryStatus};
use serde::Serialize;

use crate::aws::failure;
use crate::failure::{Failure, Result};

/// A setting that protects a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Safeguard {
    /// It can be restored to any second of its recovery period.
    PointInTimeRecovery,
    /// `DeleteTable` is refused.
    DeletionProtection,
}

impl Safeguard {
    /// As in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Safeguard::PointInTimeRecovery => "point-in-time recovery",
            Safeguard::DeletionProtection => "deletion protection",
        }
    }
}

/// Reads and changes these settings with the operator's credentials.
pub struct Safeguards(Client);

impl Safeguards {
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }

    /// Those that are off.
    ///
    /// # Errors
    /// What AWS refuses; also for a table that does not exist.
    pub async fn missing(&self, table: &str) -> Result<Vec<Safeguard>> {
        let backups = self.0.describe_continuous_backups().table_name(table).send().await;
        let backups = backups.map_err(|error| failure("describing the continuous backups of table", table, error))?;
        let recovery = backups
            .continuous_backups_description()
            .and_then(|backups| backups.point_in_time_recovery_description())
            .and_then(|recovery| recovery.point_in_time_recovery_status());
        let described = self.0.describe_table().table_name(table).send().await;
        let described = described.map_err(|error| failure("describing table", table, error))?;
        let protected = described.table().and_then(|table| table.deletion_protection_enabled());
        let off = [
            (
                Safeguard::PointInTimeRecovery,
                recovery != Some(&PointInTimeRecoveryStatus::Enabled),
            ),
            (Safeguard::DeletionProtection, protected != Some(true)),
        ];
        Ok(off
            .into_iter()
            .filter_map(|(safeguard, off)| off.then_some(safeguard))
            .collect())
    }

    /// Turns one on. Twice has the same effect as once.
    ///
    /// # Errors
    /// What AWS refuses.
    pub async fn turn_on(&self, safeguard: Safeguard, table: &str) -> Result<()> {
        match safeguard {
            Safeguard::PointInTimeRecovery => self.turn_on_recovery(table).await,
            Safeguard::DeletionProtection => {
                let update = self
                    .0
                    .update_table()
                    .table_name(table)
                    .deletion_protection_enabled(true);
                let updated = update.send().await.map(drop);
                updated.map_err(|error| failure("turning on deletion protection of table", table, error))
            }
        }
    }

    async fn turn_on_recovery(&self, table: &str) -> Result<()> {
        const DOING: &str = "turning on point-in-time recovery of table";
        let specification = PointInTimeRecoverySpecification::builder()
            .point_in_time_recovery_enabled(true)
            .build()
            .map_err(|error| Failure::NotDone(format!("{DOING} {table}: {error}")))?;
        let update = self.0.update_continuous_backups().table_name(table);
        let update = update.point_in_time_recovery_specification(specification);
        let updated = update.send().await.map(drop);
        updated.map_err(|error| failure(DOING, table, error))
    }
}
