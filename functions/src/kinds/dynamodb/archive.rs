//! The archive of a table: an execution of the machine `transfer`, started with the backup.

use serde_json::json;

use super::DynamoDb;
use crate::domain::job::{Finished, Progress, Run};
use crate::domain::names;
use crate::domain::resource::{Resource, Target};
use crate::domain::table_archive::{StoredArchive, TableArchive};
use crate::domain::table_export::ExportRequest;
use crate::domain::transfers::archive_access::{ArchiveRequest, FolderRemoval};
use crate::domain::transfers::{Placement, Transfer, execution_name};
use crate::error::{Error, Result};
use crate::kinds::shared::refused;
use crate::kinds::{Deletion, StartedBackup};
use crate::transfers::TransferState;

const STEP: &str = "export-table";

/// The archive that a run writes of a resource; `None` if its descriptor asks for none.
pub fn planned(dynamodb: &DynamoDb, run: &Run, resource: &Resource) -> Option<StoredArchive> {
    wanted(resource)?;
    let prefix = names::table_archive(&run.deployment, &resource.name, &run.id);
    Some(StoredArchive {
        address: format!("s3://{}/{prefix}", dynamodb.transfers.bucket()),
        job: dynamodb
            .transfers
            .execution(&execution_name(&run.id, &resource.name, STEP)),
    })
}

fn wanted(resource: &Resource) -> Option<(&str, &TableArchive)> {
    match &resource.target {
        Target::DynamoDb { table, archive } => archive.as_ref().map(|archive| (table.as_str(), archive)),
        _ => None,
    }
}

/// Starts the job that writes the archive, as of the table's backup; or adopts it.
pub async fn start(dynamodb: &DynamoDb, run: &Run, resource: &Resource, backup: &StartedBackup) -> Result<()> {
    let Some((table, archive)) = wanted(resource) else {
        return Ok(());
    };
    let request = ExportRequest {
        run: run.clone(),
        resource: resource.name.clone(),
        table: table.to_owned(),
        archive: archive.clone(),
        prefix: names::table_archive(&run.deployment, &resource.name, &run.id),
        at: backup.started_at,
    };
    let name = execution_name(&run.id, &resource.name, STEP);
    let transfer = Transfer {
        step: STEP.to_owned(),
        placement: Placement::Function,
        input: json!(request),
    };
    dynamodb.transfers.start(&name, &transfer).await.map(|_| ())
}

/// The progress of a backup together with its archive's: succeeded when both are, failed when one is.
pub async fn with_archive(dynamodb: &DynamoDb, backup: Progress, archive: &StoredArchive) -> Result<Progress> {
    if matches!(backup, Progress::Failed { .. } | Progress::Blocked { .. }) {
        return Ok(backup);
    }
    let failed = |reason: String| Progress::Failed {
        reason: format!(
            "the archive in {} failed, so the set is not sealed: {reason}. Correct what it names and start a new run, or remove \
             `archive` from the resource",
            archive.address
        ),
    };
    Ok(match (backup, dynamodb.transfers.look(&archive.job).await?) {
        (_, TransferState::Failed(failure)) => failed(format!(
            "{}: {} (execution {})",
            failure.error,
            failure.message(),
            archive.job
        )),
        (_, TransferState::Unknown) => failed(format!("its execution {} is not there any more", archive.job)),
        (Progress::Succeeded(backup), TransferState::Succeeded { ended_at }) => Progress::Succeeded(Finished {
            finished_at: ended_at,
            ..backup
        }),
        _ => Progress::InProgress { percent: None },
    })
}

/// Deletes an archive's files, after its job was stopped: it might still write some.
///
/// # Errors
/// `Conflict` if the files are not those of a set of this run's deployment.
pub async fn delete(dynamodb: &DynamoDb, run: &Run, archive: &StoredArchive) -> Result<Deletion> {
    let ours = |prefix: &str| {
        prefix.starts_with(&format!("tables/{}/", run.deployment)) && prefix.ends_with(&format!("/{}/", run.id))
    };
    let Some((_, prefix)) = archive.bucket_and_prefix().filter(|(_, prefix)| ours(prefix)) else {
        return Err(Error::Conflict(format!(
            "deleting archive {}: it is not in the folder of set {} of deployment {}, so it is left in place. Delete it by hand if it \
             is not needed",
            archive.address, run.id, run.deployment
        )));
    };
    dynamodb
        .transfers
        .stop(&archive.job, "its backup set is deleted")
        .await?;
    let request = ArchiveRequest::DeleteFolder {
        folder: prefix.trim_end_matches('/').to_owned(),
    };
    match dynamodb.transfers.archive(&request).await {
        Ok(FolderRemoval { gone: true }) => Ok(Deletion::Gone),
        Ok(FolderRemoval { gone: false }) => Ok(Deletion::Underway),
        Err(error) => refused(error),
    }
}
