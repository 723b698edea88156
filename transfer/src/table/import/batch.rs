//! Items on their way into the table: in batches that DynamoDB accepts, each written until nothing of it remains.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::error::{Error, Result};
use super::super::pace::Pace;
use super::super::port::{MOST_BATCH_BYTES, MOST_BATCH_ITEMS, Refusal, Table};
use super::super::progress::Progress;
use super::super::rate::Rate;
use super::super::retry::Attempts;
use super::super::value::{Item, item_size};
use super::rejected::Rejection;

/// Consecutive items of the file, no key twice.
#[derive(Debug, Default)]
pub struct Batch {
    items: Vec<(u64, Item)>,
    keys: HashSet<Vec<u8>>,
    bytes: usize,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// As they are sent.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn keys(&self) -> &HashSet<Vec<u8>> {
        &self.keys
    }

    /// Whether DynamoDB accepts one more item, of so many bytes, in the same batch.
    pub fn has_room(&self, key: &[u8], bytes: usize) -> bool {
        self.items.len() < MOST_BATCH_ITEMS && self.bytes + bytes <= MOST_BATCH_BYTES && !self.keys.contains(key)
    }

    /// `line` is the number of the item's line.
    pub fn push(&mut self, line: u64, item: Item, key: Vec<u8>, bytes: usize) {
        self.items.push((line, item));
        self.keys.insert(key);
        self.bytes += bytes;
    }

    pub fn into_items(self) -> Vec<(u64, Item)> {
        self.items
    }
}

/// The bytes of an item in a request, at most: in DynamoDB's JSON, a value takes up to 8 times the bytes of its line in plain JSON.
/// Only large items are measured: 25 small ones always fit into a batch.
pub fn bytes_in_request(item: &Item, line: usize) -> usize {
    const SMALL: usize = 64 << 10;
    match line {
        0..SMALL => line * 8 + 64,
        _ => serde_json::to_vec(item).map_or(line * 8, |json| json.len()) + 64,
    }
}

/// Writes batches.
pub struct Writer<T> {
    pub table: Arc<T>,
    pub pace: Pace,
    pub rate: Rate,
    pub progress: Arc<Progress>,
}

impl<T> Clone for Writer<T> {
    fn clone(&self) -> Self {
        Self {
            table: Arc::clone(&self.table),
            pace: self.pace.clone(),
            rate: self.rate.clone(),
            progress: Arc::clone(&self.progress),
        }
    }
}

impl<T: Table> Writer<T> {
    /// Writes items, and returns those that DynamoDB rejects. It rejects a whole batch for one invalid item; the batch is then halved
    /// until that item is alone.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn write(self, items: Vec<(u64, Item)>) -> Result<Vec<Rejection>> {
        let mut rejected = Vec::new();
        let mut groups = vec![(0..items.len()).collect::<Vec<usize>>()];
        let mut attempts = Attempts::default();
        while let Some(mut group) = groups.pop() {
            let refusal = match self.put(&items, &group).await {
                Ok(unprocessed) if unprocessed.is_empty() => {
                    attempts.reset();
                    continue;
                }
                Ok(unprocessed) => {
                    if unprocessed.len() < group.len() {
                        attempts.reset();
                    }
                    group = unprocessed;
                    Refusal::Throttled("a batch of which items were not processed".to_owned())
                }
                Err(Refusal::Invalid(reason)) => {
                    match group.as_slice() {
                        [alone] => rejected.push(Rejection {
                            line: items[*alone].0,
                            reason,
                        }),
                        _ => {
                            let half = group.split_off(group.len() / 2);
                            groups.extend([half, group]);
                        }
                    }
                    continue;
                }
                Err(Refusal::Final(error)) => return Err(error),
                Err(refusal) => refusal,
            };
            attempts.wait_after(refusal, "writing a batch").await?;
            groups.push(group);
        }
        Ok(rejected)
    }

    /// Sends one batch, and returns what was not written.
    async fn put(&self, items: &[(u64, Item)], group: &[usize]) -> Result<Vec<usize>, Refusal> {
        let batch: Vec<&Item> = group.iter().map(|place| &items[*place].1).collect();
        let expected: f64 = batch
            .iter()
            .map(|item| item_size(item).div_ceil(1024).max(1) as f64)
            .sum();
        let permit = self.pace.permit().await;
        self.rate.pay(expected).await;
        let written = match self.table.put(&batch).await {
            Ok(written) => written,
            Err(refusal) => {
                self.rate.correct(expected, 0.0);
                if let Refusal::Throttled(_) = refusal {
                    self.progress.add_throttled();
                    permit.throttled();
                }
                return Err(refusal);
            }
        };
        self.rate.correct(expected, written.units);
        match written.unprocessed.is_empty() {
            true => permit.succeeded(),
            false => {
                self.progress.add_throttled();
                permit.throttled();
            }
        }
        let left: HashSet<usize> = written.unprocessed.iter().copied().collect();
        let done = group.iter().enumerate().filter(|(place, _)| !left.contains(place));
        let (count, bytes) = done.fold((0, 0), |(count, bytes), (_, item)| {
            (count + 1, bytes + item_size(&items[*item].1))
        });
        self.progress.add_items(count, bytes);
        written
            .unprocessed
            .iter()
            .map(|place| group.get(*place).copied())
            .collect::<Option<_>>()
            .ok_or_else(|| {
                Refusal::Final(Error::Aws(
                    "writing a batch: an unprocessed item was not in it".to_owned(),
                ))
            })
    }
}
