//! An import under way: lines become batches, batches are written, and what is written is remembered.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{JoinError, JoinSet};

use super::super::clock;
use super::super::digest::Digester;
use super::super::error::{Error, Result};
use super::super::format::Format;
use super::super::port::{Description, Table};
use super::super::value::{Item, MOST_ITEM_BYTES, item_size};
use super::batch::{Batch, Writer, bytes_in_request};
use super::checkpoint::{Checkpoint, Identity};
use super::lines::{Line, Lines, MOST_LINE_BYTES};
use super::parts::Parts;
use super::rejected::{RejectedFile, Rejection};
use super::window::{Mark, Window};

/// Bytes of items under way, which is what an import's memory is used for.
const MOST_BYTES_UNDER_WAY: usize = 64 << 20;

/// A line that cannot be written, and the item in it, if it is one.
struct Unusable {
    item: Option<Item>,
    reason: String,
}

/// An import under way.
pub struct Run<'a, T> {
    writer: Writer<T>,
    most_batches: usize,
    tasks: JoinSet<Result<(u64, Vec<Rejection>)>>,
    window: Window,
    rejected: RejectedFile,
    checkpoint: &'a Path,
    between_checkpoints: Duration,
    identity: Identity,
    format: Option<Format>,
    /// The last checkpoint, and when it was stored.
    stored: (Mark, Instant),
}

impl<'a, T: Table> Run<'a, T> {
    /// An import of which everything before a mark is written.
    pub fn new(
        writer: Writer<T>,
        most_requests: usize,
        start: Mark,
        rejected: RejectedFile,
        (checkpoint, between_checkpoints): (&'a Path, Duration),
        identity: Identity,
        format: Option<Format>,
    ) -> Self {
        Self {
            writer,
            most_batches: most_requests.saturating_mul(2).max(2),
            tasks: JoinSet::new(),
            window: Window::from(start),
            rejected,
            checkpoint,
            between_checkpoints,
            identity,
            format,
            stored: (start, clock::now()),
        }
    }

    /// Writes all lines; returns the state at the end, and how many lines were rejected. After an error, the checkpoint says how far
    /// it came.
    pub async fn write<P: Parts>(mut self, lines: Lines<'_, P>, description: &Description) -> Result<(Mark, u64)> {
        let progress = Arc::clone(&self.writer.progress);
        let end = tokio::select! {
            end = self.write_all(lines, description) => end,
            () = progress.stopped() => Err(Error::Stopped),
        };
        if end.is_err() {
            // The error that ended the import is the one to report; what was written until then need not be written again.
            while let Some(ended) = self.tasks.try_join_next() {
                let _ = self.end(ended).await;
            }
            if self.window.written() != self.stored.0 {
                let _ = self.store().await;
            }
        }
        Ok((end?, self.rejected.count()))
    }

    async fn write_all<P: Parts>(&mut self, mut lines: Lines<'_, P>, description: &Description) -> Result<Mark> {
        let mut end = self.window.written();
        let mut digester = Digester::continued(end.digest);
        let mut batch = Batch::default();
        while let Some(line) = lines.next().await? {
            let number = lines.position().lines;
            match self.read(&line, description) {
                Ok(Some((item, length))) => {
                    let (key, bytes) = (description.key.of(&item), bytes_in_request(&item, length));
                    if !batch.has_room(&key, bytes) {
                        self.begin(std::mem::take(&mut batch), end).await?;
                    }
                    digester.add(&item);
                    batch.push(number, item, key, bytes);
                }
                Ok(None) => {}
                Err(Unusable { item, reason }) => {
                    item.iter().for_each(|item| digester.add(item));
                    self.reject(Rejection { line: number, reason }).await?;
                }
            }
            end = Mark {
                position: lines.position(),
                digest: digester.digest(),
            };
        }
        self.begin(batch, end).await?;
        while let Some(ended) = self.tasks.join_next().await {
            self.end(ended).await?;
        }
        self.rejected.sync().await?;
        Ok(end)
    }

    /// The item of a line, with the line's length; `None` for a line without anything.
    fn read(&mut self, line: &Line, description: &Description) -> Result<Option<(Item, usize)>, Unusable> {
        let without_item = |reason: String| Unusable { item: None, reason };
        let content = match line {
            Line::Content(content) => content.trim_ascii(),
            Line::TooLong => return Err(without_item(format!("the line has more than {MOST_LINE_BYTES} bytes"))),
        };
        if content.is_empty() {
            return Ok(None);
        }
        let format = *self.format.get_or_insert_with(|| Format::of_line(content));
        let item = format.read_line(content).map_err(without_item)?;
        let size = item_size(&item);
        let too_large = || format!("the item has {size} bytes; DynamoDB allows {MOST_ITEM_BYTES}");
        let fault = description
            .key
            .fault(&item)
            .or_else(|| (size > MOST_ITEM_BYTES).then(too_large));
        match fault {
            Some(reason) => Err(Unusable {
                item: Some(item),
                reason,
            }),
            None => Ok(Some((item, content.len()))),
        }
    }

    async fn reject(&mut self, rejection: Rejection) -> Result<()> {
        self.writer.progress.add_rejected(1);
        self.rejected.add(&rejection).await
    }

    /// Begins to write a batch, once there is room for it and no item with a key of it is under way.
    async fn begin(&mut self, batch: Batch, end: Mark) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        while let Some(ended) = self.tasks.try_join_next() {
            self.end(ended).await?;
        }
        while self.tasks.len() >= self.most_batches
            || (self.window.bytes() + batch.bytes() > MOST_BYTES_UNDER_WAY && !self.tasks.is_empty())
            || self.window.conflicts_with(&batch)
        {
            match self.tasks.join_next().await {
                Some(ended) => self.end(ended).await?,
                None => break,
            }
        }
        let number = self.window.begin(&batch, end);
        let write = self.writer.clone().write(batch.into_items());
        self.tasks.spawn(async move { Ok((number, write.await?)) });
        Ok(())
    }

    async fn end(&mut self, ended: Result<Result<(u64, Vec<Rejection>)>, JoinError>) -> Result<()> {
        let ended = ended.map_err(|error| Error::File(format!("importing: a part of the program failed: {error}")))?;
        let (number, rejections) = ended?;
        for rejection in rejections {
            self.reject(rejection).await?;
        }
        self.window.end(number);
        let (stored, at) = self.stored;
        if self.window.written() != stored && clock::now().duration_since(at) >= self.between_checkpoints {
            self.store().await?;
        }
        Ok(())
    }

    /// Stores the checkpoint, after the rejections before it.
    async fn store(&mut self) -> Result<()> {
        self.rejected.sync().await?;
        let written = self.window.written();
        let checkpoint = Checkpoint {
            version: Checkpoint::VERSION,
            import: self.identity.clone(),
            format: self.format.unwrap_or_default(),
            position: written.position,
            digest: written.digest,
            rejected: self.rejected.settle(written.position.lines),
        };
        checkpoint.store(self.checkpoint).await?;
        self.stored = (written, clock::now());
        Ok(())
    }
}
