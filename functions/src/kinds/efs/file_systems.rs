//! File systems as EFS describes them.

use aws_sdk_efs::types::FileSystemDescription;

use super::Efs;
use crate::aws::{code, failure};
use crate::error::Result;

/// A file system, if it exists.
pub async fn find_file_system(efs: &Efs, file_system: &str) -> Result<Option<FileSystemDescription>> {
    match efs.efs.describe_file_systems().file_system_id(file_system).send().await {
        Ok(found) => Ok(found.file_systems.and_then(|found| found.into_iter().next())),
        Err(error) if code(&error) == Some("FileSystemNotFound") => Ok(None),
        Err(error) => Err(failure("describing file system", file_system, error)),
    }
}
