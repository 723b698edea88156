//! What planning a restore asks AWS beside what the kinds foresee: what is still there, and what can be restored from
//! without the catalog.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::{BackupStatus, BackupSummary, BackupTypeFilter, PointInTimeRecoveryStatus};
use aws_sdk_rds::types::{DbClusterAutomatedBackup, DbClusterSnapshot};
use jiff::Timestamp;

use crate::aws::lazy::Lazy;
use crate::aws::{code, failure};
use crate::domain::names;
use crate::domain::restore::choosing::Window;
use crate::error::Result;
use crate::kinds::timestamp;
use crate::runs::executions;

/// An Aurora cluster's continuous backup; of a deleted cluster the one that was retained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterBackup {
    /// `DbClusterResourceId`, by which a cluster that is gone is restored; `None` while the cluster is there.
    pub resource_id: Option<String>,
    pub window: Window,
}

/// A backup of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Name of a cluster snapshot or of a table's backup.
    pub id: String,
    pub arn: String,
    pub captured_at: Timestamp,
    pub size_bytes: Option<u64>,
}

#[async_trait]
pub trait Discovery: Send + Sync {
    /// Whether the execution of this ARN is still running; one that nobody knows any more is not.
    async fn is_running(&self, execution: &str) -> Result<bool>;

    async fn has_cluster(&self, cluster: &str) -> Result<bool>;

    async fn has_file_system(&self, file_system: &str) -> Result<bool>;

    async fn has_table(&self, table: &str) -> Result<bool>;

    /// The continuous backup of a cluster that is there, else the newest that was retained of one of this name; `None`
    /// without either.
    async fn cluster_backup(&self, cluster: &str) -> Result<Option<ClusterBackup>>;

    /// The continuous backup of a table; `None` where there is no such table, or point-in-time recovery is off.
    async fn table_backup(&self, table: &str) -> Result<Option<Window>>;

    /// The finished manual snapshots of a cluster that carry this deployment's tags.
    async fn snapshots(&self, deployment: &str, cluster: &str) -> Result<Vec<Backup>>;

    /// The `SYSTEM` backups that DynamoDB made of deleted tables whose names begin with `prefix`, each with its table's name.
    async fn system_backups(&self, prefix: &str) -> Result<Vec<(String, Backup)>>;
}

pub struct Aws {
    clusters: Lazy<aws_sdk_rds::Client>,
    tables: Lazy<aws_sdk_dynamodb::Client>,
    file_systems: Lazy<aws_sdk_efs::Client>,
    executions: Lazy<aws_sdk_sfn::Client>,
}

impl Aws {
    pub fn new(aws: &SdkConfig) -> Self {
        Self {
            clusters: Lazy::new(aws, aws_sdk_rds::Client::new),
            tables: Lazy::new(aws, aws_sdk_dynamodb::Client::new),
            file_systems: Lazy::new(aws, aws_sdk_efs::Client::new),
            executions: Lazy::new(aws, aws_sdk_sfn::Client::new),
        }
    }

    /// The window of a cluster that is there; `Some(None)` where RDS names none.
    async fn window_of_cluster(&self, cluster: &str) -> Result<Option<Option<Window>>> {
        let answer = self
            .clusters
            .describe_db_clusters()
            .db_cluster_identifier(cluster)
            .send()
            .await;
        match answer {
            Ok(found) => Ok(found.db_clusters().first().map(|cluster| {
                let from = cluster.earliest_restorable_time().and_then(timestamp)?;
                let to = cluster.latest_restorable_time().and_then(timestamp)?;
                Some(Window {
                    earliest: from,
                    latest: to,
                })
            })),
            Err(error) if code(&error) == Some("DBClusterNotFoundFault") => Ok(None),
            Err(error) => Err(failure("describing cluster", cluster, error)),
        }
    }

    async fn retained(&self, cluster: &str) -> Result<Option<ClusterBackup>> {
        let mut pages = self
            .clusters
            .describe_db_cluster_automated_backups()
            .db_cluster_identifier(cluster)
            .into_paginator()
            .items()
            .send();
        let mut newest: Option<ClusterBackup> = None;
        while let Some(found) = pages.next().await {
            match found {
                Ok(found) => {
                    let found = retained(&found);
                    let newer = |found: &ClusterBackup| {
                        newest
                            .as_ref()
                            .is_none_or(|held| found.window.latest > held.window.latest)
                    };
                    newest = found.filter(newer).or(newest);
                }
                Err(error) if code(&error) == Some("DBClusterAutomatedBackupNotFoundFault") => break,
                Err(error) => return Err(failure("listing the retained backups of cluster", cluster, error)),
            }
        }
        Ok(newest)
    }
}

