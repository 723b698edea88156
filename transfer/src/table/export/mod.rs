//! From a table to a file, or only to its digest: the segments of a scan in parallel, each page encoded while the next one is read.
//!
//! On one machine all segments run in one process ([`export`]). On many, each runs one segment or a few ([`export_segment`]) and the
//! results are merged: the digest of the table is the sum of theirs.
//!
//! An export into a sink that keeps checkpoints continues after an interruption, each segment after the last page that was written.

mod checkpoint;
mod exported;
mod read;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::compression::Compression;
use super::encode::{Content, Inexact};
use super::error::{Error, Result};
use super::format::Format;
use super::manifest::Manifest;
use super::port::{Description, Table};
use super::progress::Progress;
use super::sink::Sink;
use read::{Reader, read};

pub use checkpoint::{Checkpoint, Identity};
pub use exported::{Exported, MOST_INEXACT_SHOWN};

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
/// If the table cannot be read or the sink not written, or an earlier export cannot be continued; `Stopped` if the progress was asked
/// to. Then the sink has no complete export, and it is discarded.
pub async fn export<T: Table, S: Sink>(
    table: Arc<T>,
    description: &Description,
    reading: &Reading,
    sink: S,
    progress: Arc<Progress>,
) -> Result<Exported> {
    let total = reading.segments;
    let by_size = || segments_for(description.bytes);
    carry_out(table, description, reading, (None, total, by_size), sink, progress).await
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
    let Segment { number, total } = segment;
    if number >= total {
        return Err(Error::Invalid(format!(
            "exporting segment {number}: allowed are 0 to {}",
            total.saturating_sub(1)
        )));
    }
    let asked = (Some(number), Some(total), || total);
    carry_out(table, description, reading, asked, sink, progress).await
}

/// `only` is the one segment that is read; `total` their number, if it was asked for.
async fn carry_out<T: Table, S: Sink>(
    table: Arc<T>,
    description: &Description,
    reading: &Reading,
    (only, total, by_size): (Option<u32>, Option<u32>, impl FnOnce() -> u32),
    mut sink: S,
    progress: Arc<Progress>,
) -> Result<Exported> {
    let identity = Identity::of(description, reading, only);
    let earlier = match sink.earlier(&identity, total).await {
        Ok(earlier) => earlier,
        Err(error) => return discarded(sink, error).await,
    };
    let mut state = earlier.unwrap_or_else(|| Checkpoint::new(identity, total.unwrap_or_else(by_size)));
    state.exported.continued_after = state.exported.digest.items;
    progress.add_items(state.exported.digest.items, state.exported.digest.bytes);
    progress.add_file_bytes(state.exported.file_bytes);
    let reader = Reader::new(table, reading, Arc::clone(&progress));
    let read = tokio::select! {
        read = read(reader, &description.key, reading.content, &mut state, &mut sink) => read,
        () = progress.stopped() => Err(Error::Stopped),
    };
    if let Err(error) = read {
        if state.exported.file_bytes > 0 {
            // The error that ended the export is the one to report.
            let _ = sink.keep(&state).await;
        }
        return discarded(sink, error).await;
    }
    progress.add_rejected(state.exported.inexact_items);
    sink.finish(&manifest(description, reading.content, &state.exported))
        .await?;
    Ok(state.exported)
}

/// Discards the sink, and returns the error that made it useless.
async fn discarded<S: Sink>(sink: S, error: Error) -> Result<Exported> {
    if let Err(left) = sink.discard().await {
        tracing::warn!(%left, "a part of an export that failed remains");
    }
    Err(error)
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
