//! The catalog: the DynamoDB table of deployments, sets, points, runs, leases and past timings.
//!
//! `pk` is `DEPLOYMENT#<name>`; `sk` is `DESCRIPTOR`, `SET#<id>`, `SET#<id>#POINT#<resource>`, `RUN#<id>`, `RESTORE#<id>`,
//! `RESTORE#<id>#ITEM#<resource>`, `LEASE`, `TIMING#<resource>`, `TIMING#restore#<resource>` (a whole restore),
//! `TIMING#restore#<resource>#<stage>`, `TRANSFER#<run>#<resource>`, or `PART#…` for what does not fit in one item; all other attributes are the record's own.
//! Every read is strongly consistent, every write that could overwrite another's is conditional, and every write may be repeated.

mod descriptors;
mod expression;
mod leases;
mod lending;
mod parts;
mod points;
mod restores;
mod runs;
mod sets;
pub mod store;
mod table;
#[cfg(test)]
mod tests;
mod timings;
mod transfers;

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use leases::Lease;
pub use runs::RunMilestone;
use store::{Item, Key, Store};

use crate::error::{Error, Result};

/// The catalog's records, read and written by their own types.
#[derive(Clone)]
pub struct Catalog {
    store: Arc<dyn Store>,
}

impl Catalog {
    /// The catalog in the DynamoDB table of this name.
    pub fn new(client: aws_sdk_dynamodb::Client, table: impl Into<String>) -> Self {
        let store = Arc::new(table::Table {
            client,
            name: table.into(),
        });
        Self::on(Arc::new(parts::PartitionedStore { store }))
    }

    /// The catalog on any store.
    pub fn on(store: Arc<dyn Store>) -> Self {
        Self { store }
    }
}

fn key(deployment: &str, sk: impl Into<String>) -> Key {
    Key {
        pk: format!("DEPLOYMENT#{deployment}"),
        sk: sk.into(),
    }
}

fn encode<T: Serialize>(record: &T) -> Result<Item> {
    match serde_json::to_value(record) {
        Ok(Value::Object(item)) => Ok(item),
        Ok(other) => Err(Error::VerificationFailed(format!(
            "writing to the catalog: {other} is not a record"
        ))),
        Err(error) => Err(Error::VerificationFailed(format!("writing to the catalog: {error}"))),
    }
}

fn decode<T: DeserializeOwned>(item: Item) -> Result<T> {
    let place = format!("{} {}", text(&item, "pk"), text(&item, "sk"));
    serde_json::from_value(Value::Object(item)).map_err(|error| {
        Error::VerificationFailed(format!(
            "reading {place} in the catalog: {error}. Restore the item, or delete it when nothing needs it"
        ))
    })
}

/// Decodes a record of a list: a record that cannot be read must not hide the others.
fn decode_readable<T: DeserializeOwned>(item: Item) -> Option<T> {
    decode(item)
        .inspect_err(|error| tracing::warn!(error = error.name(), message = %error, "left out"))
        .ok()
}

fn text(item: &Item, name: &str) -> String {
    item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The name of an enum's variant, as in the table.
fn name_of<T: Serialize>(value: T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
