//! Restores a dump: a job whose name is derived from the restore creates the database, beside the one that was dumped.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{LOAD, Postgres, compare, database, planned, preflight};
use crate::domain::job::Run;
use crate::domain::resource::Resource;
use crate::domain::restore::item::{CreatedResource, RestoreItem, RestoreProgress, UndoProgress};
use crate::domain::restore::verdict::Check;
use crate::domain::set::Sample;
use crate::domain::transfers::archive_access::ArchiveRequest;
use crate::domain::transfers::database_access::{DatabaseAction, DropResult};
use crate::domain::transfers::{DumpFacts, Order, Transfer, execution_name};
use crate::error::{Error, Result};
use crate::kinds::{Preflight, Restore};
use crate::transfers::TransferState;

#[async_trait]
impl Restore for Postgres {
    async fn preflight(&self, run: &Run, item: &RestoreItem) -> Result<Preflight> {
        preflight::check(self, run, item).await
    }

    async fn advance(&self, run: &Run, item: &RestoreItem) -> Result<RestoreProgress> {
        let (folder, copy) = planned(item)?;
        let resource = &item.planned.resource;
        let server = database(resource)?.server;
        let name = execution_name(&run.id, &resource.name, LOAD);
        let execution = self.transfers.execution(&name);
        let made = CreatedResource::Database {
            database: copy.to_owned(),
            host: server.host,
            port: server.port,
            execution: execution.clone(),
        };
        let phase = format!("database {copy} is being restored");
        let in_progress = |phase| RestoreProgress::InProgress {
            stage: Some("restoring"),
            phase,
            percent: None,
            made: Some(made.clone()),
        };
        match self.transfers.look(&execution).await? {
            TransferState::Unknown => {
                self.start(run, resource, folder, &name).await?;
                Ok(in_progress(phase))
            }
            TransferState::Running => Ok(in_progress(phase)),
            TransferState::Succeeded { .. } => Ok(RestoreProgress::Restored {
                made,
                remarks: Vec::new(),
            }),
            TransferState::Failed(failure) => Ok(RestoreProgress::Failed {
                reason: format!("{}: {}", failure.error, failure.message()),
            }),
        }
    }

    /// Stops the job, then drops the database, if it is this restore's: what a function in flight still creates it drops itself.
    async fn undo(&self, run: &Run, item: &RestoreItem) -> Result<UndoProgress> {
        let (_, copy) = planned(item)?;
        let resource = &item.planned.resource;
        let server = database(resource)?.server;
        let execution = self.transfers.execution(&execution_name(&run.id, &resource.name, LOAD));
        self.transfers.stop(&execution, "the restore is undone").await?;
        let action = DatabaseAction::Drop {
            database: copy.to_owned(),
            restore: run.id.clone(),
        };
        match self.transfers.database(&server, action).await {
            Ok(DropResult::Gone) => Ok(UndoProgress::Gone),
            Ok(DropResult::Foreign) => {
                tracing::warn!(database = copy, restore = %run.id, "left in place: this restore did not create it");
                Ok(UndoProgress::Gone)
            }
            Ok(DropResult::InUse(clients)) => Ok(UndoProgress::Remains(format!(
                "database {copy} is used by {clients}: end them, then undo the restore again"
            ))),
            Err(Error::AccessDenied(reason)) => Ok(UndoProgress::Remains(reason)),
            Err(error) => Err(error),
        }
    }

    async fn compare(&self, _: &Run, item: &RestoreItem, _: bool) -> Result<Vec<Check>> {
        compare::compare(self, item).await
    }

    /// A dump's every byte is checked while it is restored; its probes are counts of the whole.
    async fn sample(&self, resource: &Resource, _: &Value) -> Result<Option<Sample>> {
        database(resource)?;
        Ok(None)
    }
}

impl Postgres {
    async fn start(&self, run: &Run, resource: &Resource, folder: &str, name: &str) -> Result<()> {
        let verify = ArchiveRequest::VerifyDump {
            folder: folder.to_owned(),
        };
        let facts: DumpFacts = self.transfers.archive(&verify).await?;
        let transfer = Transfer {
            step: LOAD.to_owned(),
            placement: self.place_load(resource, facts.database_bytes)?,
            input: json!(Order {
                run: run.clone(),
                resource: resource.clone(),
                folder: folder.to_owned(),
                task: None,
            }),
        };
        self.transfers.start(name, &transfer).await.map(|_| ())
    }
}
