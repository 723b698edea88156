//! What an export contains.

use serde::{Deserialize, Serialize};

use super::super::digest::TableDigest;
use super::super::encode::{Block, InexactItem};

/// Inexact items that are kept to be reported; all are counted.
pub const MOST_INEXACT_SHOWN: usize = 1000;

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
    /// Of the items, those that an earlier try had exported.
    #[serde(default)]
    pub continued_after: u64,
}

impl Exported {
    /// Adds what another segment contained.
    pub fn merge(&mut self, other: Exported) {
        self.digest.merge(&other.digest);
        self.file_bytes += other.file_bytes;
        self.inexact_items += other.inexact_items;
        let room = MOST_INEXACT_SHOWN.saturating_sub(self.inexact.len());
        self.inexact.extend(other.inexact.into_iter().take(room));
        self.continued_after += other.continued_after;
    }

    /// Adds what a block has, but for its bytes.
    pub(super) fn add(&mut self, block: &mut Block) {
        self.merge(Exported {
            digest: block.digest,
            file_bytes: 0,
            inexact_items: block.inexact.len() as u64,
            inexact: std::mem::take(&mut block.inexact),
            continued_after: 0,
        });
    }
}
