//! Deletes what a restore created: the directory that its job created, or the file system that its job names or that has its token;
//! nothing else.

use aws_sdk_efs::types::FileSystemDescription;

use super::Efs;
use super::directories::names as paths;
use super::file_systems::find_file_system;
use super::new_file_system::sdk_tags;
use super::plan::FileSystemPlan;
use super::restore_jobs::{self, Job, JobState};
use crate::access::unmounted;
use crate::aws::{code, failure};
use crate::domain::efs_access::directory::{DirectoryKind, DirectoryOrigin, find_directories_of};
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::restore::item::{CreatedResource as Recorded, UndoProgress};
use crate::error::Result;
use crate::kinds::shared::since;

pub async fn undo(efs: &Efs, run: &Run, plan: &FileSystemPlan<'_>) -> Result<UndoProgress> {
    let mut id = match plan.job() {
        Some(job) => Some(job.to_owned()),
        None => restore_jobs::find(efs, run, plan).await?,
    };
    let mut job = match &id {
        Some(id) => restore_jobs::find_by_id(efs, id).await?,
        None => None,
    };
    // Its replacement may have been started by a call that ended before it recorded it.
    if job.as_ref().is_some_and(|job| job.state == JobState::Blocked)
        && let Some(again) = restore_jobs::find(efs, run, plan).await?
    {
        job = restore_jobs::find_by_id(efs, &again).await?;
        id = Some(again);
    }
    if let Some(job) = job.as_ref().filter(|job| job.state == JobState::UnderWay) {
        return Ok(UndoProgress::Underway(format!(
            "restore job {} is {}; AWS Backup cannot stop it",
            job.id, job.words
        )));
    }
    if plan.new {
        return file_system(efs, run, plan, job.as_ref()).await;
    }
    match (&plan.item.created, job, id) {
        (
            Some(Recorded::Directory {
                directory: Some(known), ..
            }),
            ..,
        ) => directory(efs, plan.source, known).await,
        (_, Some(job), _) => directories(efs, plan, &job).await,
        (_, None, Some(id)) => Ok(UndoProgress::Remains(format!(
            "AWS Backup does not know restore job {id} any more, so what it created in file system {} cannot be determined: \
             look for directories aws-backup-restore_… at its root, and remove what is not needed",
            plan.source
        ))),
        (_, None, None) => Ok(UndoProgress::Gone),
    }
}

/// Removes what a job that has ended created at the root.
async fn directories(efs: &Efs, plan: &FileSystemPlan<'_>, job: &Job) -> Result<UndoProgress> {
    let source = plan.source;
    let remains = |why: &str| {
        Ok(UndoProgress::Remains(format!(
            "what restore job {} created in file system {source} could not be removed: {why}. Then look for directories \
             aws-backup-restore_… at its root, and remove what is not needed",
            job.id
        )))
    };
    let Some(listing) = efs.access.list(source, 0).await? else {
        return remains(&unmounted(source));
    };
    let every = [
        DirectoryKind::Restore,
        DirectoryKind::FailedRestore,
        DirectoryKind::LostAndFound,
    ];
    let others = restore_jobs::others(efs, job, source).await?;
    match find_directories_of(job.window, &others, &listing.directories, &every) {
        DirectoryOrigin::None => Ok(UndoProgress::Gone),
        DirectoryOrigin::Unclear(found) => remains(&format!(
            "another restore ran at the same time, and {} may be its own",
            paths(&found)
        )),
        DirectoryOrigin::These(found) => {
            for one in found {
                match directory(efs, source, &one.name).await? {
                    UndoProgress::Gone => {}
                    not_gone => return Ok(not_gone),
                }
            }
            Ok(UndoProgress::Gone)
        }
    }
}

/// Removes a part of one directory.
async fn directory(efs: &Efs, file_system: &str, name: &str) -> Result<UndoProgress> {
    let name = name.trim_start_matches('/');
    Ok(match efs.access.remove(file_system, name).await? {
        Some(removed) if removed.gone => UndoProgress::Gone,
        Some(_) => UndoProgress::Underway(format!(
            "directory /{name} of file system {file_system} is being removed"
        )),
        None => UndoProgress::Remains(format!(
            "directory /{name} of file system {file_system}: {}, then remove the directory",
            unmounted(file_system)
        )),
    })
}

