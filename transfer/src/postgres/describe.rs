//! What a server says of a database, without taking anything of it.

use super::facts;
use super::manifest::DatabaseFacts;
use super::server::Server;
use super::version::ServerVersion;
use crate::error::Result;

/// What is attached to a database and not in a dump of it, or does nothing in a copy: `pg_dump` writes subscriptions as disabled, and
/// slots not at all.
const ATTACHED: &str = "SELECT 'subscription ' || subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE \
    d.datname = current_database() UNION ALL SELECT 'replication slot ' || slot_name FROM pg_replication_slots WHERE database = \
    current_database() ORDER BY 1";

/// A database as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    pub server: ServerVersion,
    pub database: DatabaseFacts,
    /// Tables with rows of their own.
    pub tables: usize,
    /// Its subscriptions and slots of logical replication, in words.
    pub attached: Vec<String>,
}

/// Describes a database.
///
/// # Errors
/// `NotFound` if it does not exist; those of the server.
pub async fn describe(server: &Server, database: &str) -> Result<Description> {
    let session = server.connect(database).await?;
    let version = session.version().await?;
    let shown = facts::read(&session).await?;
    Ok(Description {
        server: version,
        database: shown.database,
        tables: shown.tables.len(),
        attached: session.column("reading what is attached", ATTACHED).await?,
    })
}
