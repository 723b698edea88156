//! The pipeline of an export: pages of every segment, encoded, and written one after the other.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{JoinError, JoinSet};

use super::super::clock;
use super::super::encode::{Block, Content, Encoder};
use super::super::error::{Error, Result};
use super::super::key::KeySchema;
use super::super::pace::Pace;
use super::super::port::{Page, Refusal, ScanRequest, Table};
use super::super::progress::Progress;
use super::super::rate::Rate;
use super::super::retry::until_done;
use super::super::sink::Sink;
use super::super::value::Item;
use super::checkpoint::{Checkpoint, Place};
use super::reading::{Reading, Segment};

/// Pages of a segment that are read ahead.
const PAGES_AHEAD: usize = 1;
/// Pages of all segments in memory, from their request until they are written: some MB each, which is what an export's memory is
/// used for.
const MOST_PAGES: usize = 32;
/// Read units of a page of 1 MB, strongly consistent: what the first page is expected to consume.
const PAGE_UNITS: f64 = 256.0;

/// Reads what is left of the state's segments into the sink, blocks as they come. The state is always that of the blocks which the sink
/// has taken.
pub async fn read<T: Table, S: Sink>(
    reader: Reader<T>,
    key: &KeySchema,
    content: Content,
    state: &mut Checkpoint,
    sink: &mut S,
) -> Result<()> {
    let progress = Arc::clone(&reader.progress);
    let (blocks, mut received) = mpsc::channel::<InMemory<Encoded>>(2);
    let mut tasks = JoinSet::new();
    for (segment, after) in state.left() {
        let (pages, arriving) = mpsc::channel(PAGES_AHEAD);
        let number = segment.number;
        tasks.spawn(reader.clone().pages(segment, after, pages));
        let encoder = Encoder::new(content, key.clone()).map_err(|e| Error::file("preparing", "a compression", &e))?;
        tasks.spawn(encode(number, encoder, arriving, blocks.clone()));
    }
    drop(blocks);
    let mut kept = clock::now();
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
            content:
                Encoded {
                    mut block,
                    segment,
                    place: place_in_table,
                },
            place: _place,
        } = block;
        let bytes = std::mem::take(&mut block.bytes);
        let written = bytes.len() as u64;
        if !bytes.is_empty() {
            sink.write(bytes).await?;
        }
        progress.add_items(block.digest.items, block.digest.bytes);
        progress.add_file_bytes(written);
        state.add(segment, place_in_table, &mut block, written);
        if let Some(between) = sink.between_checkpoints()
            && clock::now().duration_since(kept) >= between
        {
            sink.keep(state).await?;
            kept = clock::now();
        }
    }
    while let Some(ended) = tasks.join_next().await {
        succeeded(ended)?;
    }
    Ok(())
}

fn succeeded(ended: Result<Result<()>, JoinError>) -> Result<()> {
    ended.map_err(|error| Error::File(format!("exporting: a part of the program failed: {error}")))?
}

/// What all segments of a scan share.
pub struct Reader<T> {
    table: Arc<T>,
    pace: Pace,
    rate: Rate,
    consistent: bool,
    progress: Arc<Progress>,
    places: Arc<Semaphore>,
}

/// A block, and where its segment continues.
struct Encoded {
    block: Block,
    segment: u32,
    place: Place,
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
    pub fn new(table: Arc<T>, reading: &Reading, progress: Arc<Progress>) -> Self {
        Self {
            table,
            pace: Pace::new(4, reading.most_requests),
            rate: Rate::new(reading.rate),
            consistent: reading.consistent,
            progress,
            places: Arc::new(Semaphore::new(MOST_PAGES)),
        }
    }

    /// Reads a segment page by page. Ends early if nobody wants the pages any more.
    async fn pages(self, segment: Segment, after: Option<Item>, pages: mpsc::Sender<InMemory<Page>>) -> Result<()> {
        let mut request = ScanRequest {
            segment: segment.number,
            total_segments: segment.total,
            after,
            consistent: self.consistent,
        };
        let mut expected = PAGE_UNITS;
        loop {
            let place = Arc::clone(&self.places).acquire_owned().await;
            let place = place.map_err(|error| Error::File(format!("exporting: {error}")))?;
            let page = self.page(&request, expected).await?;
            expected = page.units;
            let next = page.next.clone();
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
    segment: u32,
    mut encoder: Encoder,
    mut pages: mpsc::Receiver<InMemory<Page>>,
    blocks: mpsc::Sender<InMemory<Encoded>>,
) -> Result<()> {
    while let Some(InMemory { content: page, place }) = pages.recv().await {
        let block = encoder
            .encode(&page.items)
            .map_err(|e| Error::file("encoding", "a page", &e))?;
        let content = Encoded {
            block,
            segment,
            place: page.next.map_or(Place::Done, Place::After),
        };
        if blocks.send(InMemory { content, place }).await.is_err() {
            break;
        }
    }
    Ok(())
}
