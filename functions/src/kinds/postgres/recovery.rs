//! What a database can be restored from without the catalog: the dumps of its deployment that the archive has.

use async_trait::async_trait;
use holdfast_transfer::postgres::beside;
use jiff::Timestamp;
use serde_json::Value;

use super::listing::is_of_server;
use super::{KIND, Postgres};
use crate::domain::job::Run;
use crate::domain::kinds::postgres::connection;
use crate::domain::resource::{Resource, Target};
use crate::domain::restore::naming::{Naming, Overrides};
use crate::domain::restore::plan::{Destination, Source};
use crate::domain::restore::retained_backups::{ContinuousBackup, RetainedBackup, RetainedBackups, newest};
use crate::domain::transfers::archive_access::ListedDump;
use crate::domain::transfers::database_access::{DatabaseAction, DatabaseDescription};
use crate::domain::transfers::dumps_of;
use crate::error::{Error, Result};
use crate::kinds::Recovery;
use crate::kinds::shared::wrong_target_of;

#[async_trait]
impl Recovery for Postgres {
    async fn exists(&self, target: &Target) -> Result<bool> {
        let found = connection(target).map_err(|_| wrong_target_of(KIND, target))?;
        let action = DatabaseAction::Describe {
            database: found.database.to_owned(),
        };
        match self
            .transfers
            .database::<DatabaseDescription>(&found.server, action)
            .await
        {
            Ok(_) => Ok(true),
            Err(Error::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A dump is of one moment.
    async fn continuous_backup(&self, target: &Target) -> Result<Option<ContinuousBackup>> {
        connection(target).map_err(|_| wrong_target_of(KIND, target))?;
        Ok(None)
    }

    async fn retained_backups(
        &self,
        deployment: &str,
        target: &Target,
        before: Option<Timestamp>,
    ) -> Result<RetainedBackups> {
        let wanted = connection(target).map_err(|_| wrong_target_of(KIND, target))?;
        let dumps = self.dumps(dumps_of(deployment)).await?;
        let of_database = |dump: &&ListedDump| is_of_server(dump, &wanted);
        let backups = dumps.iter().filter(of_database).map(|dump| RetainedBackup {
            source: Source::DatabaseDump {
                arn: self.manifest_arn(&dump.folder),
                folder: dump.folder.clone(),
            },
            captured_at: dump.captured_at(),
            size_bytes: Some(dump.facts.size_bytes),
        });
        let until = before
            .map(|before| format!(" from before {before}"))
            .unwrap_or_default();
        let found = newest(backups, before).ok_or_else(|| format!("a dump of the database{until}"));
        Ok(RetainedBackups::Found(vec![(wanted.database.to_owned(), found)]))
    }

    /// `<database>_<suffix>`, so that its name needs no quotes.
    async fn destination(&self, _: &Run, resource: &Resource, naming: &Naming<'_>) -> Result<Destination> {
        let source = connection(&resource.target).map_err(|_| wrong_target_of(KIND, &resource.target))?;
        let database = match naming.given {
            Some(given) => given.to_owned(),
            None => beside(source.database, &naming.suffix.replace('-', "_")),
        };
        Ok(Destination::Database {
            database,
            host: source.server.host,
            port: source.server.port,
        })
    }

    fn overridden(&self, configuration: Value, _: &Overrides<'_>) -> Value {
        configuration
    }
}