/// Deletes the file system that the restore job created, whatever its creation token; otherwise the one with this restore's token,
/// which no other caller can have given it.
async fn file_system(efs: &Efs, run: &Run, plan: &FileSystemPlan<'_>, job: Option<&Job>) -> Result<UndoProgress> {
    // For a job that AWS Backup has discarded, or that does not report what it created: what was recorded when it did.
    let noted = match &plan.item.created {
        Some(Recorded::FileSystem { file_system, .. }) => file_system.as_deref(),
        _ => None,
    };
    let made = job.and_then(Job::created).or(noted);
    let found = match made.filter(|made| *made != plan.source) {
        Some(made) => find_file_system(efs, made)
            .await?
            .filter(|found| is_created_by_run(run, plan, found)),
        None => find_by_token(efs, &plan.token).await?,
    };
    let Some(found) = &found else {
        return Ok(UndoProgress::Gone);
    };
    let id = found.file_system_id();
    match found.life_cycle_state().as_str() {
        "deleted" => return Ok(UndoProgress::Gone),
        "deleting" => return Ok(deleting(id)),
        "creating" | "updating" => {
            return Ok(UndoProgress::Underway(format!(
                "file system {id} is {}, it is deleted when that has ended",
                found.life_cycle_state().as_str()
            )));
        }
        _ => {}
    }
    if ensure_tagged(efs, run, plan, found).await? {
        return Ok(UndoProgress::Underway(format!(
            "file system {id} was given this restore's tags, it is deleted next"
        )));
    }
    access_points(efs, id).await?;
    if let Some(waits) = mount_targets(efs, id).await? {
        return Ok(waits);
    }
    match efs.efs.delete_file_system().file_system_id(id).send().await {
        Ok(_) => {}
        Err(error) if code(&error) == Some("FileSystemNotFound") => return Ok(UndoProgress::Gone),
        // A mount target that is not deleted yet.
        Err(error) if code(&error) == Some("FileSystemInUse") => return Ok(deleting(id)),
        Err(error) => return Err(failure("deleting file system", id, error)),
    }
    Ok(match find_file_system(efs, id).await? {
        None => UndoProgress::Gone,
        Some(_) => deleting(id),
    })
}

/// Nothing that is older than the run was created by it, whatever names it.
fn is_created_by_run(run: &Run, plan: &FileSystemPlan<'_>, found: &FileSystemDescription) -> bool {
    found.creation_token() == plan.token || found.creation_time().as_nanos() >= since(run).as_nanos()
}

async fn find_by_token(efs: &Efs, token: &str) -> Result<Option<FileSystemDescription>> {
    let answer = efs.efs.describe_file_systems().creation_token(token).send().await;
    let answer = answer.map_err(|error| failure("looking for a file system of token", token, error))?;
    let found = answer.file_systems.unwrap_or_default().into_iter();
    Ok(found.into_iter().find(|found| found.creation_token() == token))
}

/// Adds this restore's tags to the file system if they are missing, for example because the response about its job was lost: IAM
/// only allows the deletion of tagged file systems.
async fn ensure_tagged(efs: &Efs, run: &Run, plan: &FileSystemPlan<'_>, found: &FileSystemDescription) -> Result<bool> {
    let ours = names::restore_tags(&run.deployment, &run.id, &plan.item.planned.resource.name);
    let has = |key: &str, value: &str| found.tags().iter().any(|tag| tag.key() == key && tag.value() == value);
    if ours.iter().all(|(key, value)| has(key, value)) {
        return Ok(false);
    }
    let ours = ours.map(|(key, value)| (key.to_owned(), value));
    let tags = sdk_tags(ours.iter().map(|(key, value)| (key, value)))?;
    let id = found.file_system_id();
    let request = efs.efs.tag_resource().resource_id(id).set_tags(Some(tags));
    request
        .send()
        .await
        .map(|_| true)
        .map_err(|error| failure("tagging file system", id, error))
}

fn deleting(id: &str) -> UndoProgress {
    UndoProgress::Underway(format!("file system {id} is being deleted"))
}

async fn access_points(efs: &Efs, id: &str) -> Result<()> {
    let mut pages = efs
        .efs
        .describe_access_points()
        .file_system_id(id)
        .into_paginator()
        .send();
    let mut points = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failure("describing the access points of file system", id, error))?;
        points.extend(page.access_points.unwrap_or_default());
    }
    for point in points.iter().filter_map(|point| point.access_point_id()) {
        match efs.efs.delete_access_point().access_point_id(point).send().await {
            Ok(_) => {}
            Err(error) if code(&error) == Some("AccessPointNotFound") => {}
            Err(error) => return Err(failure("deleting access point", point, error)),
        }
    }
    Ok(())
}

/// Returns what to wait for until no mount target is left.
async fn mount_targets(efs: &Efs, id: &str) -> Result<Option<UndoProgress>> {
    let answer = efs.efs.describe_mount_targets().file_system_id(id).send().await;
    let answer = answer.map_err(|error| failure("describing the mount targets of file system", id, error))?;
    for target in answer.mount_targets() {
        if target.life_cycle_state().as_str() == "deleting" {
            continue;
        }
        let target = target.mount_target_id();
        match efs.efs.delete_mount_target().mount_target_id(target).send().await {
            Ok(_) => {}
            Err(error) if code(&error) == Some("MountTargetNotFound") => {}
            Err(error) => return Err(failure("deleting mount target", target, error)),
        }
    }
    let waits = !answer.mount_targets().is_empty();
    Ok(waits.then(|| UndoProgress::Underway(format!("the mount targets of file system {id} are being deleted"))))
}
