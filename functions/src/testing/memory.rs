//! The store in memory, for tests: the same conditions, and responses that get lost on request.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::Value;

use crate::catalog::store::{Condition, Item, Key, Store};
use crate::error::{Error, Result};

/// A concurrent change to the items.
type ConcurrentChange = Box<dyn FnOnce(&mut BTreeMap<Key, Item>) + Send>;

#[derive(Default)]
pub struct Memory {
    items: Mutex<BTreeMap<Key, Item>>,
    /// Number of writes until one fails, and whether it takes effect nevertheless.
    failing: Mutex<Option<(usize, bool)>>,
    /// Number of writes until a concurrent change, and the change.
    meanwhile: Mutex<Option<(usize, ConcurrentChange)>>,
    writes: Mutex<usize>,
}

impl Memory {
    /// The `nth` write from now on (from 1) takes effect and then fails as `Unavailable`.
    pub fn lose_answer(&self, nth: usize) {
        *self.failing.lock().unwrap() = Some((nth, true));
    }

    /// The `nth` write from now on (from 1) never arrives, and fails as `Unavailable`.
    pub fn lose_write(&self, nth: usize) {
        *self.failing.lock().unwrap() = Some((nth, false));
    }

    /// Right after the `nth` write from now on (from 1), this concurrent change happens.
    pub fn meanwhile(&self, nth: usize, change: impl FnOnce(&mut BTreeMap<Key, Item>) + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some((nth, Box::new(change)));
    }

    /// Makes the selected records undecodable.
    pub fn spoil(&self, place: impl Fn(&Key) -> bool) {
        for (key, item) in self.items.lock().unwrap().iter_mut() {
            if place(key) {
                item.insert("started_at".into(), Value::String("not a time".into()));
                // For a descriptor.
                if let Some(document) = item.get_mut("document") {
                    *document = Value::Null;
                }
            }
        }
    }

    pub fn writes(&self) -> usize {
        *self.writes.lock().unwrap()
    }

    pub fn items(&self) -> BTreeMap<Key, Item> {
        self.items.lock().unwrap().clone()
    }

    fn write(&self, key: &Key, condition: &Condition, effect: impl FnOnce(&mut BTreeMap<Key, Item>)) -> Result<bool> {
        let mut items = self.items.lock().unwrap();
        *self.writes.lock().unwrap() += 1;
        let mut failing = self.failing.lock().unwrap();
        let fails = failing.take_if(|(nth, _)| {
            *nth -= 1;
            *nth == 0
        });
        if let Some((_, false)) = fails {
            return Err(Error::Unavailable("the write was lost".into()));
        }
        let applies = holds(condition, items.get(key));
        if applies {
            effect(&mut items);
        }
        let due = self.meanwhile.lock().unwrap().take_if(|(nth, _)| {
            *nth -= 1;
            *nth == 0
        });
        if let Some((_, change)) = due {
            change(&mut items);
        }
        match fails {
            Some(_) => Err(Error::Unavailable("the answer was lost".into())),
            None => Ok(applies),
        }
    }
}

fn holds(condition: &Condition, item: Option<&Item>) -> bool {
    let attribute = |name: &str| item.and_then(|item| item.get(name)).filter(|value| !value.is_null());
    match condition {
        Condition::Always => true,
        Condition::Absent(name) => attribute(name).is_none(),
        Condition::Present(name) => attribute(name).is_some(),
        Condition::Equals(name, value) => attribute(name) == Some(value),
        Condition::All(parts) => parts.iter().all(|part| holds(part, item)),
        Condition::Any(parts) => parts.iter().any(|part| holds(part, item)),
    }
}

#[async_trait]
impl Store for Memory {
    async fn get(&self, key: &Key) -> Result<Option<Item>> {
        Ok(self.items.lock().unwrap().get(key).cloned())
    }

    async fn query(&self, pk: &str, prefix: &str, filter: &Condition) -> Result<Vec<Item>> {
        let items = self.items.lock().unwrap();
        let under = items
            .iter()
            .filter(|(key, _)| key.pk == pk && key.sk.starts_with(prefix));
        Ok(under
            .filter(|(_, item)| holds(filter, Some(item)))
            .map(|(_, item)| item.clone())
            .collect())
    }

    async fn scan(&self, sk: &str) -> Result<Vec<Item>> {
        let items = self.items.lock().unwrap();
        Ok(items
            .iter()
            .filter(|(key, _)| key.sk == sk)
            .map(|(_, item)| item.clone())
            .collect())
    }

    async fn put(&self, key: &Key, mut item: Item, condition: &Condition) -> Result<bool> {
        with_key(key, &mut item);
        self.write(key, condition, |items| {
            items.insert(key.clone(), item);
        })
    }

    async fn update(&self, key: &Key, set: Item, condition: &Condition) -> Result<bool> {
        self.write(key, condition, |items| {
            let item = items.entry(key.clone()).or_default();
            with_key(key, item);
            item.extend(set);
        })
    }

    async fn delete(&self, key: &Key, condition: &Condition) -> Result<bool> {
        self.write(key, condition, |items| {
            items.remove(key);
        })
    }
}

fn with_key(key: &Key, item: &mut Item) {
    item.insert("pk".into(), Value::String(key.pk.clone()));
    item.insert("sk".into(), Value::String(key.sk.clone()));
}
