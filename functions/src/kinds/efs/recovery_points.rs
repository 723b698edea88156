//! Recovery points of AWS Backup, and the search for one that a run created without recording it: by its tags, among all recovery
//! points of the file system and all jobs that have not ended.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_backup::operation::describe_backup_job::DescribeBackupJobOutput;
use aws_sdk_backup::operation::describe_recovery_point::DescribeRecoveryPointOutput;
use aws_sdk_backup::types::{
    BackupJob, BackupJobState, RecoveryPointByBackupVault, RecoveryPointByResource, RecoveryPointStatus,
};

use aws_smithy_types::DateTime;

use super::{Efs, KIND};
use crate::aws::{code, failure};
use crate::domain::catalog_rebuild::TaggedPoint;
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::resource::{RecoveryPoint, Resource, Target};
use crate::error::{Error, Result};
use crate::kinds::shared::{since, tagged_by, timestamp, wrong_point};

impl Efs {
    pub(super) async fn find_recovery_point(
        &self,
        vault: &str,
        arn: &str,
    ) -> Result<Option<DescribeRecoveryPointOutput>> {
        let answer = self
            .backup
            .describe_recovery_point()
            .backup_vault_name(vault)
            .recovery_point_arn(arn)
            .send()
            .await;
        match answer {
            Ok(found) => Ok(Some(found)),
            Err(error) if code(&error) == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(failure("describing recovery point", arn, error)),
        }
    }
}

/// # Errors
/// `NotReady` while a job that may be this run's has no recovery point that shows its tags.
pub async fn find(efs: &Efs, run: &Run, resource: &Resource, file_system: &str) -> Result<Option<RecoveryPoint>> {
    let source = source(run, file_system)?;
    let jobs = jobs(efs, run, &source).await?;
    let job_of = |arn: &str| {
        let job = jobs.iter().find(|job| job.recovery_point_arn() == Some(arn));
        // AWS Backup discards its jobs after a month; no operation on a recovery point needs them.
        let id = job.and_then(BackupJob::backup_job_id);
        id.unwrap_or_default().to_owned()
    };
    for point in points(efs, run, &source).await? {
        let (Some(arn), Some(vault)) = (point.recovery_point_arn, point.backup_vault_name) else {
            continue;
        };
        if is_ours(efs, run, resource, &arn).await? == Some(true) {
            let job = job_of(&arn);
            return Ok(Some(RecoveryPoint::BackupRecoveryPoint { arn, vault, job }));
        }
    }
    let mut undetermined = None;
    // A plan's job is not this run's.
    for job in jobs
        .into_iter()
        .filter(|job| under_way(job) && job.created_by.is_none())
    {
        let id = job.backup_job_id.unwrap_or_default();
        let (Some(arn), Some(vault)) = (job.recovery_point_arn, job.backup_vault_name) else {
            undetermined = Some(id);
            continue;
        };
        match is_ours(efs, run, resource, &arn).await? {
            Some(true) => {
                let job = id;
                return Ok(Some(RecoveryPoint::BackupRecoveryPoint { arn, vault, job }));
            }
            Some(false) => {}
            None => undetermined = Some(id),
        }
    }
    match undetermined {
        Some(id) => Err(Error::NotReady(format!(
            "looking for the backup of file system {file_system} in set {}: backup job {id} has not ended, and does not show \
             yet whose it is. A later run checks it again",
            run.id
        ))),
        None => Ok(None),
    }
}

/// ARN of the file system, which may be deleted meanwhile: its account and Region are the run's.
fn source(run: &Run, file_system: &str) -> Result<String> {
    match run.execution.split(':').collect::<Vec<_>>()[..] {
        ["arn", partition, "states", region, account, ..] => Ok(format!(
            "arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{file_system}"
        )),
        _ => Err(Error::invalid("execution", &run.execution, "the ARN of an execution")),
    }
}

/// All of its recovery points since the run started. AWS Backup only lists its own, and for EFS there are no others.
async fn points(efs: &Efs, run: &Run, source: &str) -> Result<Vec<RecoveryPointByResource>> {
    let since = since(run);
    let mut found = Vec::new();
    let mut pages = efs
        .backup
        .list_recovery_points_by_resource()
        .resource_arn(source)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failure("listing the recovery points of", source, error))?;
        let points = page.recovery_points.unwrap_or_default();
        found.extend(
            points
                .into_iter()
                .filter(|point| point.creation_date().is_none_or(|made| *made >= since)),
        );
    }
    Ok(found)
}

async fn jobs(efs: &Efs, run: &Run, source: &str) -> Result<Vec<BackupJob>> {
    listed(efs, source, Some(since(run))).await
}

/// Whether a job other than `job` is processing its file system, or waits to.
pub async fn another_runs(efs: &Efs, job: &DescribeBackupJobOutput) -> Result<bool> {
    let jobs = listed(efs, job.resource_arn().unwrap_or_default(), None).await?;
    Ok(jobs
        .iter()
        .any(|other| under_way(other) && other.backup_job_id() != job.backup_job_id()))
}

