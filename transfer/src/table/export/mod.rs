//! From a table to a file, or only to its digest: the segments of a scan in parallel, each page encoded while the next one is read.
//!
//! On one machine all segments run in one process ([`export`]). On many, each runs one segment or a few ([`export_segment`]) and the
//! results are merged: the digest of the table is the sum of theirs.
//!
//! An export into a sink that keeps checkpoints continues after an interruption, each segment after the last page that was written.

pub(super) mod checkpoint;
mod exported;
mod read;
mod reading;
#[cfg(test)]
mod tests;

use std::sync::Arc;

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
pub use reading::{Reading, Segment, segments_for};

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
