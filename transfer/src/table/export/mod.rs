//! From a table to a file, or only to its digest: the segments of a scan in parallel, each page encoded while the next one is read.
//!
//! On one machine all segments run in one process ([`export`]). On many, each runs one segment or a few ([`export_segment`]) and the
//! results are merged: the digest of the table is the sum of theirs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{JoinError, JoinSet};

use super::compression::Compression;
use super::digest::TableDigest;
use super::encode::{Block, Content, Encoder, Inexact, InexactItem};
use super::error::{Error, Result};
use super::format::Format;
use super::key::KeySchema;
use super::manifest::Manifest;
use super::pace::Pace;
use super::port::{Description, Page, Refusal, ScanRequest, Table};
use super::progress::Progress;
use super::rate::Rate;
use super::retry::until_done;
use super::sink::Sink;

/// Pages of a segment that are read ahead.
const PAGES_AHEAD: usize = 1;
/// Pages of all segments in memory, from their request until they are written: some MB each, which is what an export's memory is
/// used for.
const MOST_PAGES: usize = 32;
/// Read units of a page of 1 MB, strongly consistent: what the first page is expected to consume.
const PAGE_UNITS: f64 = 256.0;
/// Inexact items that are kept to be reported; all are counted.
pub const MOST_INEXACT_SHOWN: usize = 1000;

/// How a table is read.
#[derive(Debug, Clone)]
pub struct Reading {
    pub content: Content,
    /// Of the scan; `None` by the table's size ([`segments_for`]).
    pub segments: Option<u32>,
    /// Requests at once, at most.
    pub most_requests: usize,
    /// Read units a second, at most.
    pub rate: Option<f64>,
    /// Strongly consistent reads.
    pub consistent: bool,
}

/// One segment of a scan, as a process of its own gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// From 0.
    pub number: u32,
    pub total: u32,
}

/// What a segment, or a whole table, contained.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    #[serde(flatten)]
    pub digest: TableDigest,
    /// As they are stored.
    pub file_bytes: u64,
    /// Items that the format cannot represent exactly: left out, or approximated.
    pub inexact_items: u64,
    /// The first of them.
    pub inexact: Vec<InexactItem>,
}

impl Exported {
    /// Adds what another segment contained.
    pub fn merge(&mut self, other: Exported) {
        self.digest.merge(&other.digest);
        self.file_bytes += other.file_bytes;
        self.inexact_items += other.inexact_items;
        let room = MOST_INEXACT_SHOWN.saturating_sub(self.inexact.len());
        self.inexact.extend(other.inexact.into_iter().take(room));
    }

    fn add(&mut self, block: &mut Block) {
        self.merge(Exported {
            digest: block.digest,
            file_bytes: block.bytes.len() as u64,
            inexact_items: block.inexact.len() as u64,
            inexact: std::mem::take(&mut block.inexact),
        });
    }
}

/// The segments of a scan for a table of this size: one for each 8 MB, because a table of a few pages is read as fast in one, and each
/// segment costs a request. A size of 0 means that DynamoDB has not measured the table yet.
pub fn segments_for(bytes: u64) -> u32 {
    const BYTES_EACH: u64 = 8 << 20;
    const UNKNOWN: u32 = 8;
    match bytes {
        0 => UNKNOWN,
        bytes => u32::try_from(bytes.div_ceil(BYTES_EACH))
            .unwrap_or(u32::MAX)
            .clamp(1, 256),
    }
}

/// Exports a whole table, and finishes the sink with its manifest.
///
/// # Errors
/// If the table cannot be read or the sink not written; then the sink has no complete export.
pub async fn export<T: Table, S: Sink>(
    table: Arc<T>,
    description: &Description,
    reading: &Reading,
    sink: S,
    progress: Arc<Progress>,
) -> Result<Exported> {
    let total = reading.segments.unwrap_or_else(|| segments_for(description.bytes));
    let segments = (0..total).map(|number| Segment { number, total }).collect();
    let (exported, sink) = read(table, &description.key, reading, segments, sink, progress).await?;
    sink.finish(&manifest(description, reading.content, &exported)).await?;
    Ok(exported)
}

/// Exports one segment of a scan: what one of many machines does. The sink is finished with a manifest of the segment.
///
/// # Errors
/// As [`export`].
pub async fn export_segment<T: Table, S: Sink>(
    table: Arc<T>,
    description: &Description,
    reading: &Reading,
    segment: Segment,
    sink: S,
    progress: Arc<Progress>,
) -> Result<Exported> {
    if segment.number >= segment.total {
        return Err(Error::Invalid(format!(
            "exporting segment {}: allowed are 0 to {}",
            segment.number,
            segment.total.saturating_sub(1)
        )));
    }
    let (exported, sink) = read(table, &description.key, reading, vec![segment], sink, progress).await?;
    sink.finish(&manifest(description, reading.content, &exported)).await?;
    Ok(exported)
}

