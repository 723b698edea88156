//! Where a dump is kept: a folder of objects, written and read as streams.
//!
//! [`S3Store`](crate::s3::S3Store) keeps it in S3; [`DirectoryStore`] in a directory, for rehearsals beside the machine, for tests,
//! and for measurements without a network.

mod directory;

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use directory::DirectoryStore;

use crate::error::Result;

/// What a finished object is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredObject {
    /// Name in its store.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the whole, in lower-case hexadecimal digits.
    pub sha256: String,
    /// The store's own checksum, by which it can later be asked whether it still has the same content: S3's composite SHA-256.
    pub checksum: String,
    /// S3's version id, in a bucket with versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// What the store says of an object now, without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectState {
    pub size: u64,
    pub checksum: String,
    /// Changes with the content, also of an object that has no checksum: S3's ETag.
    pub etag: String,
    /// S3's version id, in a bucket with versions.
    pub version: Option<String>,
    /// Whether S3 has a legal hold on it, as far as the reader may know.
    pub held: bool,
}

/// A folder of objects. An object exists once its sink is finished, and is never overwritten.
#[async_trait]
pub trait Store: Send + Sync {
    /// Where it is, for messages: `s3://bucket/prefix/`.
    fn address(&self) -> String;

    /// Starts an object. `metadata` is what is known of it before its content; `estimate` is its expected size in bytes, 0 if unknown.
    ///
    /// # Errors
    /// `Conflict` if the object exists.
    async fn create(&self, name: &str, metadata: &BTreeMap<String, String>, estimate: u64) -> Result<Box<dyn Sink>>;

    /// Reads an object from its start, the given version of it if there is one.
    ///
    /// # Errors
    /// `NotFound` if it does not exist.
    async fn open(&self, name: &str, version: Option<&str>) -> Result<Box<dyn Source>>;

    /// What the store has under this name; `None` if it has nothing.
    ///
    /// # Errors
    /// Those of the store.
    async fn state(&self, name: &str, version: Option<&str>) -> Result<Option<ObjectState>>;

    /// Adds what is known only after an object was written: its size and SHA-256, as tags.
    ///
    /// # Errors
    /// Those of the store.
    async fn tag(&self, object: &StoredObject, tags: &BTreeMap<String, String>) -> Result<()>;

    /// Removes objects that were finished. One that does not exist is no error.
    ///
    /// # Errors
    /// Those of the store.
    async fn remove(&self, objects: &[StoredObject]) -> Result<()>;

    /// Removes every unfinished upload in this folder, and every object but those to keep. To be called only where no other object can
    /// be of use to anybody.
    ///
    /// # Errors
    /// Those of the store.
    async fn remove_others(&self, keep: &[&str]) -> Result<()>;
}

/// An object that is being written. Dropping it without `finish` discards it.
#[async_trait]
pub trait Sink: Send {
    /// Appends bytes; returns once there is room for more.
    ///
    /// # Errors
    /// Those of the store; the object must then be discarded.
    async fn write(&mut self, bytes: Bytes) -> Result<()>;

    /// Makes the object exist.
    ///
    /// # Errors
    /// `Conflict` if another object has its name by now; else those of the store. The object then does not exist.
    async fn finish(self: Box<Self>) -> Result<StoredObject>;

    /// Discards what was written.
    ///
    /// # Errors
    /// Those of the store, when parts of it may be left.
    async fn discard(self: Box<Self>) -> Result<()>;
}

/// An object that is being read.
#[async_trait]
pub trait Source: Send {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// Those of the store. After one, the source is of no further use.
    async fn next(&mut self) -> Result<Option<Bytes>>;
}

/// Reads a whole small object, such as a manifest.
///
/// # Errors
/// Those of the store, and `VerificationFailed` if it has more than `limit` bytes.
pub async fn read_small(source: &mut dyn Source, limit: usize) -> Result<Vec<u8>> {
    let mut whole = Vec::new();
    while let Some(bytes) = source.next().await? {
        whole.extend_from_slice(&bytes);
        if whole.len() > limit {
            return Err(crate::error::TransferError::VerificationFailed(format!(
                "an object that should be small has more than {limit} bytes"
            )));
        }
    }
    Ok(whole)
}
