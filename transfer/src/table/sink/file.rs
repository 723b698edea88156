//! A local file, in which an export that was interrupted continues.

use std::io::SeekFrom;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::super::error::{Error, Result};
use super::super::export::checkpoint::{Checkpoint, Identity};
use super::super::manifest::{self, Manifest};
use super::{Sink, replace, sync_directory, with_suffix};

/// The end of the name of an export that is not complete.
pub const PARTIAL: &str = ".partial";
/// The end of the name of the file that says how far it is.
pub const PARTIAL_PROGRESS: &str = ".partial.progress";

/// At least so long between two checkpoints: the work that an interruption loses.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(2);

/// A local file. It is written as `<name>.partial`; how far it is, is in `<name>.partial.progress`. Both stay if the export fails or is
/// killed, once there is something to continue.
#[derive(Debug)]
pub struct FileSink {
    name: PathBuf,
    partial: PathBuf,
    progress: PathBuf,
    file: File,
    between_checkpoints: Duration,
    /// Whether nothing can continue the partial file, so that it is not to be left.
    useless: bool,
    /// Whether a write failed: how much of it is in the file is not known.
    broken: bool,
}

impl FileSink {
    /// Opens the partial file, or creates it. One that an earlier export left keeps its content until it is known whether this export
    /// continues it.
    ///
    /// # Errors
    /// `Invalid` if the file exists: an export replaces none; or if another export is writing it. `File` if it cannot be created.
    pub async fn create(name: impl Into<PathBuf>) -> Result<Self> {
        let name = name.into();
        ensure_free(&name).await?;
        let partial = with_suffix(&name, PARTIAL);
        let progress = with_suffix(&name, PARTIAL_PROGRESS);
        let file = locked(&partial)?;
        Ok(Self {
            useless: !exists(&progress).await?,
            progress,
            name,
            partial,
            file,
            between_checkpoints: BETWEEN_CHECKPOINTS,
            broken: false,
        })
    }

    /// Keeps a checkpoint after so long.
    #[must_use]
    pub fn with_checkpoints_every(mut self, between_checkpoints: Duration) -> Self {
        self.between_checkpoints = between_checkpoints;
        self
    }

    fn failed(&self, error: &std::io::Error) -> Error {
        Error::File(format!("writing {}: {error}", self.partial.display()))
    }

    /// Empties the partial file, whose content nothing continues.
    async fn begin(&mut self) -> Result<()> {
        self.useless = true;
        remove(&self.progress).await?;
        self.file.set_len(0).await.map_err(|error| self.failed(&error))
    }

    fn refused(&self, why: &str) -> Error {
        Error::Invalid(format!(
            "continuing the export to {}: {} is {why}. Remove it and {} to export the table from its beginning.",
            self.name.display(),
            self.progress.display(),
            self.partial.display()
        ))
    }
}

