//! How far an export, an import or a digest is, for whoever shows it; and whether it is to stop.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// Counters that only grow, and the request to stop.
#[derive(Debug, Default)]
pub struct Progress {
    items: AtomicU64,
    /// As DynamoDB counts items.
    bytes: AtomicU64,
    /// Of the file: written by an export, read by an import, as it is stored.
    file_bytes: AtomicU64,
    throttled: AtomicU64,
    rejected: AtomicU64,
    stop: watch::Sender<bool>,
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

    /// Asks the work to stop: it ends with [`Error::Stopped`](super::Error::Stopped) once nothing of it is left that should not be.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Returns once the work is to stop.
    pub(super) async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        // It cannot be closed while it is borrowed.
        let _ = stop.wait_for(|stop| *stop).await;
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
