//! One attempt at a dump. A second one may run beside it (a Lambda retry, while the first still runs), so what an attempt stores has names
//! of its own, and an attempt that fails removes nothing else.
//!
//! A dump is complete with its manifest, of which a folder has one: S3 stores the first (`If-None-Match: *`) and refuses every later one.
//! From then on, nothing else in the folder can become complete, and only then is it removed, whoever left it or is still writing it.
//!
//! Source: "How to prevent object overwrites with conditional writes", Amazon S3 User Guide; `IfNoneMatch` of `PutObject` and of
//! `CompleteMultipartUpload`, S3 API Reference: 412 if the key exists, 409 if another write of it ends at the same time.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::manifest::{self, MANIFEST, Manifest};
use super::metadata;
use super::snapshot::Snapshot;
use crate::error::{Result, TransferError};
use crate::store::{Sink, Store, StoredObject};

/// What an attempt has stored so far.
pub struct Attempt<'a> {
    store: &'a dyn Store,
    labels: &'a BTreeMap<String, String>,
    /// What every object says of its dump.
    metadata: BTreeMap<String, String>,
    name: String,
    stored: Vec<StoredObject>,
}

impl<'a> Attempt<'a> {
    /// Begins an attempt; nothing is stored yet. No other attempt has its name.
    pub fn new(
        store: &'a dyn Store,
        labels: &'a BTreeMap<String, String>,
        metadata: BTreeMap<String, String>,
        name: String,
    ) -> Self {
        Self {
            store,
            labels,
            metadata,
            name,
            stored: Vec::new(),
        }
    }

    /// Starts an object. `kind` is the end of its name, `estimate` its expected size in bytes.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn create(&self, kind: &str, estimate: u64) -> Result<Box<dyn Sink>> {
        let name = format!("{}.{kind}", self.name);
        self.store.create(&name, &self.metadata, estimate).await
    }

    /// Makes an object exist, and tags it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn finish(&mut self, sink: Box<dyn Sink>) -> Result<StoredObject> {
        let object = sink.finish().await?;
        self.stored.push(object.clone());
        let tags = metadata::after(self.labels, &object);
        self.store.tag(&object, &tags).await?;
        Ok(object)
    }

    /// Stores a small object.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn put(&mut self, kind: &str, content: Vec<u8>) -> Result<StoredObject> {
        let mut sink = self.create(kind, content.len() as u64).await?;
        sink.write(Bytes::from(content)).await?;
        self.finish(sink).await
    }

    /// Stores the manifest: the dump is complete.
    ///
    /// # Errors
    /// `Conflict` if another attempt's dump is complete by now; those of the store. What this attempt stored is then removed, unless
    /// it is not certain that the manifest was refused: it may appear after a response that was lost.
    pub async fn seal(self, manifest: &Manifest) -> Result<()> {
        let Err(error) = self.store_manifest(manifest.to_json()?).await else {
            return Ok(());
        };
        match manifest::find(self.store).await {
            Ok(Some(stored)) if stored == *manifest => return Ok(()),
            Ok(Some(_)) => self.withdraw().await,
            Ok(None) if !matches!(error, TransferError::Unavailable(_) | TransferError::Throttled(_)) => {
                self.withdraw().await;
            }
            _ => {
                tracing::warn!(%error, "a manifest may or may not be stored: the archives stay until an attempt succeeds")
            }
        }
        Err(error)
    }

    async fn store_manifest(&self, json: Vec<u8>) -> Result<()> {
        let size = json.len() as u64;
        let mut sink = self.store.create(MANIFEST, &self.metadata, size).await?;
        sink.write(Bytes::from(json)).await?;
        let object = sink.finish().await?;
        let tags = metadata::after(self.labels, &object);
        if let Err(untagged) = self.store.tag(&object, &tags).await {
            tracing::warn!(%untagged, "a complete dump's manifest has no tags");
        }
        Ok(())
    }

    /// Removes what this attempt stored, and nothing else.
    pub async fn withdraw(self) {
        if let Err(left) = self.store.remove(&self.stored).await {
            tracing::warn!(%left, "what a failed dump left is removed by the next attempt that succeeds");
        }
    }
}

/// The name of the attempt that reads this snapshot: one server exports no two snapshots of one id at one time.
pub fn name_of(snapshot: &Snapshot) -> String {
    format!("{}-{}", snapshot.captured_at.strftime("%Y%m%dT%H%M%S%6fZ"), snapshot.id)
}

/// Removes whatever other attempts left or are writing beside a complete dump.
pub async fn remove_others(store: &dyn Store, complete: &Manifest) {
    let objects = complete.objects();
    let mut keep: Vec<&str> = objects.iter().map(|object| object.name.as_str()).collect();
    keep.push(MANIFEST);
    if let Err(left) = store.remove_others(&keep).await {
        tracing::warn!(%left, "what other attempts left beside a complete dump remains");
    }
}

#[cfg(test)]
mod tests;
