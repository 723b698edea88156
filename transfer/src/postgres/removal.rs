//! What is deleted: a dump that retention expires, and a database that a restore created.

use super::manifest::{MANIFEST, Manifest};
use super::server::Server;
use super::target::{self, Found, Mark};
use crate::error::Result;
use crate::store::{Store, StoredObject};

/// Deletes a dump: its manifest first, so that it is no dump any more whatever happens then. Versions that a lock or a hold protects
/// stay, and S3's refusal is the error.
///
/// # Errors
/// Those of the store.
pub async fn delete_dump(manifest: &Manifest, store: &dyn Store) -> Result<()> {
    let first = StoredObject {
        name: MANIFEST.to_owned(),
        size: 0,
        sha256: String::new(),
        checksum: String::new(),
        version: None,
    };
    store.remove(&[first]).await?;
    store.remove(&manifest.objects()).await
}

/// Drops the database that this restore created, finished or not. One that does not exist is no error.
///
/// # Errors
/// `Conflict` if the database of this name is another's; those of the server.
pub async fn drop_restored(server: &Server, database: &str, restore: &str) -> Result<()> {
    let session = server.connect(&server.maintenance_database).await?;
    match target::look(&session, database, &Mark(restore)).await? {
        Found::Nothing => Ok(()),
        Found::Unfinished | Found::Finished => target::drop_database(&session, database).await,
    }
}
