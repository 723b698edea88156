//! Objects as files of one directory. A file has its final name only once it is complete.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{ObjectState, Sink, Source, Store, StoredObject};
use crate::error::{Result, TransferError};
use crate::s3::hex;

/// The bytes that are read at once.
const CHUNK: usize = 256 << 10;
/// The ending of a file that is being written.
const PARTIAL: &str = ".partial";

/// A directory of objects.
#[derive(Debug, Clone)]
pub struct DirectoryStore(PathBuf);

impl DirectoryStore {
    /// A store in this directory, which must exist.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }
}

#[async_trait]
impl Store for DirectoryStore {
    fn address(&self) -> String {
        format!("{}/", self.0.display())
    }

    async fn create(&self, name: &str, _: &BTreeMap<String, String>, _: u64) -> Result<Box<dyn Sink>> {
        let path = self.0.join(name);
        if path.exists() {
            return Err(exists(&path));
        }
        // A file of its own: another process may be writing an object of the same name.
        let partial = tempfile::Builder::new()
            .prefix(&format!("{name}."))
            .suffix(PARTIAL)
            .tempfile_in(&self.0);
        let partial = partial.map_err(|error| failure("creating a file for", &path, &error))?;
        let (file, partial) = partial.into_parts();
        Ok(Box::new(FileSink {
            file: File::from_std(file),
            name: name.to_owned(),
            path,
            partial,
            size: 0,
            hash: Sha256::new(),
        }))
    }

    async fn open(&self, name: &str, _: Option<&str>) -> Result<Box<dyn Source>> {
        let path = self.0.join(name);
        let file = File::open(&path).await;
        let file = file.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => TransferError::NotFound(format!("{} does not exist", path.display())),
            _ => failure("opening", &path, &error),
        })?;
        Ok(Box::new(FileSource { file, path }))
    }

    async fn state(&self, name: &str, _: Option<&str>) -> Result<Option<ObjectState>> {
        let path = self.0.join(name);
        if !path.exists() {
            return Ok(None);
        }
        let mut source = self.open(name, None).await?;
        let (mut size, mut hash) = (0, Sha256::new());
        while let Some(bytes) = source.next().await? {
            size += bytes.len() as u64;
            hash.update(&bytes);
        }
        let checksum = hex(&hash.finalize());
        Ok(Some(ObjectState {
            held: false,
            size,
            etag: checksum.clone(),
            checksum,
            version: None,
        }))
    }

    /// Files have no tags: their manifest has the same facts.
    async fn tag(&self, _: &StoredObject, _: &BTreeMap<String, String>) -> Result<()> {
        Ok(())
    }

    async fn remove(&self, objects: &[StoredObject]) -> Result<()> {
        for object in objects {
            remove_file(&self.0.join(&object.name)).await?;
        }
        Ok(())
    }

    async fn remove_others(&self, keep: &[&str]) -> Result<()> {
        let failed = |error: std::io::Error| failure("listing", &self.0, &error);
        let mut entries = tokio::fs::read_dir(&self.0).await.map_err(failed)?;
        while let Some(entry) = entries.next_entry().await.map_err(failed)? {
            if !keep.iter().any(|name| entry.file_name() == *name) {
                remove_file(&entry.path()).await?;
            }
        }
        Ok(())
    }
}

struct FileSink {
    file: File,
    name: String,
    path: PathBuf,
    /// Removed when the sink ends, finished or not.
    partial: TempPath,
    size: u64,
    hash: Sha256,
}

#[async_trait]
impl Sink for FileSink {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.hash.update(&bytes);
        self.size += bytes.len() as u64;
        let written = self.file.write_all(&bytes).await;
        written.map_err(|error| failure("writing", &self.partial, &error))
    }

    async fn finish(mut self: Box<Self>) -> Result<StoredObject> {
        let partial = &self.partial;
        let synced = match self.file.flush().await {
            Ok(()) => self.file.sync_all().await,
            failed => failed,
        };
        synced.map_err(|error| failure("writing", partial, &error))?;
        // Unlike a rename, a link never replaces a file.
        let linked = tokio::fs::hard_link(partial, &self.path).await;
        linked.map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => exists(&self.path),
            _ => failure("naming", &self.path, &error),
        })?;
        let sha256 = hex(&self.hash.finalize());
        Ok(StoredObject {
            name: self.name,
            size: self.size,
            checksum: sha256.clone(),
            sha256,
            version: None,
        })
    }

    async fn discard(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

struct FileSource {
    file: File,
    path: PathBuf,
}

#[async_trait]
impl Source for FileSource {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        let mut bytes = BytesMut::with_capacity(CHUNK);
        let read = self.file.read_buf(&mut bytes).await;
        let read = read.map_err(|error| failure("reading", &self.path, &error))?;
        Ok((read > 0).then(|| bytes.freeze()))
    }
}

async fn remove_file(path: &Path) -> Result<()> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failure("removing", path, &error)),
        _ => Ok(()),
    }
}

fn exists(path: &Path) -> TransferError {
    TransferError::Conflict(format!(
        "{} exists, and a dump is never overwritten: remove it, or choose another name",
        path.display()
    ))
}

fn failure(doing: &str, path: &Path, error: &std::io::Error) -> TransferError {
    TransferError::JobFailed(format!(
        "{doing} {}: {error}. Check the directory's permissions and free space",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn a_file_exists_once_it_is_finished_and_is_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let store = DirectoryStore::new(directory.path());
        let none = BTreeMap::new();
        let mut first = store.create("a", &none, 0).await.unwrap();
        let mut second = store.create("b", &none, 0).await.unwrap();
        first.write(Bytes::from_static(b"one")).await.unwrap();
        second.write(Bytes::from_static(b"two")).await.unwrap();
        assert_eq!(store.state("a", None).await.unwrap(), None);
        let object = first.finish().await.unwrap();
        assert_eq!(object.size, 3);
        assert_eq!(store.state("a", None).await.unwrap().unwrap().checksum, object.sha256);
        drop(second);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        let again = store.create("a", &none, 0).await.err().unwrap();
        assert_eq!(again.name(), "Conflict");
        store.remove(&[object]).await.unwrap();
        assert_eq!(store.open("a", None).await.err().unwrap().name(), "NotFound");
    }

    #[tokio::test]
    async fn a_full_disk_leaves_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut sink = Box::new(FileSink {
            file: File::from_std(full),
            name: "a".to_owned(),
            path: directory.path().join("a"),
            partial: tempfile::NamedTempFile::new_in(directory.path())
                .unwrap()
                .into_temp_path(),
            size: 0,
            hash: Sha256::new(),
        });
        // A first write may be taken before the disk has been asked.
        let written = sink.write(Bytes::from(vec![0; CHUNK])).await;
        let error = match written {
            Ok(()) => sink.finish().await.unwrap_err(),
            Err(error) => error,
        };
        assert!(error.to_string().contains("No space left"), "{error}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
