//! What is deleted: a dump that retention expires, and a database that a restore created.

use super::manifest::{MANIFEST, Manifest};
use super::server::Server;
use super::target::{self, Found, Mark};
use crate::error::Result;
use crate::store::{Store, StoredObject};

/// Deletes a dump: its manifest first, so that it is no dump any more whatever happens then. In a bucket with versions, these versions are
/// deleted, and not only hidden. Object Lock protects the manifest, which was written last, at least as long as the archives: if S3
/// refuses to delete it, nothing is changed, and the refusal is the error.
///
/// # Errors
/// Those of the store.
pub async fn delete_dump(manifest: &Manifest, store: &dyn Store) -> Result<()> {
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
