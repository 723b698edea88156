//! Where an export goes. A sink makes the export appear under its name only when it is complete.

use std::future::Future;
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::error::{Error, Result};
use super::manifest::{self, Manifest};

/// The end of the name of an export that is not complete.
pub const PARTIAL: &str = ".partial";

/// A sink that is dropped before it is finished leaves nothing that could be taken for an export.
pub trait Sink: Send + 'static {
    /// Appends.
    fn write(&mut self, bytes: Vec<u8>) -> impl Future<Output = Result<()>> + Send;

    /// Makes the export complete: stores it with its manifest, and gives it its name.
    fn finish(self, manifest: &Manifest) -> impl Future<Output = Result<()>> + Send;
}

/// A local file. It is written as `<name>.partial`, which is removed if the export fails.
#[derive(Debug)]
pub struct FileSink {
    name: PathBuf,
    partial: PathBuf,
    file: File,
    finished: bool,
}

impl FileSink {
    /// Creates the partial file.
    ///
    /// # Errors
    /// `Invalid` if the file exists: an export replaces none. `File` if it cannot be created.
    pub async fn create(name: impl Into<PathBuf>) -> Result<Self> {
        let name = name.into();
        ensure_free(&name).await?;
        let partial = with_suffix(&name, PARTIAL);
        let file = locked(&partial)?;
        Ok(Self {
            name,
            partial,
            file,
            finished: false,
        })
    }

    fn failed(&self, error: &std::io::Error) -> Error {
        Error::File(format!(
            "writing {}: {error}. The partial file is removed.",
            self.partial.display()
        ))
    }
}

async fn ensure_free(name: &Path) -> Result<()> {
    let exists = tokio::fs::try_exists(name).await;
    if exists.map_err(|e| Error::file("finding", name.display(), &e))? {
        return Err(Error::Invalid(format!(
            "exporting to {}: the file exists. Name another one, or remove it first.",
            name.display()
        )));
    }
    Ok(())
}

/// An empty partial file, locked: another export to the same name would write into it. One that a killed export left is reused.
fn locked(partial: &Path) -> Result<File> {
    let failed = |error: &std::io::Error| Error::file("creating", partial.display(), error);
    let opened = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(partial);
    let file = opened.map_err(|error| failed(&error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => {
            return Err(Error::Invalid(format!(
                "exporting to {}: another export is writing it. Wait for its end, or name another file.",
                partial.display()
            )));
        }
        Err(std::fs::TryLockError::Error(error)) => return Err(failed(&error)),
    }
    file.set_len(0).map_err(|error| failed(&error))?;
    Ok(File::from_std(file))
}

impl Sink for FileSink {
    async fn write(&mut self, bytes: Vec<u8>) -> Result<()> {
        self.file.write_all(&bytes).await.map_err(|error| self.failed(&error))
    }

    async fn finish(mut self, manifest: &Manifest) -> Result<()> {
        self.file.flush().await.map_err(|error| self.failed(&error))?;
        self.file.sync_all().await.map_err(|error| self.failed(&error))?;
        // What appeared meanwhile may have a manifest, too.
        ensure_free(&self.name).await?;
        let beside = with_suffix(&self.name, manifest::SUFFIX);
        replace(&beside, &manifest.to_json()).await?;
        // Unlike a rename, a link never replaces a file that appeared meanwhile.
        let linked = tokio::fs::hard_link(&self.partial, &self.name).await;
        linked.map_err(|e| Error::file("naming", self.name.display(), &e))?;
        let removed = tokio::fs::remove_file(&self.partial).await;
        removed.map_err(|e| Error::file("removing", self.partial.display(), &e))?;
        self.finished = true;
        sync_directory(&self.name).await
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        if !self.finished {
            // Nothing can be done about an error here, and the name says that it is partial.
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

/// Writes a file so that it has its old content or the new one, whatever happens.
pub(super) async fn replace(name: &Path, content: &[u8]) -> Result<()> {
    let new = with_suffix(name, ".new");
    let done = async {
        let mut file = File::create(&new).await?;
        file.write_all(content).await?;
        file.sync_all().await?;
        tokio::fs::rename(&new, name).await
    };
    done.await
        .map_err(|error| Error::file("writing", name.display(), &error))?;
    sync_directory(name).await
}

/// A new name is durable only when its directory is.
async fn sync_directory(name: &Path) -> Result<()> {
    let directory = name
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let synced = async { File::open(directory).await?.sync_all().await };
    synced
        .await
        .map_err(|error| Error::file("storing the names in", directory.display(), &error))
}

/// `rooms.jsonl` and `.partial` make `rooms.jsonl.partial`.
pub fn with_suffix(name: &Path, suffix: &str) -> PathBuf {
    let mut name = name.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A pipe or standard output: it has no name, so its reader has to know by the exit code whether the export is complete.
#[derive(Debug)]
pub struct StreamSink<W>(pub W);

impl<W: AsyncWrite + Unpin + Send + 'static> Sink for StreamSink<W> {
    async fn write(&mut self, bytes: Vec<u8>) -> Result<()> {
        self.0
            .write_all(&bytes)
            .await
            .map_err(|error| Error::file("writing to", "the pipe", &error))
    }

    async fn finish(mut self, _: &Manifest) -> Result<()> {
        self.0
            .flush()
            .await
            .map_err(|error| Error::file("writing to", "the pipe", &error))
    }
}

/// Nothing is stored: for a digest.
#[derive(Debug, Clone, Copy)]
pub struct NoSink;

impl Sink for NoSink {
    async fn write(&mut self, _: Vec<u8>) -> Result<()> {
        Ok(())
    }

    async fn finish(self, _: &Manifest) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn two_exports_never_write_one_file() {
        let directory = tempfile::tempdir().unwrap();
        let name = directory.path().join("rooms.json");
        std::fs::write(with_suffix(&name, PARTIAL), "left by a killed export").unwrap();
        let first = FileSink::create(&name).await.unwrap();
        assert_eq!(std::fs::read(with_suffix(&name, PARTIAL)).unwrap(), b"");
        let second = FileSink::create(&name).await.unwrap_err();
        assert!(second.to_string().contains("another export is writing it"), "{second}");
        assert!(with_suffix(&name, PARTIAL).exists());
        drop(first);
        assert!(!with_suffix(&name, PARTIAL).exists());
        assert!(FileSink::create(&name).await.is_ok());
    }
}
