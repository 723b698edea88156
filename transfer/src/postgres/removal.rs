//! What is deleted: a dump that retention expires, and a database that a restore created.

use super::manifest::{MANIFEST, Manifest};
use super::server::{Server, literal};
use super::target::{self, Found, Mark};
use crate::error::{Result, TransferError};
use crate::store::{Store, StoredObject};

/// Deletes a dump: its manifest first, so that it is no dump any more whatever happens then. In a bucket with versions, these versions are
/// deleted, and not only hidden. Object Lock protects the manifest, which was written last, at least as long as the archives: if S3
/// refuses to delete it, nothing is changed, and the refusal is the error. A legal hold, which can be on any of the objects, is looked for
/// first.
///
/// # Errors
/// Those of the store.
pub async fn delete_dump(manifest: &Manifest, store: &dyn Store) -> Result<()> {
    for object in manifest.objects() {
        let state = store.state(&object.name, object.version.as_deref()).await?;
        if state.is_some_and(|state| state.held) {
            return Err(TransferError::AccessDenied(format!(
                "{}{} has a legal hold: nothing of the dump was deleted",
                store.address(),
                object.name
            )));
        }
    }
    if let Some(state) = store.state(MANIFEST, None).await? {
        let first = StoredObject {
            name: MANIFEST.to_owned(),
            size: state.size,
            sha256: String::new(),
            checksum: state.checksum,
            version: state.version,
        };
        store.remove(&[first]).await?;
    }
    store.remove(&manifest.objects()).await
}

/// The outcome for a database that was to be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dropped {
    /// It does not exist any more.
    Gone,
    /// There is one of this name, which this restore did not create: it is left in place.
    Foreign,
    /// Clients use it, and it is left in place: how many, and from where.
    InUse(String),
}

/// Clients of a database other than Holdfast's own, with their addresses. The server hides the type and the address of other roles'
/// sessions from a login without `pg_read_all_stats` (`pg_stat_get_activity` in PostgreSQL's source): these count as clients.
const CLIENTS: &str = "SELECT coalesce(usename, '?') || ' from ' || coalesce(host(client_addr), '(not shown)') FROM pg_stat_activity \
    WHERE coalesce(backend_type, 'client backend') NOT IN ('autovacuum worker', 'parallel worker') AND application_name <> 'holdfast' \
    AND pid <> pg_backend_pid() AND datname = ";

/// Drops the database that this restore created, finished or not, unless clients use it.
///
/// # Errors
/// Those of the server.
pub async fn drop_restored(server: &Server, database: &str, restore: &str) -> Result<Dropped> {
    let session = server.connect(&server.maintenance_database).await?;
    let mark = Mark(restore);
    let id = match target::look(&session, database, &mark).await {
        Ok(Found::Nothing) => return Ok(Dropped::Gone),
        Ok(Found::Unfinished(id) | Found::Finished(id)) => id,
        Err(TransferError::Conflict(_)) => return Ok(Dropped::Foreign),
        Err(error) => return Err(error),
    };
    let clients = session
        .column("looking for clients", &format!("{CLIENTS}{}", literal(database)))
        .await?;
    if let Some(first) = clients.first() {
        return Ok(Dropped::InUse(format!(
            "{} sessions, such as of {first}",
            clients.len()
        )));
    }
    target::drop_marked(&session, database, id, &mark).await?;
    Ok(Dropped::Gone)
}
