#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use super::*;
use crate::postgres::manifest::DatabaseFacts;
use crate::postgres::{Archive, Part, ServerVersion};
use crate::store::{DirectoryStore, ObjectState, Source};

/// A directory whose manifest is refused, or is stored although no response comes.
struct Failing {
    inner: DirectoryStore,
    error: TransferError,
    stores: AtomicBool,
}

struct FailingSink(Box<dyn Sink>, TransferError, bool);

#[async_trait]
impl Store for Failing {
    fn address(&self) -> String {
        self.inner.address()
    }

    async fn create(&self, name: &str, metadata: &BTreeMap<String, String>, estimate: u64) -> Result<Box<dyn Sink>> {
        let sink = self.inner.create(name, metadata, estimate).await?;
        if name != MANIFEST {
            return Ok(sink);
        }
        let stores = self.stores.load(Ordering::Relaxed);
        Ok(Box::new(FailingSink(sink, self.error.clone(), stores)))
    }

    async fn open(&self, name: &str, version: Option<&str>) -> Result<Box<dyn Source>> {
        self.inner.open(name, version).await
    }

    async fn state(&self, name: &str, version: Option<&str>) -> Result<Option<ObjectState>> {
        self.inner.state(name, version).await
    }

    async fn tag(&self, object: &StoredObject, tags: &BTreeMap<String, String>) -> Result<()> {
        self.inner.tag(object, tags).await
    }

    async fn remove(&self, objects: &[StoredObject]) -> Result<()> {
        self.inner.remove(objects).await
    }

    async fn remove_others(&self, keep: &[&str]) -> Result<()> {
        self.inner.remove_others(keep).await
    }
}

#[async_trait]
impl Sink for FailingSink {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.0.write(bytes).await
    }

    async fn finish(self: Box<Self>) -> Result<StoredObject> {
        let Self(sink, error, stores) = *self;
        if stores {
            sink.finish().await?;
        }
        Err(error)
    }

    async fn discard(self: Box<Self>) -> Result<()> {
        self.0.discard().await
    }
}

fn labels() -> BTreeMap<String, String> {
    BTreeMap::from([("set".to_owned(), "night".to_owned())])
}

fn attempt<'a>(store: &'a dyn Store, labels: &'a BTreeMap<String, String>, name: &str) -> Attempt<'a> {
    Attempt::new(store, labels, BTreeMap::new(), name.to_owned())
}

/// An attempt that has stored its archive, and the manifest that it would seal.
async fn written<'a>(
    store: &'a dyn Store,
    labels: &'a BTreeMap<String, String>,
    name: &str,
) -> (Attempt<'a>, Manifest) {
    let mut attempt = attempt(store, labels, name);
    let object = attempt.put("whole.dump", name.as_bytes().to_vec()).await.unwrap();
    let manifest = Manifest {
        form: Manifest::FORM,
        labels: labels.clone(),
        captured_at: "2026-11-29T18:00:00Z".parse().unwrap(),
        server: ServerVersion(170_010),
        seconds: 1,
        client: "17.10".to_owned(),
        client_major: 17,
        database: facts(),
        tables: 0,
        probes: BTreeMap::new(),
        probes_failed: BTreeMap::new(),
        archives: vec![Archive {
            part: Part::Whole,
            object,
            tables: 0,
            entries: 0,
        }],
        globals: None,
        globals_unread: None,
    };
    (attempt, manifest)
}

fn facts() -> DatabaseFacts {
    DatabaseFacts {
        name: "app".to_owned(),
        owner: "app".to_owned(),
        encoding: "UTF8".to_owned(),
        collate: "C".to_owned(),
        ctype: "C".to_owned(),
        locale_provider: "libc".to_owned(),
        locale: None,
        icu_rules: None,
        connection_limit: -1,
        comment: None,
        settings: Vec::new(),
        grants: None,
        roles: Vec::new(),
        owners: Vec::new(),
        guests: Vec::new(),
        extensions: BTreeMap::new(),
        size: 0,
    }
}

fn names(directory: &tempfile::TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn of_two_attempts_at_once_the_first_to_seal_is_complete_whatever_the_other_does_then() {
    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryStore::new(directory.path());
    let labels = labels();
    let (first, _) = written(&store, &labels, "first").await;
    let (second, manifest) = written(&store, &labels, "second").await;
    let (late, late_manifest) = written(&store, &labels, "late").await;
    second.seal(&manifest).await.unwrap();
    first.withdraw().await;
    let error = late.seal(&late_manifest).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert_eq!(names(&directory), ["manifest.json", "second.whole.dump"]);
    assert_eq!(manifest::find(&store).await.unwrap().unwrap(), manifest);
}

#[tokio::test]
async fn what_another_attempt_left_goes_only_once_a_dump_is_complete() {
    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryStore::new(directory.path());
    let labels = labels();
    drop(written(&store, &labels, "killed").await);
    attempt(&store, &labels, "failed").withdraw().await;
    assert_eq!(names(&directory), ["killed.whole.dump"]);
    let (attempt, manifest) = written(&store, &labels, "night").await;
    attempt.seal(&manifest).await.unwrap();
    remove_others(&store, &manifest).await;
    assert_eq!(names(&directory), ["manifest.json", "night.whole.dump"]);
}

#[tokio::test]
async fn archives_stay_while_their_manifest_may_be_stored() {
    let lost = TransferError::Unavailable("no response".to_owned());
    let refused = TransferError::AccessDenied("not allowed".to_owned());
    for (error, stores, succeeds, left) in [
        (lost.clone(), true, true, vec!["manifest.json", "night.whole.dump"]),
        (lost, false, false, vec!["night.whole.dump"]),
        (refused, false, false, vec![]),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let store = Failing {
            inner: DirectoryStore::new(directory.path()),
            error: error.clone(),
            stores: AtomicBool::new(stores),
        };
        let labels = labels();
        let (attempt, manifest) = written(&store, &labels, "night").await;
        assert_eq!(attempt.seal(&manifest).await.is_ok(), succeeds, "{error}");
        assert_eq!(names(&directory), left, "{error}");
    }
}