impl Sink for FileSink {
    async fn earlier(&mut self, export: &Identity, total: Option<u32>) -> Result<Option<Checkpoint>> {
        let json = match tokio::fs::read(&self.progress).await {
            Ok(json) => json,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.begin().await?;
                return Ok(None);
            }
            Err(error) => return Err(Error::file("reading", self.progress.display(), &error)),
        };
        let found: Option<Checkpoint> = serde_json::from_slice(&json).ok();
        let Some(found) = found.filter(|found| found.version == Checkpoint::VERSION) else {
            return Err(self.refused("not one that this version of Holdfast wrote"));
        };
        if found.export != *export {
            return Err(self.refused(
                "from an export of another table, or with other options, or the table was created again since",
            ));
        }
        if total.is_some_and(|total| total != found.total) {
            let why = format!(
                "from an export in {} segments; leave their number out to continue it",
                found.total
            );
            return Err(self.refused(&why));
        }
        let length = self.file.metadata().await.map_err(|error| self.failed(&error))?.len();
        if length < found.exported.file_bytes {
            self.begin().await?;
            return Ok(None);
        }
        // What was written after the checkpoint is written again.
        let cut = self.file.set_len(found.exported.file_bytes).await;
        cut.map_err(|error| self.failed(&error))?;
        let moved = self.file.seek(SeekFrom::End(0)).await;
        moved.map_err(|error| self.failed(&error))?;
        Ok(Some(found))
    }

    fn between_checkpoints(&self) -> Option<Duration> {
        Some(self.between_checkpoints)
    }

    async fn keep(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        if self.broken {
            return Err(Error::File(format!("{} cannot be continued", self.partial.display())));
        }
        let synced = match self.file.flush().await {
            Ok(()) => self.file.sync_data().await,
            failed => failed,
        };
        self.broken = synced.is_err();
        synced.map_err(|error| self.failed(&error))?;
        // Before the checkpoint is stored: one without its partial file would be of no use.
        self.useless = false;
        replace(&self.progress, &serde_json::to_vec(checkpoint).unwrap_or_default()).await
    }

    async fn write(&mut self, bytes: Vec<u8>) -> Result<()> {
        // An error may be that of an earlier write.
        let written = self.file.write_all(&bytes).await;
        self.broken |= written.is_err();
        written.map_err(|error| self.failed(&error))
    }

    async fn finish(mut self, manifest: &Manifest) -> Result<()> {
        self.file.flush().await.map_err(|error| self.failed(&error))?;
        self.file.sync_all().await.map_err(|error| self.failed(&error))?;
        // What appeared meanwhile may have a manifest, too.
        ensure_free(&self.name).await?;
        let beside = with_suffix(&self.name, manifest::SUFFIX);
        replace(&beside, &manifest.to_json()).await?;
        // Before the file has its name: a later export of this name must not continue this one.
        remove(&self.progress).await?;
        // Unlike a rename, a link never replaces a file that appeared meanwhile.
        let linked = tokio::fs::hard_link(&self.partial, &self.name).await;
        linked.map_err(|e| Error::file("naming", self.name.display(), &e))?;
        remove(&self.partial).await?;
        self.useless = false;
        sync_directory(&self.name).await
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        if self.useless {
            // Nothing can be done about an error here, and the name says that it is partial.
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

async fn exists(name: &Path) -> Result<bool> {
    let exists = tokio::fs::try_exists(name).await;
    exists.map_err(|error| Error::file("finding", name.display(), &error))
}

async fn ensure_free(name: &Path) -> Result<()> {
    if exists(name).await? {
        return Err(Error::Invalid(format!(
            "exporting to {}: the file exists. Name another one, or remove it first.",
            name.display()
        )));
    }
    Ok(())
}

async fn remove(name: &Path) -> Result<()> {
    match tokio::fs::remove_file(name).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::file("removing", name.display(), &error))
        }
        _ => Ok(()),
    }
}

/// The partial file, locked: another export to the same name would write into it.
fn locked(partial: &Path) -> Result<File> {
    let failed = |error: &std::io::Error| Error::file("creating", partial.display(), error);
    let opened = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(partial);
    let file = opened.map_err(|error| failed(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(File::from_std(file)),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::Invalid(format!(
            "exporting to {}: another export is writing it. Wait for its end, or name another file.",
            partial.display()
        ))),
        Err(std::fs::TryLockError::Error(error)) => Err(failed(&error)),
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
        let first = FileSink::create(&name).await.unwrap();
        let second = FileSink::create(&name).await.unwrap_err();
        assert!(second.to_string().contains("another export is writing it"), "{second}");
        assert!(with_suffix(&name, PARTIAL).exists());
        drop(first);
        assert!(!with_suffix(&name, PARTIAL).exists());
        assert!(FileSink::create(&name).await.is_ok());
    }

    #[tokio::test]
    async fn an_export_that_does_not_begin_leaves_what_can_be_continued() {
        let directory = tempfile::tempdir().unwrap();
        let name = directory.path().join("rooms.json");
        for end in [PARTIAL, PARTIAL_PROGRESS] {
            std::fs::write(with_suffix(&name, end), "left by a killed export").unwrap();
        }
        drop(FileSink::create(&name).await.unwrap());
        let left = std::fs::read_to_string(with_suffix(&name, PARTIAL)).unwrap();
        assert_eq!(left, "left by a killed export");
    }
}
