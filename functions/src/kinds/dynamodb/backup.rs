//! Backs up a table on demand, under a name that is derived from the set, and starts its archive.

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::types::{BackupStatus, BackupSummary};
use aws_smithy_types::DateTime;
use serde_json::Value;

use super::backups::parts;
use super::{DynamoDb, archive, capture, deletion, safeguards, table};
use crate::aws::failure;
use crate::domain::catalog_rebuild::{TaggedPoint, set_of_backup};
use crate::domain::job::{Finished, Progress, Run};
use crate::domain::kinds::Safeguard;
use crate::domain::names;
use crate::domain::resource::{RecoveryPoint, Resource, Target};
use crate::domain::table_archive::StoredArchive;
use crate::error::{Error, Result};
use crate::kinds::optional::Optional;
use crate::kinds::shared::timestamp;
use crate::kinds::{Backup, Deletion, StartedBackup};

#[async_trait]
impl Backup for DynamoDb {
    async fn capture(&self, resource: &Resource) -> Result<Value> {
        capture::capture(
            &self.dynamodb,
            &self.autoscaling,
            table(resource)?,
            Optional::at_backup(),
        )
        .await
    }

    async fn back_up(&self, run: &Run, resource: &Resource) -> Result<StartedBackup> {
        let archive = archive::planned(self, run, resource);
        let mut started = self.create_or_adopt(run, resource).await?;
        archive::start(self, run, resource, &started).await?;
        archived(&mut started.recovery_point, archive);
        Ok(started)
    }

    /// By its name. A prefix without tables has none.
    async fn find(&self, run: &Run, resource: &Resource) -> Result<Option<RecoveryPoint>> {
        if matches!(resource.target, Target::DynamodbPrefix { .. }) {
            return Ok(None);
        }
        let name = names::recovery_point(&run.id, &resource.name);
        let backup = self.find_earliest(run, table(resource)?, &name).await?;
        let Some(backup) = backup else {
            return Ok(None);
        };
        Ok(Some(RecoveryPoint::TableBackup {
            arn: backup.backup_arn.unwrap_or_default(),
            name,
            archive: archive::planned(self, run, resource),
        }))
    }

    async fn poll(&self, _: &Resource, point: &RecoveryPoint) -> Result<Progress> {
        let (arn, name, archive) = parts(point)?;
        let progress = self.poll_backup(arn, name).await?;
        match archive {
            Some(archive) => archive::with_archive(self, progress, archive).await,
            None => Ok(progress),
        }
    }

    /// DynamoDB cannot stop the creation of a backup; retention deletes it once it is `AVAILABLE`. The job that writes the archive is
    /// stopped.
    async fn abandon(&self, point: &RecoveryPoint) -> Result<()> {
        match parts(point)? {
            (_, _, Some(archive)) => self.transfers.stop(&archive.job, "its deadline has passed").await,
            (_, _, None) => Ok(()),
        }
    }

    async fn safeguards_off(&self, target: &Target) -> Result<Vec<Safeguard>> {
        safeguards::off(self, target.identifier()).await
    }

    async fn turn_on(&self, safeguard: Safeguard, target: &Target) -> Result<()> {
        safeguards::turn_on(self, safeguard, target.identifier()).await
    }

    /// A backup of a table carries no tags.
    async fn mark_sealed(&self, _: &RecoveryPoint, _: usize) -> Result<()> {
        Ok(())
    }

    /// By their names: a backup of a table carries no tags.
    async fn tagged(&self, _: &[Resource]) -> Result<Vec<TaggedPoint>> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self
                .dynamodb
                .list_backups()
                .set_exclusive_start_backup_arn(after)
                .send()
                .await
                .map_err(|error| failure("listing the table backups of", "the account", error))?;
            found.extend(page.backup_summaries().iter().filter_map(tagged));
            after = page.last_evaluated_backup_arn;
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    async fn delete(&self, run: &Run, point: &RecoveryPoint) -> Result<Deletion> {
        deletion::delete(self, run, point).await
    }
}

