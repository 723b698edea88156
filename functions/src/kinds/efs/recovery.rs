//! What a file system can be restored into. Its recovery points are only found by the catalog.

use async_trait::async_trait;
use aws_sdk_backup::types::RecoveryPointStatus;
use jiff::Timestamp;
use serde_json::Value;

use super::recovery_points::parts;
use super::{Efs, KIND};
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::resource::{RecoveryPoint, Resource, Target};
use crate::domain::restore::naming::{Naming, Overrides};
use crate::domain::restore::plan::Destination;
use crate::domain::restore::request::RequestedDestination;
use crate::domain::restore::retained_backups::{ContinuousBackup, RetainedBackups};
use crate::error::Result;
use crate::kinds::Recovery;
use crate::kinds::shared::wrong_target_of;

#[async_trait]
impl Recovery for Efs {
    async fn exists(&self, target: &Target) -> Result<bool> {
        let id = file_system(target)?;
        match self.efs.describe_file_systems().file_system_id(id).send().await {
            Ok(found) => Ok(!found.file_systems().is_empty()),
            Err(error) if code(&error) == Some("FileSystemNotFound") => Ok(false),
            Err(error) => Err(failure("describing file system", id, error)),
        }
    }

    async fn continuous_backup(&self, _: &Target) -> Result<Option<ContinuousBackup>> {
        Ok(None)
    }

    async fn retained_backups(&self, _: &str, _: &Target, _: Option<Timestamp>) -> Result<RetainedBackups> {
        Ok(RetainedBackups::NotRetained(
            "recovery points of file systems are found by the catalog alone; `holdfast rebuild-catalog` finds them again",
        ))
    }

    /// A directory of the file system if it exists; otherwise, or if requested, a new one.
    async fn destination(&self, run: &Run, resource: &Resource, naming: &Naming<'_>) -> Result<Destination> {
        let new = match naming.into {
            Some(destination) => destination == RequestedDestination::FileSystem,
            None => !self.exists(&resource.target).await?,
        };
        Ok(match new {
            true => Destination::FileSystem {
                token: names::token(&run.id, &resource.name, "file-system"),
            },
            false => Destination::Directory {
                file_system: file_system(&resource.target)?.to_owned(),
            },
        })
    }

    async fn lost(&self, point: &RecoveryPoint) -> Result<Option<String>> {
        let (arn, vault, _) = parts(point)?;
        let Some(found) = self.find_recovery_point(vault, arn).await? else {
            return Ok(Some(format!("recovery point {arn} is not in vault {vault} any more")));
        };
        Ok(match found.status() {
            Some(RecoveryPointStatus::Completed | RecoveryPointStatus::Available) => None,
            status => {
                let status = status.map_or("without a status", RecoveryPointStatus::as_str);
                Some(format!("recovery point {arn} is {status}, not COMPLETED"))
            }
        })
    }

    fn overridden(&self, configuration: Value, _: &Overrides<'_>) -> Value {
        configuration
    }
}

fn file_system(target: &Target) -> Result<&str> {
    match target {
        Target::Efs { file_system, .. } => Ok(file_system),
        other => Err(wrong_target_of(KIND, other)),
    }
}
