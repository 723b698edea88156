//! Exports in a store such as S3, where an object exists only once it is complete, and its manifest is an object beside it.
//!
//! The object comes first: of two exports to one name the store makes one an object, and only that one touches the manifest. A process
//! that is killed in between leaves a complete object without one, or with that of an object which was removed before.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::error::{Error, Result};
use super::manifest::{Manifest, SUFFIX};
use super::sink::Sink;
use crate::store::{self, Store, StoredObject, read_small};

/// A manifest has a few hundred bytes.
const MOST_MANIFEST_BYTES: usize = 64 << 10;

/// An export into an object.
pub struct ObjectSink {
    store: Arc<dyn Store>,
    name: String,
    object: Box<dyn store::Sink>,
}

impl ObjectSink {
    /// Begins the object. `estimate` is its expected size in bytes, 0 if unknown.
    ///
    /// # Errors
    /// `Invalid` if the object exists: an export replaces none.
    pub async fn create(store: Arc<dyn Store>, name: &str, estimate: u64) -> Result<Self> {
        if store.state(name, None).await?.is_some() {
            return Err(Error::Invalid(format!(
                "exporting to {}{name}: the object exists. Name another one, or remove it first.",
                store.address()
            )));
        }
        let object = store.create(name, &BTreeMap::new(), estimate).await?;
        Ok(Self {
            store,
            name: name.to_owned(),
            object,
        })
    }
}

impl Sink for ObjectSink {
    async fn write(&mut self, bytes: Vec<u8>) -> Result<()> {
        Ok(self.object.write(Bytes::from(bytes)).await?)
    }

    async fn finish(self, manifest: &Manifest) -> Result<()> {
        let Self { store, name, object } = self;
        object.finish().await?;
        store_manifest(&*store, &name, manifest).await.map_err(|error| {
            Error::Unverified(format!(
                "exporting to {}{name}: the object is complete, with {}; its manifest is not stored: {error}",
                store.address(),
                manifest.digest
            ))
        })
    }

    async fn discard(self) -> Result<()> {
        Ok(self.object.discard().await?)
    }
}

/// Stores the manifest, in place of that of an object which had the name before.
async fn store_manifest(store: &dyn Store, object: &str, manifest: &Manifest) -> crate::error::Result<()> {
    let name = format!("{object}{SUFFIX}");
    if let Some(left) = store.state(&name, None).await? {
        let left = StoredObject {
            name: name.clone(),
            size: left.size,
            sha256: String::new(),
            checksum: left.checksum,
            version: left.version,
        };
        store.remove(&[left]).await?;
    }
    let json = manifest.to_json();
    let mut object = store.create(&name, &BTreeMap::new(), json.len() as u64).await?;
    object.write(json.into()).await?;
    object.finish().await.map(drop)
}

/// The manifest beside an object; `None` if Holdfast did not export it.
///
/// # Errors
/// If it cannot be read, or is none.
pub async fn manifest_of(store: &dyn Store, name: &str) -> Result<Option<Manifest>> {
    let beside = format!("{name}{SUFFIX}");
    if store.state(&beside, None).await?.is_none() {
        return Ok(None);
    }
    let mut source = store.open(&beside, None).await?;
    let json = read_small(&mut *source, MOST_MANIFEST_BYTES).await?;
    Manifest::parse(&json, &format!("{}{beside}", store.address())).map(Some)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::testing::items::items;
    use super::super::testing::{FakeTable, Faults};
    use super::super::*;
    use super::*;
    use crate::store::DirectoryStore;

    async fn export_to(store: &Arc<dyn Store>, table: &Arc<FakeTable>) -> Result<Exported> {
        let sink = ObjectSink::create(Arc::clone(store), "rooms.zst", 0).await?;
        let description = table.describe().await.unwrap();
        export(Arc::clone(table), &description, &reading(), sink, Arc::default()).await
    }

    fn reading() -> Reading {
        Reading {
            content: Content::Lines {
                format: Format::DynamodbJson,
                compression: Compression::Zstd,
                inexact: Inexact::LeaveOut,
            },
            segments: Some(3),
            most_requests: 8,
            rate: None,
            consistent: true,
        }
    }

    #[tokio::test]
    async fn an_export_that_comes_second_leaves_the_first_ones_manifest() {
        let directory = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(DirectoryStore::new(directory.path()));
        let (small, large) = (items(5, 1), items(50, 1));
        let tables = [small, large].map(|items| Arc::new(FakeTable::with(items, Faults::default())));
        let mut first = ObjectSink::create(Arc::clone(&store), "rooms.zst", 0).await.unwrap();
        first
            .write(b"begun before the other, and finished after it".to_vec())
            .await
            .unwrap();
        let exported = export_to(&store, &tables[1]).await.unwrap();
        let kept = std::fs::read(directory.path().join("rooms.zst")).unwrap();
        let of_the_first = Manifest {
            digest: export(
                Arc::clone(&tables[0]),
                &tables[0].describe().await.unwrap(),
                &reading(),
                NoSink,
                Arc::default(),
            )
            .await
            .unwrap()
            .digest,
            ..manifest_of(&*store, "rooms.zst").await.unwrap().unwrap()
        };
        let error = first.finish(&of_the_first).await.unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error}");
        let manifest = manifest_of(&*store, "rooms.zst").await.unwrap().unwrap();
        assert_eq!(manifest.digest, exported.digest);
        assert_eq!(std::fs::read(directory.path().join("rooms.zst")).unwrap(), kept);
        // What an object left that was removed is replaced.
        std::fs::remove_file(directory.path().join("rooms.zst")).unwrap();
        let exported = export_to(&store, &tables[0]).await.unwrap();
        let manifest = manifest_of(&*store, "rooms.zst").await.unwrap().unwrap();
        assert_eq!(manifest.digest, exported.digest);
    }

    #[tokio::test]
    async fn an_export_is_an_object_with_a_manifest_and_can_be_imported() {
        let directory = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(DirectoryStore::new(directory.path()));
        let table = Arc::new(FakeTable::with(items(2_000, 13), Faults::default()));
        let dying = Arc::new(FakeTable::with(
            items(2_000, 13),
            Faults {
                dies_after: Some(3),
                ..Faults::default()
            },
        ));
        export_to(&store, &dying).await.unwrap_err();
        assert_eq!(store.state("rooms.zst", None).await.unwrap(), None);
        let exported = export_to(&store, &table).await.unwrap();
        let manifest = manifest_of(&*store, "rooms.zst").await.unwrap().unwrap();
        assert_eq!(manifest.digest, exported.digest);
        assert!(matches!(export_to(&store, &table).await, Err(Error::Invalid(why)) if why.contains("exists")));

        let copy = Arc::new(FakeTable::new(Faults::default(), 1));
        let source = Source {
            name: "rooms.zst".into(),
            bytes: 0,
            version: String::new(),
            file: ObjectParts(store.open("rooms.zst", None).await.unwrap()),
            manifest: Some(manifest),
        };
        let beside = tempfile::tempdir().unwrap();
        let files = SideFiles {
            rejected: beside.path().join("rejected"),
            checkpoint: beside.path().join("checkpoint"),
        };
        let writing = Writing {
            format: None,
            most_requests: 8,
            rate: None,
            between_checkpoints: std::time::Duration::ZERO,
        };
        let description = copy.describe().await.unwrap();
        let imported = import(copy, &description, &writing, source, &files, Arc::default())
            .await
            .unwrap();
        assert_eq!((imported.digest, imported.verified), (exported.digest, true));
    }
}
