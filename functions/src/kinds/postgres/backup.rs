//! Dumps a database: a job whose name is derived from the set.

use async_trait::async_trait;
use holdfast_transfer::postgres::MANIFEST;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{DUMP, Postgres, database, parts};
use crate::domain::catalog_rebuild::TaggedPoint;
use crate::domain::job::{Failure, Finished, Progress, Run};
use crate::domain::resource::{RecoveryPoint, Resource};
use crate::domain::set::ProbeResult;
use crate::domain::transfers::archive_access::{ArchiveRequest, Removal};
use crate::domain::transfers::database_access::{DatabaseAction, DatabaseDescription};
use crate::domain::transfers::{DumpFacts, Order, Transfer, dump_folder, dumps_of, execution_name};
use crate::error::{Class, Error, Result};
use crate::kinds::shared::ensure_ours;
use crate::kinds::{Backup, Deletion, StartedBackup};
use crate::transfers::TransferState;

#[async_trait]
impl Backup for Postgres {
    async fn capture(&self, resource: &Resource) -> Result<Value> {
        Ok(json!(self.describe(resource).await?))
    }

    /// # Errors
    /// `InvalidInput` for a server that no client of the layer can dump.
    async fn back_up(&self, run: &Run, resource: &Resource) -> Result<StartedBackup> {
        let described = self.describe(resource).await?;
        if let Some(why) = described.no_client {
            return Err(Error::JobFailed(format!("dumping {}: {why}", resource.name)));
        }
        let placement = self.place_dump(run, resource, described.size_bytes).await?;
        let folder = dump_folder(&run.deployment, &resource.name, &run.id);
        let transfer = Transfer {
            step: DUMP.to_owned(),
            placement,
            input: json!(Order {
                run: run.clone(),
                resource: resource.clone(),
                folder: folder.clone(),
                task: None,
            }),
        };
        let name = execution_name(&run.id, &resource.name, DUMP);
        let started = self.transfers.start(&name, &transfer).await?;
        Ok(StartedBackup {
            recovery_point: self.point(&folder, started.execution),
            started_at: started.started_at,
        })
    }

    /// By the name of its job.
    async fn find(&self, run: &Run, resource: &Resource) -> Result<Option<RecoveryPoint>> {
        database(resource)?;
        let execution = self.transfers.execution(&execution_name(&run.id, &resource.name, DUMP));
        Ok(match self.transfers.look(&execution).await? {
            TransferState::Unknown => None,
            _ => Some(self.point(&dump_folder(&run.deployment, &resource.name, &run.id), execution)),
        })
    }

    /// A dump whose job has succeeded is verified every time: its objects, their checksums, and the table of contents of each archive.
    async fn poll(&self, resource: &Resource, point: &RecoveryPoint) -> Result<Progress> {
        database(resource)?;
        let (folder, execution) = parts(point)?;
        let ended_at = match self.transfers.look(execution).await? {
            TransferState::Running => return Ok(Progress::InProgress { percent: None }),
            TransferState::Failed(failure) => {
                return Ok(Progress::Failed {
                    reason: format!("{}: {}", failure.error, failure.message()),
                });
            }
            TransferState::Succeeded { ended_at } => ended_at,
            // Ended more than 90 days ago: only the archive knows.
            TransferState::Unknown => None,
        };
        let request = ArchiveRequest::VerifyDump {
            folder: folder.to_owned(),
        };
        match self.transfers.archive::<DumpFacts>(&request).await {
            Ok(facts) => Ok(Progress::Succeeded(finished(facts, ended_at))),
            Err(error) if error.class() == Class::Final => Ok(Progress::Failed {
                reason: error.to_string(),
            }),
            Err(error) => Err(error),
        }
    }

    async fn abandon(&self, point: &RecoveryPoint) -> Result<()> {
        let (_, execution) = parts(point)?;
        self.transfers.stop(execution, "the backup passed its deadline").await
    }

    async fn mark_sealed(&self, point: &RecoveryPoint, points: usize) -> Result<()> {
        let (folder, _) = parts(point)?;
        let request = ArchiveRequest::SealDump {
            folder: folder.to_owned(),
            points,
        };
        self.transfers.archive(&request).await
    }

    /// A dump says whose it is and where its database was; which secret has the login, only a descriptor does.
    async fn tagged(&self, known: &[Resource]) -> Result<Vec<TaggedPoint>> {
        self.tagged_dumps(known).await
    }

    async fn delete(&self, run: &Run, point: &RecoveryPoint) -> Result<Deletion> {
        let (folder, execution) = parts(point)?;
        let state = self.transfers.look(execution).await?;
        // The error that every kind has for what is not its deployment's.
        let not_ours = |what: &str| ensure_ours(what, [], run).map(|()| Deletion::Gone);
        if !folder.starts_with(&format!("{}/", dumps_of(&run.deployment))) {
            return not_ours(folder);
        }
        // A job that still writes would complete the dump again.
        if state == TransferState::Running {
            self.transfers.stop(execution, "its backup set is deleted").await?;
        }
        let request = ArchiveRequest::DeleteDump {
            folder: folder.to_owned(),
            deployment: run.deployment.clone(),
        };
        match self.transfers.archive(&request).await? {
            Removal::Gone => Ok(Deletion::Gone),
            Removal::Kept(reason) => Ok(Deletion::Protected(reason)),
            Removal::NotOurs(what) => not_ours(&what),
        }
    }
}

impl Postgres {
    /// Describes a database.
    pub(super) async fn describe(&self, resource: &Resource) -> Result<DatabaseDescription> {
        let connection = database(resource)?;
        let action = DatabaseAction::Describe {
            database: connection.database.to_owned(),
        };
        self.transfers.database(&connection.server, action).await
    }

    /// The ARN of a dump's manifest, which represents the dump.
    pub(super) fn manifest_arn(&self, folder: &str) -> String {
        self.transfers.object_arn(&format!("{folder}/{MANIFEST}"))
    }

    pub(super) fn point(&self, folder: &str, execution: String) -> RecoveryPoint {
        RecoveryPoint::DatabaseDump {
            arn: self.manifest_arn(folder),
            folder: folder.to_owned(),
            execution,
        }
    }
}

fn finished(facts: DumpFacts, finished_at: Option<Timestamp>) -> Finished {
    let captured_at = facts.captured_by(finished_at);
    let counted = facts.counts.into_iter().map(|(name, count)| ProbeResult {
        name,
        count: Some(count),
        failure: None,
    });
    let uncounted = facts.uncounted.into_iter().map(|(name, cause)| ProbeResult {
        name,
        count: None,
        failure: Some(Failure {
            error: "VerificationFailed".to_owned(),
            cause,
        }),
    });
    Finished {
        captured_at,
        finished_at,
        size_bytes: Some(facts.size_bytes),
        probes: counted.chain(uncounted).collect(),
    }
}
