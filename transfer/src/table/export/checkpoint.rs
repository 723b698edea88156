//! How far an export is, stored so that it continues there after an interruption.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::compression::Compression;
use super::super::encode::{Block, Content, Inexact};
use super::super::format::Format;
use super::super::key::KeySchema;
use super::super::port::Description;
use super::super::value::Item;
use super::exported::Exported;
use super::reading::{Reading, Segment};

/// What has been written of an export, block by block. Everything before each segment's place is in the file's first
/// [`Exported::file_bytes`] bytes, and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub version: u32,
    /// What is exported: a checkpoint of anything else is none.
    pub export: Identity,
    /// Segments of the scan.
    pub total: u32,
    /// Where each segment continues; one that is not there has not begun.
    pub segments: BTreeMap<u32, Place>,
    pub exported: Exported,
}

/// Where a segment continues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// After this key.
    After(Item),
    Done,
}

/// A table, and how it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// ARN.
    pub table: String,
    /// `TableId`: a table that was created again since has other items.
    pub table_id: String,
    pub key: KeySchema,
    pub format: Format,
    pub compression: Compression,
    pub inexact: Inexact,
    pub consistent: bool,
    /// The one segment that is read, of an export on many machines.
    pub only: Option<u32>,
}

impl Identity {
    pub fn of(description: &Description, reading: &Reading, only: Option<u32>) -> Self {
        let (format, compression, inexact) = match reading.content {
            Content::Digest => (Format::default(), Compression::default(), Inexact::default()),
            Content::Lines {
                format,
                compression,
                inexact,
            } => (format, compression, inexact),
        };
        Self {
            table: description.arn.clone(),
            table_id: description.id.clone(),
            key: description.key.clone(),
            format,
            compression,
            inexact,
            consistent: reading.consistent,
            only,
        }
    }
}

impl Checkpoint {
    pub const VERSION: u32 = 1;

    /// Of an export that begins.
    pub fn new(export: Identity, total: u32) -> Self {
        Self {
            version: Self::VERSION,
            export,
            total,
            segments: BTreeMap::new(),
            exported: Exported::default(),
        }
    }

    /// The segments that are not done, each with the key after which it continues.
    pub fn left(&self) -> Vec<(Segment, Option<Item>)> {
        let numbers = match self.export.only {
            Some(only) => only..only + 1,
            None => 0..self.total,
        };
        let total = self.total;
        numbers
            .filter_map(|number| match self.segments.get(&number) {
                Some(Place::Done) => None,
                Some(Place::After(key)) => Some((Segment { number, total }, Some(key.clone()))),
                None => Some((Segment { number, total }, None)),
            })
            .collect()
    }

    /// Adds a block of a segment that the sink has taken, with so many bytes.
    pub fn add(&mut self, segment: u32, place: Place, block: &mut Block, bytes: u64) {
        self.segments.insert(segment, place);
        self.exported.add(block);
        self.exported.file_bytes += bytes;
    }
}
