//! The source and the destination of a restore, read from an item's plan.

use super::{Defaults, KIND, target};
use crate::domain::efs_access::roots;
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::restore::item::{CreatedResource, RestoreItem};
use crate::domain::restore::plan::{Destination, Source};
use crate::domain::set::Sample;
use crate::error::{Error, Result};
use crate::kinds::shared::wrong_target;

/// The planned restore of one file system.
pub struct FileSystemPlan<'a> {
    pub item: &'a RestoreItem,
    /// ARN of the recovery point.
    pub arn: &'a str,
    pub vault: &'a str,
    pub role: &'a str,
    /// The file system that was backed up.
    pub source: &'a str,
    /// `CreationToken` in the job's metadata, and of the new file system.
    pub token: String,
    /// Whether to restore into a new file system instead of a directory.
    pub new: bool,
}

impl<'a> FileSystemPlan<'a> {
    pub fn read(run: &Run, item: &'a RestoreItem, defaults: &'a Defaults) -> Result<Self> {
        let resource = &item.planned.resource;
        let (source, _, role) = target(resource)?;
        let Source::RecoveryPoint { arn, vault } = &item.planned.source else {
            return Err(wrong_target(KIND, resource));
        };
        let (token, new) = match &item.planned.destination {
            Destination::Directory { file_system } if file_system == source => {
                (names::token(&run.id, &resource.name, "directory"), false)
            }
            Destination::FileSystem { token } => (token.clone(), true),
            destination => {
                return Err(Error::invalid(
                    format!("resources.{}.into", resource.name),
                    format!("{destination:?}"),
                    format!("a directory of file system {source}, or a new file system"),
                ));
            }
        };
        Ok(Self {
            item,
            arn,
            vault,
            role: role.unwrap_or(&defaults.role),
            source,
            token,
            new,
        })
    }

    /// The paths that are restored; `None` for everything.
    pub fn items(&self) -> Option<Vec<String>> {
        let Some(Sample::Files { roots, .. }) = &self.item.sample else {
            return None;
        };
        let covered: Vec<String> = roots.iter().map(|root| root.path.clone()).collect();
        roots::items(&covered)
    }

    /// The recorded job.
    pub fn job(&self) -> Option<&'a str> {
        match self.item.created.as_ref()? {
            CreatedResource::Directory { job, .. } | CreatedResource::FileSystem { job, .. } => Some(job),
            _ => None,
        }
    }

    /// The resource that the job creates, as far as it is known.
    pub fn created_resource(&self, job: &str, file_system: Option<&str>, directory: Option<String>) -> CreatedResource {
        let job = job.to_owned();
        if self.new {
            CreatedResource::FileSystem {
                file_system: file_system.map(str::to_owned),
                job,
                directory,
            }
        } else {
            CreatedResource::Directory {
                file_system: self.source.to_owned(),
                job,
                directory,
            }
        }
    }
}
