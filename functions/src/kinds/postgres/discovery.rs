//! What a backup asks about databases: where their rows are counted.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{KIND, Postgres, database};
use crate::domain::kinds::postgres::connection;
use crate::domain::probe::Endpoint;
use crate::domain::resource::{Resource, Target};
use crate::domain::transfers::database_access::{DatabaseAction, Obstacles};
use crate::error::{Error, Fault, Result};
use crate::kinds::shared::{WITH_PATTERNS, unsupported, wrong_target_of};
use crate::kinds::{BackupQuota, Discovery, Recovery};

#[async_trait]
impl Discovery for Postgres {
    async fn matching(&self, pattern: &Target) -> Result<Vec<String>> {
        Err(unsupported(pattern, WITH_PATTERNS))
    }

    async fn copies(&self) -> Result<BTreeSet<String>> {
        Ok(BTreeSet::new())
    }

    async fn endpoint(&self, target: &Target) -> Result<Endpoint> {
        let server = connection(target).map_err(|_| wrong_target_of(KIND, target))?.server;
        match self.exists(target).await? {
            true => Ok(Endpoint {
                host: server.host,
                port: server.port,
            }),
            false => Err(Error::NotFound(format!(
                "counting rows: there is no database {} at {}:{}",
                target.identifier(),
                server.host,
                server.port
            ))),
        }
    }

    /// The server's version, the login, and whether the database exists.
    async fn obstacles(&self, resource: &Resource) -> Result<Vec<Fault>> {
        let of = database(resource)?;
        let action = DatabaseAction::CheckDump {
            database: of.database.to_owned(),
        };
        let found: Obstacles = self.transfers.database(&of.server, action).await?;
        let fault = |(error, text): (String, String)| Fault {
            path: format!("resources.{}.database", resource.name),
            value: format!("{} ({error}: {text})", of.database),
            allowed: "a database that can be dumped".to_owned(),
        };
        Ok(found.faults.into_iter().map(fault).collect())
    }

    /// S3 does not limit the number of objects.
    async fn backup_quota(&self) -> Result<Option<BackupQuota>> {
        Ok(None)
    }
}