/// The backup jobs of a file system that have not ended.
pub async fn unfinished_of(efs: &Efs, run: &Run, file_system: &str) -> Result<Vec<String>> {
    let jobs = listed(efs, &source(run, file_system)?, None).await?;
    let under_way = jobs.into_iter().filter(under_way);
    Ok(under_way.filter_map(|job| job.backup_job_id).collect())
}

async fn listed(efs: &Efs, source: &str, created_after: Option<DateTime>) -> Result<Vec<BackupJob>> {
    let mut found = Vec::new();
    let mut pages = efs
        .backup
        .list_backup_jobs()
        .by_resource_arn(source)
        .set_by_created_after(created_after)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failure("listing the backup jobs of", source, error))?;
        found.extend(page.backup_jobs.unwrap_or_default());
    }
    Ok(found)
}

fn under_way(job: &BackupJob) -> bool {
    !matches!(
        job.state(),
        Some(
            BackupJobState::Completed
                | BackupJobState::Failed
                | BackupJobState::Aborted
                | BackupJobState::Expired
                | BackupJobState::Partial
        )
    )
}

/// `None` if there is no recovery point yet.
async fn is_ours(efs: &Efs, run: &Run, resource: &Resource, arn: &str) -> Result<Option<bool>> {
    let tags = tags(efs, arn).await?;
    Ok(tags.map(|tags| {
        let tags: Vec<_> = tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        tagged_by(tags, run, resource)
    }))
}

/// The tags of a recovery point, if it exists.
pub async fn tags(efs: &Efs, arn: &str) -> Result<Option<HashMap<String, String>>> {
    match efs.backup.list_tags().resource_arn(arn).send().await {
        Ok(tags) => Ok(Some(tags.tags.unwrap_or_default())),
        Err(error) if code(&error) == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(failure("listing the tags of recovery point", arn, error)),
    }
}

/// The finished recovery points of file systems with Holdfast's tags, in the stack's vault and in those that `known` resources
/// name.
pub async fn tagged(efs: &Efs, known: &[Resource]) -> Result<Vec<TaggedPoint>> {
    let mut vaults = BTreeSet::from([efs.defaults.vault.as_str()]);
    for resource in known {
        if let Target::Efs { vault: Some(vault), .. } = &resource.target {
            vaults.insert(vault);
        }
    }
    let mut found = Vec::new();
    for vault in vaults {
        let mut pages = efs
            .backup
            .list_recovery_points_by_backup_vault()
            .backup_vault_name(vault)
            .by_resource_type("EFS")
            .into_paginator()
            .items()
            .send();
        while let Some(point) = pages.next().await {
            let point = point.map_err(|error| failure("listing the recovery points in vault", vault, error))?;
            let finished = matches!(
                point.status(),
                Some(RecoveryPointStatus::Completed | RecoveryPointStatus::Available)
            );
            let (true, Some(arn)) = (finished, point.recovery_point_arn()) else {
                continue;
            };
            if let Some(tags) = tags(efs, arn).await? {
                found.extend(tagged_point(efs, vault, arn, &point, &tags));
            }
        }
    }
    Ok(found)
}

fn tagged_point(
    efs: &Efs,
    vault: &str,
    arn: &str,
    point: &RecoveryPointByBackupVault,
    tags: &HashMap<String, String>,
) -> Option<TaggedPoint> {
    let (_, file_system) = point.resource_arn()?.split_once(":file-system/")?;
    Some(TaggedPoint {
        deployment: tags.get(names::TAG_DEPLOYMENT)?.clone(),
        set: tags.get(names::TAG_SET)?.clone(),
        resource: Some(tags.get(names::TAG_RESOURCE)?.clone()),
        target: Target::Efs {
            file_system: file_system.to_owned(),
            vault: (vault != efs.defaults.vault).then(|| vault.to_owned()),
            role: None,
        },
        recovery_point: RecoveryPoint::BackupRecoveryPoint {
            arn: arn.to_owned(),
            vault: vault.to_owned(),
            // AWS Backup discards its jobs after a month; no operation on a sealed recovery point needs them.
            job: String::new(),
        },
        // The data is as of the job's end.
        captured_at: point.completion_date().and_then(timestamp)?,
        size_bytes: point.backup_size_in_bytes().and_then(|size| u64::try_from(size).ok()),
        sealed: tags.get(names::TAG_SEALED).and_then(|count| count.parse().ok()),
    })
}

/// ARN, vault and job.
pub fn parts(point: &RecoveryPoint) -> Result<(&str, &str, &str)> {
    match point {
        RecoveryPoint::BackupRecoveryPoint { arn, vault, job } => Ok((arn, vault, job)),
        _ => Err(wrong_point(KIND, point)),
    }
}
