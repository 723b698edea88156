//! How a table is read: in which segments, how fast, and what is written of it.

use serde::{Deserialize, Serialize};

use super::super::encode::Content;

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
