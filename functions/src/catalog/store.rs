//! The table behind the catalog, as narrow as the catalog needs it: items by key, and writes that happen only while a
//! condition holds.

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::error::Result;

/// An item's attributes. On the way in without its key; on the way out with `pk` and `sk`.
pub type Item = Map<String, Value>;

/// Where an item is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub pk: String,
    pub sk: String,
}

/// What has to hold of the item as it is, for a write to happen or for an item to be listed.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    Always,
    /// The attribute is not there; of `pk`: the item is not there.
    Absent(&'static str),
    /// The attribute is there; of `pk`: the item is there.
    Present(&'static str),
    Equals(&'static str, Value),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

/// Reads are strongly consistent. A write answers whether its condition held; one that did not changes nothing.
///
/// A write that was not heard of may be repeated beneath, and then finds its own effect: a caller that gets `false` reads
/// the item before it judges.
#[async_trait]
pub trait Store: Send + Sync {
    async fn get(&self, key: &Key) -> Result<Option<Item>>;

    /// The items under `pk` whose `sk` begins with `prefix` and of which `filter` holds, in the order of `sk`.
    async fn query(&self, pk: &str, prefix: &str, filter: &Condition) -> Result<Vec<Item>>;

    /// The items of the whole table with exactly this `sk`, in no order.
    async fn scan(&self, sk: &str) -> Result<Vec<Item>>;

    async fn put(&self, key: &Key, item: Item, condition: &Condition) -> Result<bool>;

    /// Sets attributes, and leaves the others as they are.
    async fn update(&self, key: &Key, set: Item, condition: &Condition) -> Result<bool>;

    async fn delete(&self, key: &Key, condition: &Condition) -> Result<bool>;
}
