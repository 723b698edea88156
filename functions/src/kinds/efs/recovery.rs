//! What a file system can be restored into. What it can be restored from is found by the catalog alone.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::{Efs, KIND};
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::resource::{Resource, Target};
use crate::domain::restore::kept::{Continuous, Kept};
use crate::domain::restore::naming::{Naming, Overrides};
use crate::domain::restore::plan::Beside;
use crate::domain::restore::request::Destination;
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

    async fn continuous(&self, _: &Target) -> Result<Option<Continuous>> {
        Ok(None)
    }

    async fn kept(&self, _: &str, _: &Target, _: Option<Timestamp>) -> Result<Kept> {
        Ok(Kept::Nothing(
            "recovery points of file systems are found by the catalog alone; `holdfast rebuild-catalog` finds them again",
        ))
    }

    /// A directory of the file system that is there; else, or where it is asked for, a new one.
    async fn destination(&self, run: &Run, resource: &Resource, naming: &Naming<'_>) -> Result<Beside> {
        let new = match naming.into {
            Some(destination) => destination == Destination::FileSystem,
            None => !self.exists(&resource.target).await?,
        };
        Ok(match new {
            true => Beside::FileSystem {
                token: names::token(&run.id, &resource.name, "file-system"),
            },
            false => Beside::Directory {
                file_system: file_system(&resource.target)?.to_owned(),
            },
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
