//! From a page of items to a block of a file.

use std::io;

use super::compression::{Compression, Compressor};
use super::digest::{Digester, TableDigest};
use super::format::Format;
use super::key::KeySchema;
use super::value::Item;

/// What is written for each item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Nothing: only the digest is wanted.
    Digest,
    Lines {
        format: Format,
        compression: Compression,
        inexact: Inexact,
    },
}

/// What happens to items that the format cannot represent exactly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inexact {
    #[default]
    LeaveOut,
    Approximate,
}

/// An item that the format cannot represent exactly.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct InexactItem {
    /// In DynamoDB's JSON.
    pub key: String,
    /// Places and reasons.
    pub reasons: Vec<String>,
}

/// A part of a file.
#[derive(Debug, Default)]
pub struct Block {
    /// As they are stored.
    pub bytes: Vec<u8>,
    /// Of the items in it, as they are in the table.
    pub digest: TableDigest,
    pub inexact: Vec<InexactItem>,
}

/// Encodes the pages of one segment.
pub struct Encoder {
    content: Content,
    key: KeySchema,
    compressor: Compressor,
}

impl Encoder {
    /// # Errors
    /// If there is no memory for the compression.
    pub fn new(content: Content, key: KeySchema) -> io::Result<Self> {
        let compression = match content {
            Content::Digest => Compression::None,
            Content::Lines { compression, .. } => compression,
        };
        Ok(Self {
            content,
            key,
            compressor: Compressor::new(compression)?,
        })
    }

    /// # Errors
    /// If there is no memory for the compression.
    pub fn encode(&mut self, items: &[Item]) -> io::Result<Block> {
        let mut digester = Digester::default();
        let Content::Lines {
            format, inexact: how, ..
        } = self.content
        else {
            items.iter().for_each(|item| digester.add(item));
            return Ok(Block {
                digest: digester.digest(),
                ..Block::default()
            });
        };
        let (mut lines, mut inexact) = (Vec::with_capacity(1 << 20), Vec::new());
        for item in items {
            let reasons = format.inexact(item);
            if !reasons.is_empty() {
                inexact.push(InexactItem {
                    key: self.key.shown(item),
                    reasons,
                });
                if how == Inexact::LeaveOut {
                    continue;
                }
            }
            format.write_line(item, &mut lines)?;
            digester.add(item);
        }
        let bytes = if lines.is_empty() {
            lines
        } else {
            self.compressor.compress(lines)?
        };
        Ok(Block {
            bytes,
            digest: digester.digest(),
            inexact,
        })
    }
}
