//! From a file into a live table: existing items are replaced, missing ones created, others left alone.
//!
//! It may run twice. It continues after an interruption where all was written: items after that are written again, in the order of
//! the file, which changes nothing. Of two items with one key the later one wins, as if they were written one by one.

mod batch;
mod checkpoint;
pub(super) mod lines;
mod parts;
mod rejected;
mod run;
#[cfg(test)]
mod tests;
mod window;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use self::batch::Writer;
use self::checkpoint::{Checkpoint, Identity};
use self::lines::Lines;
use self::rejected::RejectedFile;
use self::run::Run;
use self::window::Mark;
use super::digest::TableDigest;
use super::error::{Error, Result};
use super::format::Format;
use super::manifest::Manifest;
use super::pace::Pace;
use super::port::{Description, Table};
use super::progress::Progress;
use super::rate::Rate;

pub use self::parts::{FileParts, ObjectParts, Parts};
pub use self::rejected::Rejection;

/// How a table is written.
#[derive(Debug, Clone)]
pub struct Writing {
    /// Of the file; `None` by its first line.
    pub format: Option<Format>,
    /// Requests at once, at most.
    pub most_requests: usize,
    /// Write units a second, at most.
    pub rate: Option<f64>,
    /// At least so long between two checkpoints: the work that an interruption loses.
    pub between_checkpoints: Duration,
}

/// The file that is imported.
#[derive(Debug)]
pub struct Source<P> {
    /// For messages, and to recognize it when the import continues.
    pub name: String,
    /// As it is stored.
    pub bytes: u64,
    /// What changes with the file: the time of its last change, or an ETag.
    pub version: String,
    pub file: P,
    /// `None` for a file that Holdfast did not export.
    pub manifest: Option<Manifest>,
}

/// What an import writes besides the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideFiles {
    pub rejected: PathBuf,
    /// Removed when the import has ended.
    pub checkpoint: PathBuf,
}

/// The end of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Of the items in the file.
    pub digest: TableDigest,
    /// Lines that did not become items; they are in the side file.
    pub rejected: u64,
    /// The line after which it continued.
    pub continued_after: Option<u64>,
    /// Whether every item of the file was compared with its manifest; false if the file has some only approximately.
    pub verified: bool,
    /// Items of the exported table that are not in the file, or only approximately, as its manifest says.
    pub left_out: u64,
    pub approximated: u64,
}

/// Imports a file.
///
/// # Errors
/// If the file cannot be read or is not what its manifest says, or the table cannot be written. Rejected items are no error: the caller
/// has to look at [`Imported::rejected`].
pub async fn import<T: Table, P: Parts>(
    table: Arc<T>,
    description: &Description,
    writing: &Writing,
    source: Source<P>,
    files: &SideFiles,
    progress: Arc<Progress>,
) -> Result<Imported> {
    ensure_same_key(&source, description)?;
    let identity = Identity {
        file: source.name.clone(),
        file_bytes: source.bytes,
        file_version: source.version.clone(),
        table: description.arn.clone(),
        table_id: description.id.clone(),
    };
    let earlier = Checkpoint::load(&files.checkpoint, &identity).await?;
    let start = earlier.as_ref().map_or_else(Mark::default, |earlier| Mark {
        position: earlier.position,
        digest: earlier.digest,
    });
    let format = format_of(&source, writing, earlier.as_ref())?;
    let mut lines = Lines::new(&source.name, source.file, &progress);
    lines.skip_to(start.position).await?;
    let writer = Writer {
        table,
        pace: Pace::new(4, writing.most_requests),
        rate: Rate::new(writing.rate),
        progress: Arc::clone(&progress),
    };
    let rejected = RejectedFile::open(
        &files.rejected,
        start.position.lines,
        earlier.as_ref().map_or(0, |earlier| earlier.rejected),
    )
    .await?;
    let checkpoint = (files.checkpoint.as_path(), writing.between_checkpoints);
    let run = Run::new(
        writer,
        writing.most_requests,
        start,
        rejected,
        checkpoint,
        identity,
        format,
    );
    let (end, rejected) = run.write(lines, description).await?;
    if let Some(manifest) = &source.manifest {
        manifest.verify(&end.digest, &source.name)?;
    }
    Checkpoint::remove(&files.checkpoint).await?;
    Ok(Imported {
        digest: end.digest,
        rejected,
        continued_after: earlier.map(|earlier| earlier.position.lines),
        verified: source
            .manifest
            .as_ref()
            .is_some_and(|manifest| manifest.approximated == 0),
        left_out: source.manifest.as_ref().map_or(0, |manifest| manifest.left_out),
        approximated: source.manifest.as_ref().map_or(0, |manifest| manifest.approximated),
    })
}

/// The format to read; `None` if the first line decides.
fn format_of<P>(source: &Source<P>, writing: &Writing, earlier: Option<&Checkpoint>) -> Result<Option<Format>> {
    let known = source.manifest.as_ref().map(|manifest| manifest.format);
    match (earlier, writing.format) {
        (Some(earlier), Some(asked)) if earlier.format != asked => Err(Error::Invalid(format!(
            "continuing the import of {}: it was begun with another format. Leave the format out to continue, or remove the progress \
             file to import the file from its beginning.",
            source.name
        ))),
        (Some(earlier), _) => Ok(Some(earlier.format)),
        (None, asked) => Ok(asked.or(known)),
    }
}

fn ensure_same_key<P>(source: &Source<P>, description: &Description) -> Result<()> {
    match &source.manifest {
        Some(manifest) if manifest.key != description.key => {
            let shown = |key: &super::key::KeySchema| {
                let attributes: Vec<String> = key
                    .attributes
                    .iter()
                    .map(|attribute| format!("{} ({})", attribute.name, attribute.type_name))
                    .collect();
                attributes.join(", ")
            };
            Err(Error::Invalid(format!(
                "importing {}: its table has the key {}, and {} has {}. No item would fit.",
                source.name,
                shown(&manifest.key),
                description.arn,
                shown(&description.key)
            )))
        }
        _ => Ok(()),
    }
}
