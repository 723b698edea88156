//! `efs-access`: for the kind `efs`, reads the file system mounted into the function (`infra/efs-access.yaml`, one stack for each
//! file system): lists the directories that restores created, samples and compares files, and removes a restore's directory. It
//! calls no AWS service.

mod comparison;
mod directories;
mod listing;
mod removal;
mod samples;
#[cfg(test)]
mod tests;
mod tree;

use std::path::PathBuf;
use std::time::Duration;

use aws_config::SdkConfig;
use tokio::time::Instant;

use crate::domain::efs_access::{AccessRequest, AccessResponse};
use crate::error::Result;
use crate::runtime;

/// Lambda's mount path of the file system, unless the setting `MOUNT_PATH` says otherwise.
const MOUNT_PATH: &str = "/mnt/efs";

pub struct Needs {
    mount: PathBuf,
}

impl Needs {
    pub fn from_env(_: &SdkConfig) -> Result<Self> {
        let mount = runtime::optional_setting("MOUNT_PATH");
        Ok(Self {
            mount: mount.unwrap_or_else(|| MOUNT_PATH.to_owned()).into(),
        })
    }
}

pub async fn handle(needs: &Needs, request: AccessRequest) -> Result<AccessResponse> {
    let mount = &needs.mount;
    match request {
        AccessRequest::List { most_entries } => listing::list(mount, most_entries).map(AccessResponse::Listing),
        AccessRequest::Sample {
            root,
            most_entries,
            most_files,
            within_seconds,
        } => {
            let until = Instant::now() + Duration::from_secs(within_seconds);
            samples::sample(mount, &root, most_entries, most_files, until).map(AccessResponse::Sample)
        }
        AccessRequest::Find { paths } => directories::find(mount, paths).map(AccessResponse::Found),
        AccessRequest::Check {
            root,
            sampled,
            most_entries,
        } => comparison::check(mount, &root, sampled, most_entries).map(AccessResponse::Checked),
        AccessRequest::Remove { directory } => removal::remove(mount, &directory).map(AccessResponse::Removed),
    }
}
