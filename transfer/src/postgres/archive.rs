//! One archive on its way from `pg_dump` into a store, and its table of contents, read as it passes.

use std::process::Stdio;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::ChildStdin;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::clients::Client;
use super::programs::{Access, Program};
use super::toc::{self, Contents};
use crate::error::{Result, TransferError};
use crate::store::Sink;

/// What is read from a program at once.
const CHUNK: usize = 256 << 10;

/// An archive that is complete, and whose object does not exist yet.
pub struct Written {
    pub sink: Box<dyn Sink>,
    pub contents: Contents,
}

/// Runs `pg_dump` and writes its output to the sink. If it fails, or is to stop, the sink is discarded. A permit is added to `begun` with
/// its first output: `pg_dump` has locked its tables by then, and keeps the locks until it ends (`getTables` and `_CloseArchive` in
/// PostgreSQL's source).
///
/// # Errors
/// `JobFailed` or `Unavailable` with the end of its error output; `VerificationFailed` if what it wrote is no archive.
pub async fn write(
    access: Arc<Access>,
    client: Client,
    database: String,
    arguments: Vec<String>,
    mut sink: Box<dyn Sink>,
    begun: Arc<Semaphore>,
    mut stop: watch::Receiver<bool>,
) -> Result<Written> {
    let streamed = tokio::select! {
        streamed = stream(&access, &client, &database, &arguments, sink.as_mut(), &begun) => streamed,
        _ = stop.wait_for(|stop| *stop) => Err(TransferError::JobFailed("another job of the dump failed".to_owned())),
    };
    match streamed {
        Ok(contents) => Ok(Written { sink, contents }),
        Err(error) => {
            discard(sink).await;
            Err(error)
        }
    }
}

/// Discards an archive that is not to exist.
pub async fn discard(sink: Box<dyn Sink>) {
    if let Err(left) = sink.discard().await {
        tracing::warn!(%left, "a failed dump's object could not be discarded");
    }
}

async fn stream(
    access: &Access,
    client: &Client,
    database: &str,
    arguments: &[String],
    sink: &mut dyn Sink,
    begun: &Semaphore,
) -> Result<Contents> {
    let mut command = access.command(client, "pg_dump", database);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut dump = Program::start("pg_dump", command)?;
    let mut output = dump.output()?;
    let mut listing = Listing::start(client)?;
    let mut buffer = BytesMut::new();
    let mut first = true;
    loop {
        buffer.reserve(CHUNK);
        let read = output.read_buf(&mut buffer).await;
        if read.map_err(|error| TransferError::JobFailed(format!("reading from pg_dump: {error}")))? == 0 {
            break;
        }
        if std::mem::take(&mut first) {
            begun.add_permits(1);
        }
        let bytes = buffer.split().freeze();
        listing.feed(&bytes).await;
        sink.write(bytes).await?;
    }
    let ended = dump.wait().await?;
    if !ended.succeeded() {
        return Err(access.explain(ended));
    }
    listing.finish(&format!("the archive of database {database}")).await
}

/// `pg_restore --list`, which reads the head of an archive and ends.
pub struct Listing {
    program: Program,
    input: Option<ChildStdin>,
    list: JoinHandle<String>,
}

impl Listing {
    /// Starts it.
    ///
    /// # Errors
    /// `JobFailed` if it does not start.
    pub fn start(client: &Client) -> Result<Self> {
        let mut command = client.command("pg_restore");
        command.arg("--list").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut program = Program::start("pg_restore --list", command)?;
        let input = program.input()?;
        let mut output = program.output()?;
        Ok(Self {
            program,
            input: Some(input),
            // Read while the archive is fed: a long list would block it otherwise.
            list: tokio::spawn(async move {
                let mut list = Vec::new();
                let _ = output.read_to_end(&mut list).await;
                // Names are in the database's encoding.
                String::from_utf8_lossy(&list).into_owned()
            }),
        })
    }

    /// Whether it has read all that it needs.
    #[must_use]
    pub fn has_enough(&self) -> bool {
        self.input.is_none()
    }

    /// Passes on the next bytes; does nothing once it has ended.
    pub async fn feed(&mut self, bytes: &Bytes) {
        if let Some(input) = &mut self.input
            && input.write_all(bytes).await.is_err()
        {
            self.input = None;
        }
    }

    /// What it found.
    ///
    /// # Errors
    /// `VerificationFailed` if the archive is none, or ends within its table of contents.
    pub async fn finish(mut self, archive: &str) -> Result<Contents> {
        self.input = None;
        let ended = self.program.wait().await?;
        if !ended.succeeded() {
            return Err(TransferError::VerificationFailed(format!(
                "{archive} is empty, truncated or no archive: {} {}: {}",
                ended.name,
                ended.status,
                ended.errors.trim()
            )));
        }
        toc::parse(archive, &self.list.await.unwrap_or_default())
    }
}
