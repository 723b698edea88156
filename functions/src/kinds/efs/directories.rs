//! The directory that AWS Backup restored into: found by listing the file system, never computed.

use super::Efs;
use super::plan::FileSystemPlan;
use super::restore_jobs::{self, Job};
use crate::access::unmounted;
use crate::domain::efs_access::ListedDirectory;
use crate::domain::efs_access::directory::{DirectoryKind, DirectoryOrigin, find_directories_of};
use crate::domain::restore::item::RestoreProgress;
use crate::error::Result;

/// How long a directory may be missing from a listing after its job ended, in seconds: NFS clients cache one for a minute.
const SHOWN_WITHIN: i64 = 300;

/// The result of the search.
pub enum LocatedDirectory {
    /// The directory with its leading slash, and the remarks on it.
    Directory(String, Vec<String>),
    NotYet,
    /// It cannot be determined, and why.
    Unknown(String),
}

/// Locates the directory of a completed job, for a restore into the file system that was backed up.
pub async fn locate(efs: &Efs, plan: &FileSystemPlan<'_>, job: &Job) -> Result<RestoreProgress> {
    let located = match find(efs, plan.source, job).await? {
        None => LocatedDirectory::Unknown(unmounted(plan.source)),
        Some(located) => located,
    };
    Ok(match located {
        LocatedDirectory::Directory(directory, remarks) => RestoreProgress::Restored {
            made: plan.created_resource(&job.id, None, Some(directory)),
            remarks,
        },
        LocatedDirectory::NotYet => RestoreProgress::InProgress {
            stage: Some("locating"),
            phase: format!(
                "restore job {} is COMPLETED; its directory is not yet seen in file system {}",
                job.id, plan.source
            ),
            percent: None,
            made: Some(plan.created_resource(&job.id, None, None)),
        },
        LocatedDirectory::Unknown(why) => RestoreProgress::Failed {
            reason: format!(
                "restore job {} completed, but its directory cannot be determined: {why}",
                job.id
            ),
        },
    })
}

/// `None` if no function mounts the file system.
pub async fn find(efs: &Efs, file_system: &str, job: &Job) -> Result<Option<LocatedDirectory>> {
    let Some(listing) = efs.access.list(file_system, 0).await? else {
        return Ok(None);
    };
    let others = restore_jobs::others(efs, job, file_system).await?;
    let remarks = match find_directories_of(
        job.window,
        &others,
        &listing.directories,
        &[DirectoryKind::LostAndFound],
    ) {
        DirectoryOrigin::None => Vec::new(),
        DirectoryOrigin::These(lost) | DirectoryOrigin::Unclear(lost) => lost
            .iter()
            .map(|lost| {
                format!(
                    "AWS Backup could not restore everything to its place: see /{} of file system {file_system}",
                    lost.name
                )
            })
            .collect(),
    };
    Ok(Some(
        match find_directories_of(job.window, &others, &listing.directories, &[DirectoryKind::Restore]) {
            DirectoryOrigin::These(found) => LocatedDirectory::Directory(names(&found), remarks),
            DirectoryOrigin::None if job.ended_for.is_none_or(|seconds| seconds < SHOWN_WITHIN) => {
                LocatedDirectory::NotYet
            }
            DirectoryOrigin::None => LocatedDirectory::Unknown(format!(
                "file system {file_system} shows none that was created while it ran"
            )),
            DirectoryOrigin::Unclear(found) => LocatedDirectory::Unknown(format!(
                "in file system {file_system} it may be any of {}: another restore ran at the same time. See which it is, \
                 and remove what is not needed",
                names(&found)
            )),
        },
    ))
}

/// The paths of directories at the root, as text.
pub fn names(directories: &[&ListedDirectory]) -> String {
    let paths: Vec<_> = directories
        .iter()
        .map(|directory| format!("/{}", directory.name))
        .collect();
    paths.join(", ")
}
