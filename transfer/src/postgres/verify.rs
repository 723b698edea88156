//! Whether a dump in the store is still what was written: before its set is sealed, and before it is restored.

use std::process::Stdio;

use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::archive::Listing;
use super::clients::{Client, Clients};
use super::manifest::{Archive, Manifest};
use super::programs::Program;
use crate::error::{Result, TransferError};
use crate::s3::hex;
use crate::store::{Store, StoredObject};

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The store's own sizes and checksums, and each archive's table of contents.
    Stored,
    /// Every byte: its SHA-256, and whether `pg_restore` can read the archive to its end.
    Whole,
}

/// Checks every object of a dump.
///
/// # Errors
/// `VerificationFailed` with the object that is missing, changed, or no archive; `InvalidInput` if no client can read the archives;
/// those of the store.
pub async fn verify(clients: &Clients, manifest: &Manifest, store: &dyn Store, depth: Depth) -> Result<()> {
    let client = clients.for_reading(manifest.client_major)?;
    for object in manifest.objects() {
        ensure_unchanged(&object, store).await?;
    }
    for archive in &manifest.archives {
        let address = format!("{}{}", store.address(), archive.object.name);
        match depth {
            Depth::Stored => ensure_listed(client, archive, store, &address).await?,
            Depth::Whole => ensure_readable(client, archive, store, &address).await?,
        }
    }
    Ok(())
}

async fn ensure_unchanged(object: &StoredObject, store: &dyn Store) -> Result<()> {
    let address = format!("{}{}", store.address(), object.name);
    let state = store.state(&object.name, object.version.as_deref()).await?;
    let Some(state) = state else {
        return Err(TransferError::VerificationFailed(format!(
            "{address} does not exist any more: the dump is lost. Choose another set"
        )));
    };
    if state.size != object.size || state.checksum != object.checksum {
        return Err(TransferError::VerificationFailed(format!(
            "{address} has {} bytes with the checksum {}, and had {} with {} when the dump was taken: it was changed. Choose another set",
            state.size, state.checksum, object.size, object.checksum
        )));
    }
    Ok(())
}

async fn ensure_listed(client: &Client, archive: &Archive, store: &dyn Store, address: &str) -> Result<()> {
    let object = &archive.object;
    let mut source = store.open(&object.name, object.version.as_deref()).await?;
    let mut listing = Listing::start(client)?;
    while !listing.has_enough()
        && let Some(bytes) = source.next().await?
    {
        listing.feed(&bytes).await;
    }
    let contents = listing.finish(address).await?;
    if (contents.entries, contents.tables.len()) != (archive.entries, archive.tables) {
        return Err(TransferError::VerificationFailed(format!(
            "{address} lists {} entries with the rows of {} tables, and listed {} with {} when the dump was taken",
            contents.entries,
            contents.tables.len(),
            archive.entries,
            archive.tables
        )));
    }
    Ok(())
}

async fn ensure_readable(client: &Client, archive: &Archive, store: &dyn Store, address: &str) -> Result<()> {
    let object = &archive.object;
    let mut command = client.command("pg_restore");
    command.arg("--file=-").stdin(Stdio::piped()).stdout(Stdio::null());
    let mut program = Program::start("pg_restore", command)?;
    let mut input = Some(program.input()?);
    let mut source = store.open(&object.name, object.version.as_deref()).await?;
    let mut hash = Sha256::new();
    while let Some(bytes) = source.next().await? {
        hash.update(&bytes);
        // It may end before the end of the archive, if it fails.
        if let Some(open) = &mut input
            && open.write_all(&bytes).await.is_err()
        {
            input = None;
        }
    }
    drop(input);
    ensure_hash(object, hash, address)?;
    let ended = program.wait().await?;
    if !ended.succeeded() {
        return Err(TransferError::VerificationFailed(format!(
            "{address} cannot be read to its end: {} {}: {}",
            ended.name,
            ended.status,
            ended.errors.trim()
        )));
    }
    Ok(())
}

/// Compares what was read with what was written.
///
/// # Errors
/// `VerificationFailed` with both hashes.
pub fn ensure_hash(object: &StoredObject, read: Sha256, address: &str) -> Result<()> {
    let found = hex(&read.finalize());
    if found == object.sha256 {
        return Ok(());
    }
    Err(TransferError::VerificationFailed(format!(
        "{address} has the SHA-256 {found}, and had {} when the dump was taken: it was changed. Choose another set",
        object.sha256
    )))
}
