//! What the engine needs of a table: to be described, read a page at a time, and written a batch at a time.

use std::future::Future;

use super::error::Error;
use super::key::KeySchema;
use super::value::Item;

/// DynamoDB takes so many items in one batch.
pub const MOST_BATCH_ITEMS: usize = 25;
/// And so many bytes, as they are sent; less than its 16 MB by room for what is around the items.
pub const MOST_BATCH_BYTES: usize = 16 * 1024 * 1024 - 64 * 1024;

/// A table, or what behaves like one.
pub trait Table: Send + Sync + 'static {
    fn describe(&self) -> impl Future<Output = Result<Description, Refusal>> + Send;

    /// Reads the next page of a segment.
    fn scan(&self, request: &ScanRequest) -> impl Future<Output = Result<Page, Refusal>> + Send;

    /// Creates or replaces items, at most [`MOST_BATCH_ITEMS`] and [`MOST_BATCH_BYTES`], no key twice.
    fn put(&self, items: &[&Item]) -> impl Future<Output = Result<Written, Refusal>> + Send;
}

/// What is known of a table before it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    pub arn: String,
    /// `TableId`: a table that is created again under its name has another one.
    pub id: String,
    pub key: KeySchema,
    /// As DynamoDB last counted them, about every six hours.
    pub items: u64,
    pub bytes: u64,
}

/// Which page is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanRequest {
    pub segment: u32,
    pub total_segments: u32,
    /// The key after which it begins: [`Page::next`] of the page before.
    pub after: Option<Item>,
    /// Strongly consistent: with everything that was written before, and twice the cost.
    pub consistent: bool,
}

/// A page.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub items: Vec<Item>,
    /// `None` at the end of the segment.
    pub next: Option<Item>,
    /// Read units that it consumed.
    pub units: f64,
}

/// The result of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The items that were not written, by their places in the batch.
    pub unprocessed: Vec<usize>,
    /// Write units that it consumed.
    pub units: f64,
}

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// The table is busy: to be sent again, later, and fewer at a time.
    Throttled(String),
    /// No response, or one that AWS asks to retry.
    Unavailable(String),
    /// What was sent is not valid.
    Invalid(String),
    /// Nothing will change it.
    Final(Error),
}
