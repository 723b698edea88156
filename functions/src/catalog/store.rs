//! The table behind the catalog, as narrow as the catalog needs it: items by key, and conditional writes.

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::error::Result;

/// An item's attributes: without its key when written; with `pk` and `sk` when read.
pub type Item = Map<String, Value>;

/// The key of an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub pk: String,
    pub sk: String,
}

/// What has to hold for the present item, for a write to take effect or for an item to be listed.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    Always,
    /// The attribute does not exist; for `pk`: the item does not exist.
    Absent(&'static str),
    /// The attribute exists; for `pk`: the item exists.
    Present(&'static str),
    Equals(&'static str, Value),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

/// Reads are strongly consistent. A write returns whether its condition held; if it did not, nothing changes.
///
/// The SDK may repeat a write whose response was lost, which then finds its own effect: a caller that gets `false` reads the item
/// before it decides.
#[async_trait]
pub trait Store: Send + Sync {
    async fn get(&self, key: &Key) -> Result<Option<Item>>;

    /// The items under `pk` whose `sk` begins with `prefix` and which match `filter`, in the order of `sk`.
    async fn query(&self, pk: &str, prefix: &str, filter: &Condition) -> Result<Vec<Item>>;

    /// The items of the whole table with exactly this `sk`, in no order.
    async fn scan(&self, sk: &str) -> Result<Vec<Item>>;

    async fn put(&self, key: &Key, item: Item, condition: &Condition) -> Result<bool>;

    /// Sets attributes, and leaves the others unchanged.
    async fn update(&self, key: &Key, set: Item, condition: &Condition) -> Result<bool>;

    async fn delete(&self, key: &Key, condition: &Condition) -> Result<bool>;
}
