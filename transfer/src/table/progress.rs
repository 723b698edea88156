//! How far an export, an import or a digest is, for whoever shows it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters that only grow.
#[derive(Debug, Default)]
pub struct Progress {
    items: AtomicU64,
    /// As DynamoDB counts items.
    bytes: AtomicU64,
    /// Of the file: written by an export, read by an import, as it is stored.
    file_bytes: AtomicU64,
    throttled: AtomicU64,
    rejected: AtomicU64,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub items: u64,
    pub bytes: u64,
    pub file_bytes: u64,
    /// Requests that the table throttled.
    pub throttled: u64,
    /// Items that were rejected or left out.
    pub rejected: u64,
}

impl Progress {
    pub fn counts(&self) -> Counts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            items: of(&self.items),
            bytes: of(&self.bytes),
            file_bytes: of(&self.file_bytes),
            throttled: of(&self.throttled),
            rejected: of(&self.rejected),
        }
    }

    pub(super) fn add_items(&self, items: u64, bytes: u64) {
        self.items.fetch_add(items, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_file_bytes(&self, bytes: u64) {
        self.file_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_throttled(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_rejected(&self, items: u64) {
        self.rejected.fetch_add(items, Ordering::Relaxed);
    }
}