impl DynamoDb {
    /// `CreateBackup` takes no token, and several backups may have one name: a repeated call creates a second one. So this checks
    /// first, and the SDK must not retry the call itself: if the response is lost, the whole step runs again.
    async fn create_or_adopt(&self, run: &Run, resource: &Resource) -> Result<StartedBackup> {
        let table = table(resource)?;
        let name = names::recovery_point(&run.id, &resource.name);
        if let Some(backup) = self.find_earliest(run, table, &name).await? {
            return Ok(started(
                run,
                &name,
                backup.backup_arn().unwrap_or_default(),
                backup.backup_creation_date_time(),
            ));
        }
        let once = aws_sdk_dynamodb::config::Builder::new().retry_config(RetryConfig::standard().with_max_attempts(1));
        let created = self
            .dynamodb
            .create_backup()
            .table_name(table)
            .backup_name(&name)
            .customize()
            .config_override(once)
            .send()
            .await
            .map_err(|error| failure("backing up table", table, error))?;
        match created.backup_details() {
            Some(backup) => Ok(started(
                run,
                &name,
                backup.backup_arn(),
                Some(backup.backup_creation_date_time()),
            )),
            None => Err(Error::Unavailable(format!(
                "backing up table {table}: DynamoDB accepted backup {name} but named no ARN. It is looked for again"
            ))),
        }
    }

    /// DynamoDB updates a backup's size about every six hours: 0 bytes mean nothing.
    async fn poll_backup(&self, arn: &str, name: &str) -> Result<Progress> {
        let failed = |reason: String| Ok(Progress::Failed { reason });
        let Some(found) = self.find_backup(arn).await? else {
            return failed(format!(
                "table backup {name} ({arn}) is not there any more: it was deleted"
            ));
        };
        let Some(backup) = found.backup_details() else {
            return Ok(Progress::InProgress { percent: None });
        };
        match backup.backup_status() {
            BackupStatus::Available => {}
            BackupStatus::Deleted => {
                return failed(format!("the status of table backup {name} ({arn}) is DELETED"));
            }
            // An unknown status counts as in progress: the deadline ends it.
            _ => return Ok(Progress::InProgress { percent: None }),
        }
        let size_bytes = backup.backup_size_bytes().and_then(|size| u64::try_from(size).ok());
        let size_bytes = size_bytes.filter(|size| *size > 0);
        match timestamp(backup.backup_creation_date_time()) {
            // DynamoDB takes the backup as of the request, within a minute or so, and does not report when it is done.
            Some(captured_at) => Ok(Progress::Succeeded(Finished {
                captured_at,
                finished_at: None,
                size_bytes,
                probes: Vec::new(),
            })),
            None => Ok(Progress::InProgress { percent: None }),
        }
    }
}

/// Adds the archive to a backup's recovery point.
fn archived(point: &mut RecoveryPoint, of: Option<StoredArchive>) {
    if let RecoveryPoint::TableBackup { archive, .. } = point {
        *archive = of;
    }
}

/// A finished backup with a name that Holdfast gave it, for a catalog rebuild.
fn tagged(backup: &BackupSummary) -> Option<TaggedPoint> {
    let name = backup.backup_name()?;
    if backup.backup_status() != Some(&BackupStatus::Available) {
        return None;
    }
    let (deployment, set) = set_of_backup(name)?;
    Some(TaggedPoint {
        deployment,
        set,
        resource: None,
        target: Target::DynamoDb {
            table: backup.table_name()?.to_owned(),
            archive: None,
        },
        recovery_point: RecoveryPoint::TableBackup {
            arn: backup.backup_arn()?.to_owned(),
            name: name.to_owned(),
            archive: None,
        },
        captured_at: backup.backup_creation_date_time().and_then(timestamp)?,
        size_bytes: backup.backup_size_bytes().and_then(|size| u64::try_from(size).ok()),
        sealed: None,
    })
}

fn started(run: &Run, name: &str, arn: &str, accepted: Option<&DateTime>) -> StartedBackup {
    StartedBackup {
        recovery_point: RecoveryPoint::TableBackup {
            arn: arn.to_owned(),
            name: name.to_owned(),
            archive: None,
        },
        started_at: accepted.and_then(timestamp).unwrap_or(run.started_at),
    }
}