fn retained(backup: &DbClusterAutomatedBackup) -> Option<ClusterBackup> {
    let window = backup.restore_window()?;
    Some(ClusterBackup {
        resource_id: Some(backup.db_cluster_resource_id()?.to_owned()),
        window: Window {
            earliest: window.earliest_time().and_then(timestamp)?,
            latest: window.latest_time().and_then(timestamp)?,
        },
    })
}

#[async_trait]
impl Discovery for Aws {
    async fn is_running(&self, execution: &str) -> Result<bool> {
        executions::is_running(&self.executions, execution).await
    }

    async fn has_cluster(&self, cluster: &str) -> Result<bool> {
        Ok(self.window_of_cluster(cluster).await?.is_some())
    }

    async fn has_file_system(&self, file_system: &str) -> Result<bool> {
        let answer = self
            .file_systems
            .describe_file_systems()
            .file_system_id(file_system)
            .send()
            .await;
        match answer {
            Ok(found) => Ok(!found.file_systems().is_empty()),
            Err(error) if code(&error) == Some("FileSystemNotFound") => Ok(false),
            Err(error) => Err(failure("describing file system", file_system, error)),
        }
    }

    async fn has_table(&self, table: &str) -> Result<bool> {
        match self.tables.describe_table().table_name(table).send().await {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some("ResourceNotFoundException") => Ok(false),
            Err(error) => Err(failure("describing table", table, error)),
        }
    }

    async fn cluster_backup(&self, cluster: &str) -> Result<Option<ClusterBackup>> {
        match self.window_of_cluster(cluster).await? {
            Some(window) => Ok(window.map(|window| ClusterBackup {
                resource_id: None,
                window,
            })),
            None => self.retained(cluster).await,
        }
    }

    async fn table_backup(&self, table: &str) -> Result<Option<Window>> {
        let answer = match self.tables.describe_continuous_backups().table_name(table).send().await {
            Ok(answer) => answer,
            Err(error) if code(&error) == Some("TableNotFoundException") => return Ok(None),
            Err(error) => return Err(failure("describing the continuous backups of table", table, error)),
        };
        let recovery = answer
            .continuous_backups_description()
            .and_then(|backups| backups.point_in_time_recovery_description())
            .filter(|recovery| recovery.point_in_time_recovery_status() == Some(&PointInTimeRecoveryStatus::Enabled));
        Ok(recovery.and_then(|recovery| {
            Some(Window {
                earliest: recovery.earliest_restorable_date_time().and_then(timestamp)?,
                latest: recovery.latest_restorable_date_time().and_then(timestamp)?,
            })
        }))
    }

    async fn snapshots(&self, deployment: &str, cluster: &str) -> Result<Vec<Backup>> {
        let mut pages = self
            .clusters
            .describe_db_cluster_snapshots()
            .db_cluster_identifier(cluster)
            .snapshot_type("manual")
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(snapshot) = pages.next().await {
            let snapshot = snapshot.map_err(|error| failure("listing the snapshots of cluster", cluster, error))?;
            found.extend(finished_snapshot(deployment, &snapshot));
        }
        Ok(found)
    }

    async fn system_backups(&self, prefix: &str) -> Result<Vec<(String, Backup)>> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self
                .tables
                .list_backups()
                .backup_type(BackupTypeFilter::System)
                .set_exclusive_start_backup_arn(after)
                .send()
                .await
                .map_err(|error| failure("listing the system backups of tables that begin with", prefix, error))?;
            found.extend(
                page.backup_summaries()
                    .iter()
                    .filter_map(|backup| system_backup(prefix, backup)),
            );
            after = page.last_evaluated_backup_arn;
            if after.is_none() {
                return Ok(found);
            }
        }
    }
}

fn finished_snapshot(deployment: &str, snapshot: &DbClusterSnapshot) -> Option<Backup> {
    let ours =
        |tag: &aws_sdk_rds::types::Tag| tag.key() == Some(names::TAG_DEPLOYMENT) && tag.value() == Some(deployment);
    if snapshot.status() != Some("available") || !snapshot.tag_list().iter().any(ours) {
        return None;
    }
    Some(Backup {
        id: snapshot.db_cluster_snapshot_identifier()?.to_owned(),
        arn: snapshot.db_cluster_snapshot_arn()?.to_owned(),
        captured_at: snapshot.snapshot_create_time().and_then(timestamp)?,
        size_bytes: None,
    })
}

fn system_backup(prefix: &str, backup: &BackupSummary) -> Option<(String, Backup)> {
    let table = backup.table_name()?;
    if !table.starts_with(prefix) || backup.backup_status() != Some(&BackupStatus::Available) {
        return None;
    }
    let found = Backup {
        id: backup.backup_name()?.to_owned(),
        arn: backup.backup_arn()?.to_owned(),
        captured_at: backup.backup_creation_date_time().and_then(timestamp)?,
        size_bytes: backup.backup_size_bytes().and_then(|size| u64::try_from(size).ok()),
    };
    Some((table.to_owned(), found))
}

#[cfg(test)]
mod tests;