fn manifest(description: &Description, content: Content, exported: &Exported) -> Manifest {
    let (format, compression, inexact) = match content {
        Content::Digest => (Format::default(), Compression::default(), Inexact::default()),
        Content::Lines {
            format,
            compression,
            inexact,
        } => (format, compression, inexact),
    };
    let counted = |how: Inexact| if inexact == how { exported.inexact_items } else { 0 };
    Manifest {
        version: Manifest::VERSION,
        table: description.arn.clone(),
        key: description.key.clone(),
        format,
        compression,
        digest: exported.digest,
        file_bytes: exported.file_bytes,
        left_out: counted(Inexact::LeaveOut),
        approximated: counted(Inexact::Approximate),
    }
}

/// Reads segments into the sink, blocks as they come.
async fn read<T: Table, S: Sink>(
    table: Arc<T>,
    key: &KeySchema,
    reading: &Reading,
    segments: Vec<Segment>,
    mut sink: S,
    progress: Arc<Progress>,
) -> Result<(Exported, S)> {
    let reader = Reader {
        table,
        pace: Pace::new(4, reading.most_requests),
        rate: Rate::new(reading.rate),
        consistent: reading.consistent,
        progress: Arc::clone(&progress),
        places: Arc::new(Semaphore::new(MOST_PAGES)),
    };
    let (blocks, mut received) = mpsc::channel::<InMemory<Block>>(2);
    let mut tasks = JoinSet::new();
    for segment in segments {
        let (pages, arriving) = mpsc::channel(PAGES_AHEAD);
        tasks.spawn(reader.clone().pages(segment, pages));
        let encoder =
            Encoder::new(reading.content, key.clone()).map_err(|e| Error::file("preparing", "a compression", &e))?;
        tasks.spawn(encode(encoder, arriving, blocks.clone()));
    }
    drop(blocks);
    let mut exported = Exported::default();
    loop {
        let block = tokio::select! {
            block = received.recv() => match block {
                Some(block) => block,
                None => break,
            },
            // The first error ends the export; the other tasks end with the set.
            Some(ended) = tasks.join_next() => {
                succeeded(ended)?;
                continue;
            }
        };
        // Until the end of this turn.
        let InMemory {
            content: mut block,
            place: _place,
        } = block;
        exported.add(&mut block);
        let written = block.bytes.len() as u64;
        if !block.bytes.is_empty() {
            sink.write(block.bytes).await?;
        }
        progress.add_items(block.digest.items, block.digest.bytes);
        progress.add_file_bytes(written);
    }
    while let Some(ended) = tasks.join_next().await {
        succeeded(ended)?;
    }
    progress.add_rejected(exported.inexact_items);
    Ok((exported, sink))
}

fn succeeded(ended: Result<Result<()>, JoinError>) -> Result<()> {
    ended.map_err(|error| Error::File(format!("exporting: a part of the program failed: {error}")))?
}

/// What all segments of a scan share.
struct Reader<T> {
    table: Arc<T>,
    pace: Pace,
    rate: Rate,
    consistent: bool,
    progress: Arc<Progress>,
    places: Arc<Semaphore>,
}

/// A page or a block, and its place among [`MOST_PAGES`].
struct InMemory<C> {
    content: C,
    place: OwnedSemaphorePermit,
}

impl<T> Clone for Reader<T> {
    fn clone(&self) -> Self {
        Self {
            table: Arc::clone(&self.table),
            pace: self.pace.clone(),
            rate: self.rate.clone(),
            consistent: self.consistent,
            progress: Arc::clone(&self.progress),
            places: Arc::clone(&self.places),
        }
    }
}

impl<T: Table> Reader<T> {
    /// Reads a segment page by page. Ends early if nobody wants the pages any more.
    async fn pages(self, segment: Segment, pages: mpsc::Sender<InMemory<Page>>) -> Result<()> {
        let mut request = ScanRequest {
            segment: segment.number,
            total_segments: segment.total,
            after: None,
            consistent: self.consistent,
        };
        let mut expected = PAGE_UNITS;
        loop {
            let place = Arc::clone(&self.places).acquire_owned().await;
            let place = place.map_err(|error| Error::File(format!("exporting: {error}")))?;
            let mut page = self.page(&request, expected).await?;
            expected = page.units;
            let next = page.next.take();
            let last = next.is_none();
            if pages.send(InMemory { content: page, place }).await.is_err() || last {
                return Ok(());
            }
            request.after = next;
        }
    }

    async fn page(&self, request: &ScanRequest, expected: f64) -> Result<Page> {
        let doing = format!("reading segment {} of {}", request.segment, request.total_segments);
        until_done(&self.pace, &doing, || async {
            self.rate.pay(expected).await;
            let page = self.table.scan(request).await;
            match &page {
                Ok(page) => self.rate.correct(expected, page.units),
                Err(Refusal::Throttled(_)) => self.progress.add_throttled(),
                Err(_) => {}
            }
            page
        })
        .await
    }
}

/// Encodes the pages of one segment.
async fn encode(
    mut encoder: Encoder,
    mut pages: mpsc::Receiver<InMemory<Page>>,
    blocks: mpsc::Sender<InMemory<Block>>,
) -> Result<()> {
    while let Some(InMemory { content: page, place }) = pages.recv().await {
        let block = encoder
            .encode(&page.items)
            .map_err(|e| Error::file("encoding", "a page", &e))?;
        drop(page);
        if blocks.send(InMemory { content: block, place }).await.is_err() {
            break;
        }
    }
    Ok(())
}
