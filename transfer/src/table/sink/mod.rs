//! Where an export goes. A sink makes the export appear under its name only when it is complete.

mod file;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::fs::File;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::error::{Error, Result};
use super::export::checkpoint::{Checkpoint, Identity};
use super::manifest::Manifest;

pub use file::{FileSink, PARTIAL, PARTIAL_PROGRESS};

/// A sink that is dropped before it is finished leaves nothing that could be taken for an export.
pub trait Sink: Send + 'static {
    /// Called before anything is written: where an earlier try of this export was, if the sink can continue it. `total` is the number of
    /// segments that is asked for.
    fn earlier(
        &mut self,
        _: &Identity,
        _total: Option<u32>,
    ) -> impl Future<Output = Result<Option<Checkpoint>>> + Send {
        async { Ok(None) }
    }

    /// How often a checkpoint is to be kept at most; `None` if none is of use.
    fn between_checkpoints(&self) -> Option<Duration> {
        None
    }

    /// Keeps a checkpoint: everything that was written until now is in it.
    fn keep(&mut self, _: &Checkpoint) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Appends. After an error, or when the future is dropped before its end, the sink can only be discarded.
    fn write(&mut self, bytes: Vec<u8>) -> impl Future<Output = Result<()>> + Send;

    /// Makes the export complete: stores it with its manifest, and gives it its name.
    fn finish(self, manifest: &Manifest) -> impl Future<Output = Result<()>> + Send;

    /// Ends an export that failed or was stopped; returns once nothing of it is left but what a later try can continue.
    fn discard(self) -> impl Future<Output = Result<()>> + Send
    where
        Self: Sized,
    {
        async { Ok(()) }
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
