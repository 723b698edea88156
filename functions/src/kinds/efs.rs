//! `efs`: an EFS file system, backed up by AWS Backup, and restored into a new directory of it or into a new file system.

mod access_points;
mod backup;
mod backup_jobs;
mod canonical;
mod capture;
mod captured;
mod checks;
mod compare;
mod compare_files;
mod configure;
mod dependents;
mod directories;
mod discovery;
mod file_systems;
mod logins;
mod new_file_system;
mod plan;
mod preflight;
mod recovery;
mod recovery_points;
mod restore;
mod restore_jobs;
mod retry;
mod sample;
#[cfg(test)]
pub(super) mod tests;
mod undo;

use aws_config::SdkConfig;
use aws_sdk_backup::Client;

use super::Defaults;
use super::keys;
use super::shared::wrong_target;
use crate::access::Access;
use crate::aws::lazy::Lazy;
use crate::aws::service;
use crate::domain::resource::{Resource, Target};
use crate::error::Result;

const KIND: &str = "efs";

pub struct Efs {
    efs: Lazy<aws_sdk_efs::Client>,
    backup: Lazy<Client>,
    kms: Lazy<service::Client>,
    access: Access,
    defaults: Defaults,
}

impl Efs {
    pub fn from_config(aws: &SdkConfig, defaults: &Defaults) -> Self {
        Self {
            efs: Lazy::new(aws, aws_sdk_efs::Client::new),
            backup: Lazy::new(aws, Client::new),
            kms: Lazy::new(aws, keys::client),
            access: Access::new(aws),
            defaults: defaults.clone(),
        }
    }
}

/// File system, vault and role.
fn target(resource: &Resource) -> Result<(&str, Option<&str>, Option<&str>)> {
    match &resource.target {
        Target::Efs {
            file_system,
            vault,
            role,
        } => Ok((file_system, vault.as_deref(), role.as_deref())),
        _ => Err(wrong_target(KIND, resource)),
    }
}
