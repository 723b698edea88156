//! A table in memory that behaves like DynamoDB's where the engine relies on it, and items of every type and size.
#![allow(clippy::unwrap_used)]

pub mod items;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::error::{Error, Result as Outcome};
use super::format::Format;
use super::import::{Imported, Parts, SideFiles, Source, Writing, import};
use super::key::{KeyAttribute, KeySchema};
use super::number::Number;
use super::port::{Description, MOST_BATCH_BYTES, MOST_BATCH_ITEMS, Page, Refusal, ScanRequest, Table, Written};
use super::value::{Item, MOST_ITEM_BYTES, Value, item_size};

/// A page of a scan ends after so many bytes.
const PAGE_BYTES: u64 = 1 << 20;

/// How a [`FakeTable`] misbehaves. Each is the share of requests, in percent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    pub throttled: u64,
    pub unavailable: u64,
    /// The call is carried out, and its response lost.
    pub lost: u64,
    /// Items of a batch that are not written, of those that could be.
    pub unprocessed: u64,
    /// The request after which all fail, as if the process were killed.
    pub dies_after: Option<u64>,
}

/// A table with the key `id` (a string) and `at` (a number).
#[derive(Debug)]
pub struct FakeTable {
    items: Mutex<BTreeMap<Vec<u8>, Item>>,
    faults: Faults,
    requests: AtomicU64,
    random: Mutex<fastrand::Rng>,
}

/// Imports with a checkpoint after every batch.
pub async fn import_into<P: Parts>(
    table: &Arc<FakeTable>,
    description: &Description,
    format: Option<Format>,
    source: Source<P>,
    files: &SideFiles,
) -> Outcome<Imported> {
    let writing = Writing {
        format,
        most_requests: 8,
        rate: None,
        between_checkpoints: Duration::ZERO,
    };
    import(Arc::clone(table), description, &writing, source, files, Arc::default()).await
}

pub fn key_schema() -> KeySchema {
    let attribute = |name: &str, type_name: &str| KeyAttribute {
        name: name.into(),
        type_name: type_name.into(),
    };
    KeySchema {
        attributes: vec![attribute("id", "S"), attribute("at", "N")],
    }
}

impl FakeTable {
    pub fn new(faults: Faults, seed: u64) -> Self {
        Self {
            items: Mutex::default(),
            faults,
            requests: AtomicU64::new(0),
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
        }
    }

    pub fn with(items: impl IntoIterator<Item = Item>, faults: Faults) -> Self {
        let table = Self::new(faults, 1);
        table
            .items
            .lock()
            .unwrap()
            .extend(items.into_iter().map(|item| (key_schema().of(&item), item)));
        table
    }

    /// All items, by key.
    pub fn items(&self) -> BTreeMap<Vec<u8>, Item> {
        self.items.lock().unwrap().clone()
    }

    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    fn hits(&self, percent: u64) -> bool {
        self.random.lock().unwrap().u64(0..100) < percent
    }

    fn refuse(&self) -> Result<(), Refusal> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        if self.faults.dies_after.is_some_and(|last| number >= last) {
            return Err(Refusal::Final(Error::Aws("killed".into())));
        }
        if self.hits(self.faults.throttled) {
            return Err(Refusal::Throttled("slow down".into()));
        }
        if self.hits(self.faults.unavailable) {
            return Err(Refusal::Unavailable("connection reset".into()));
        }
        Ok(())
    }
}

impl Table for FakeTable {
    async fn describe(&self) -> Result<Description, Refusal> {
        let items = self.items.lock().unwrap();
        Ok(Description {
            arn: "arn:aws:dynamodb:eu-west-1:111122223333:table/rooms".into(),
            id: "table-1".into(),
            key: key_schema(),
            items: items.len() as u64,
            bytes: items.values().map(item_size).sum(),
        })
    }

    async fn scan(&self, request: &ScanRequest) -> Result<Page, Refusal> {
        tokio::task::yield_now().await;
        self.refuse()?;
        let after = request.after.as_ref().map(|key| key_schema().of(key));
        let of_segment = |key: &[u8]| {
            let sum: u32 = key.iter().map(|byte| u32::from(*byte)).sum();
            sum % request.total_segments == request.segment
        };
        let items = self.items.lock().unwrap();
        let (mut page, mut bytes, mut next) = (Vec::new(), 0, None);
        for (key, item) in items.iter() {
            if !of_segment(key) || after.as_ref().is_some_and(|after| key <= after) {
                continue;
            }
            page.push(item.clone());
            bytes += item_size(item);
            if bytes >= PAGE_BYTES {
                next = Some(Item::from([
                    ("id".to_owned(), item["id"].clone()),
                    ("at".to_owned(), item["at"].clone()),
                ]));
                break;
            }
        }
        Ok(Page {
            items: page,
            next,
            units: bytes.div_ceil(4096) as f64,
        })
    }

    async fn put(&self, batch: &[&Item]) -> Result<Written, Refusal> {
        tokio::task::yield_now().await;
        self.refuse()?;
        let invalid = |why: &str| Refusal::Invalid(format!("ValidationException: {why}"));
        let bytes: usize = batch.iter().map(|item| serde_json::to_vec(item).unwrap().len()).sum();
        if batch.is_empty() || batch.len() > MOST_BATCH_ITEMS || bytes > MOST_BATCH_BYTES + 64 * 1024 {
            return Err(invalid("too many items, or none"));
        }
        let schema = key_schema();
        for (place, item) in batch.iter().enumerate() {
            if let Some(fault) = schema.fault(item) {
                return Err(invalid(&fault));
            }
            if item_size(item) > MOST_ITEM_BYTES {
                return Err(invalid("Item size has exceeded the maximum allowed size"));
            }
            if item
                .values()
                .any(|value| matches!(value, Value::Ss(texts) if texts.is_empty()))
            {
                return Err(invalid("An string set  may not be empty"));
            }
            if batch[..place].iter().any(|other| schema.of(other) == schema.of(item)) {
                return Err(invalid("Provided list of item keys contains duplicates"));
            }
        }
        let mut unprocessed = Vec::new();
        for (place, item) in batch.iter().enumerate() {
            if self.hits(self.faults.unprocessed) {
                unprocessed.push(place);
            } else {
                self.items.lock().unwrap().insert(schema.of(item), normalized(item));
            }
        }
        if self.hits(self.faults.lost) {
            return Err(Refusal::Unavailable("the response was lost".into()));
        }
        Ok(Written {
            unprocessed,
            units: batch.len() as f64,
        })
    }
}

/// As DynamoDB stores it: numbers in their shortest form, sets in an order of its own.
fn normalized(item: &Item) -> Item {
    fn number(number: &Number) -> Number {
        let value = number.decimal();
        if value.digits.is_empty() {
            return Number::parse("0").unwrap();
        }
        let digits = String::from_utf8(value.digits.to_vec()).unwrap();
        let sign = if value.negative { "-" } else { "" };
        Number::parse(format!("{sign}0.{digits}E{}", value.exponent)).unwrap()
    }
    fn value(of: &Value) -> Value {
        match of {
            Value::N(n) => Value::N(number(n)),
            Value::Ns(ns) => Value::Ns(ns.iter().rev().map(number).collect()),
            Value::Ss(texts) => Value::Ss(texts.iter().rev().cloned().collect()),
            Value::L(elements) => Value::L(elements.iter().map(value).collect()),
            Value::M(members) => Value::M(normalized(members)),
            other => other.clone(),
        }
    }
    item.iter().map(|(name, of)| (name.clone(), value(of))).collect()
}
