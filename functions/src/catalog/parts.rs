//! Items of any size: DynamoDB's limit is 400 KB, and a deployment's data (ten thousand parameters, a sample of long paths) may
//! exceed it. An attribute that makes an item too large is stored in items of its own, named by a hash of its content, which are
//! written before the item that refers to them: a reader gets either all of it or the previous item.
//!
//! Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::store::{Condition, Item, Key, Store};
use crate::domain::names;
use crate::error::{Error, Result};

/// Maximum bytes of JSON in an item or part: in DynamoDB a list of small numbers is half as large again.
const MOST: usize = 256 * 1024;
/// Replaces an attribute: refers to its parts.
const POINTER: &str = "holdfast:parts";
/// The attribute of a part.
const PART: &str = "part";
/// Attempts to read an item whose parts are being replaced.
const TRIES: usize = 3;

/// A store whose items may be of any size.
pub struct PartitionedStore {
    pub store: Arc<dyn Store>,
}

#[async_trait]
impl Store for PartitionedStore {
    async fn get(&self, key: &Key) -> Result<Option<Item>> {
        for _ in 0..TRIES {
            let Some(found) = self.store.get(key).await? else {
                return Ok(None);
            };
            if let Some(whole) = self.read_parts(key, found).await? {
                return Ok(Some(whole));
            }
        }
        Err(Error::Unavailable(format!(
            "reading {} {} in the catalog: parts of it are missing; it is read again",
            key.pk, key.sk
        )))
    }

    async fn query(&self, pk: &str, prefix: &str, filter: &Condition) -> Result<Vec<Item>> {
        let found = self.store.query(pk, prefix, filter).await?;
        self.read_all_parts(found).await
    }

    async fn scan(&self, sk: &str) -> Result<Vec<Item>> {
        let found = self.store.scan(sk).await?;
        self.read_all_parts(found).await
    }

    async fn put(&self, key: &Key, item: Item, condition: &Condition) -> Result<bool> {
        let head = self.write_parts(key, item).await?;
        self.store.put(key, head, condition).await
    }

    async fn update(&self, key: &Key, set: Item, condition: &Condition) -> Result<bool> {
        let head = self.write_parts(key, set).await?;
        self.store.update(key, head, condition).await
    }

    /// Deletes the item first: while it exists, it is complete.
    async fn delete(&self, key: &Key, condition: &Condition) -> Result<bool> {
        let found = self.store.get(key).await?.unwrap_or_default();
        let deleted = self.store.delete(key, condition).await?;
        if deleted {
            for pointer in found.values().filter_map(PartPointer::of) {
                for part in pointer.keys(key) {
                    self.store.delete(&part, &Condition::Always).await?;
                }
            }
        }
        Ok(deleted)
    }
}

impl PartitionedStore {
    /// Writes attributes that are too large into parts; returns the item with pointers in their place.
    async fn write_parts(&self, key: &Key, item: Item) -> Result<Item> {
        let (head, parts) = split(item);
        for (pointer, text) in parts {
            for (part, chunk) in pointer.keys(key).into_iter().zip(chunks(&text)) {
                let item = json!({ PART: chunk }).as_object().cloned().unwrap_or_default();
                self.store.put(&part, item, &Condition::Always).await?;
            }
        }
        Ok(head)
    }

    /// The item with its parts; `None` if a part is missing.
    async fn read_parts(&self, key: &Key, mut item: Item) -> Result<Option<Item>> {
        for value in item.values_mut() {
            let Some(pointer) = PartPointer::of(value) else {
                continue;
            };
            let mut text = String::new();
            for part in pointer.keys(key) {
                let found = self.store.get(&part).await?;
                match found.as_ref().and_then(|found| found.get(PART)?.as_str()) {
                    Some(chunk) => text.push_str(chunk),
                    None => return Ok(None),
                }
            }
            *value = serde_json::from_str(&text).map_err(|error| {
                Error::VerificationFailed(format!(
                    "reading {} {} in the catalog: its parts are incomplete: {error}. Restore them from the table's \
                     point-in-time recovery",
                    key.pk, key.sk
                ))
            })?;
        }
        Ok(Some(item))
    }

    /// An item that is replaced meanwhile is read again; an item that is deleted meanwhile is left out.
    async fn read_all_parts(&self, found: Vec<Item>) -> Result<Vec<Item>> {
        let mut all = Vec::with_capacity(found.len());
        for item in found {
            if !item.values().any(|value| PartPointer::of(value).is_some()) {
                all.push(item);
                continue;
            }
            let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let key = Key {
                pk: text("pk"),
                sk: text("sk"),
            };
            all.extend(self.get(&key).await?);
        }
        Ok(all)
    }
}

/// Refers to an attribute that is stored outside its item.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PartPointer {
    digest: String,
    parts: usize,
}

impl PartPointer {
    fn of(value: &Value) -> Option<Self> {
        let pointer = value.as_object().filter(|object| object.len() == 1)?.get(POINTER)?;
        Some(Self {
            digest: pointer["digest"].as_str()?.to_owned(),
            parts: usize::try_from(pointer["parts"].as_u64()?).ok()?,
        })
    }

    fn value(&self) -> Value {
        json!({ POINTER: { "digest": self.digest, "parts": self.parts } })
    }

    /// Outside every prefix that is queried.
    fn keys(&self, of: &Key) -> Vec<Key> {
        let key = |number: usize| Key {
            pk: of.pk.clone(),
            sk: format!("PART#{}#{}#{number}", of.sk, self.digest),
        };
        (0..self.parts).map(key).collect()
    }
}

/// The item with pointers in place of its largest attributes, as many as necessary, and those attributes as text.
fn split(mut item: Item) -> (Item, Vec<(PartPointer, String)>) {
    let mut sizes: Vec<(usize, String)> = item.iter().map(|(name, value)| (size(value), name.clone())).collect();
    sizes.sort_unstable();
    let mut total: usize = sizes.iter().map(|(size, name)| size + name.len()).sum();
    let mut parts = Vec::new();
    while total > MOST
        && let Some((size, name)) = sizes.pop()
        && let Some(value) = item.get_mut(&name)
    {
        let text = value.to_string();
        let pointer = PartPointer {
            digest: names::digest(&text),
            parts: chunks(&text).count(),
        };
        *value = pointer.value();
        total -= size;
        parts.push((pointer, text));
    }
    (item, parts)
}

fn size(value: &Value) -> usize {
    serde_json::to_vec(value).map_or(0, |text| text.len())
}

/// Splits a text at character boundaries.
fn chunks(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.floor_char_boundary(MOST);
        let (chunk, after) = rest.split_at(end);
        rest = after;
        (!chunk.is_empty()).then_some(chunk)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::testing::memory::Memory;

    fn store() -> (PartitionedStore, Arc<Memory>) {
        let memory = Arc::new(Memory::default());
        let store = PartitionedStore { store: memory.clone() };
        (store, memory)
    }

    fn key() -> Key {
        Key {
            pk: "DEPLOYMENT#hubs".to_owned(),
            sk: "SET#one#POINT#keys".to_owned(),
        }
    }

    /// Ten thousand parameters, whose names have several bytes per character.
    fn large() -> Item {
        let versions: Vec<Value> = (0..10_000)
            .map(|number| json!({ "name": format!("/hubs/prödüction/setting-{number:05}-{}", "é".repeat(50)), "version": "1" }))
            .collect();
        let item = json!({ "status": "available", "versions": versions, "configuration": { "a": [1.5, null, "x"] } });
        item.as_object().unwrap().clone()
    }

    fn with_key(mut item: Item) -> Item {
        item.insert("pk".to_owned(), key().pk.into());
        item.insert("sk".to_owned(), key().sk.into());
        item
    }

    #[tokio::test]
    async fn an_item_of_any_size_comes_back_as_it_was() {
        let (store, memory) = store();
        assert!(store.put(&key(), large(), &Condition::Absent("pk")).await.unwrap());
        let stored = memory.items();
        assert!(stored.len() > 4, "{}", stored.len());
        assert!(
            stored
                .values()
                .all(|item| size(&Value::Object(item.clone())) < 400 * 1024)
        );
        // Attributes that conditions and filters use stay in the item.
        assert_eq!(stored[&key()]["status"], "available");
        assert_eq!(store.get(&key()).await.unwrap().unwrap(), with_key(large()));
        let found = store
            .query(&key().pk, "SET#one#POINT#", &Condition::Always)
            .await
            .unwrap();
        assert_eq!(found, [with_key(large())]);
        assert!(!store.put(&key(), large(), &Condition::Absent("pk")).await.unwrap());
        assert_eq!(memory.items(), stored, "written again, it is the same parts");
        assert!(store.delete(&key(), &Condition::Always).await.unwrap());
        assert!(memory.items().is_empty());
    }

    #[tokio::test]
    async fn a_small_item_is_one_item() {
        let (store, memory) = store();
        let item = json!({ "a": "b" }).as_object().unwrap().clone();
        store.put(&key(), item, &Condition::Always).await.unwrap();
        assert_eq!(memory.items().len(), 1);
    }

    #[tokio::test]
    async fn an_attribute_that_is_set_may_be_large_too() {
        let (store, _) = store();
        let item = json!({ "status": "running" }).as_object().unwrap().clone();
        store.put(&key(), item, &Condition::Always).await.unwrap();
        assert!(store.update(&key(), large(), &Condition::Present("pk")).await.unwrap());
        assert_eq!(store.get(&key()).await.unwrap().unwrap(), with_key(large()));
    }

    #[tokio::test]
    async fn what_lacks_a_part_is_never_read_as_whole() {
        let (store, memory) = store();
        store.put(&key(), large(), &Condition::Always).await.unwrap();
        let part = memory
            .items()
            .into_keys()
            .find(|key| key.sk.starts_with("PART#"))
            .unwrap();
        memory.delete(&part, &Condition::Always).await.unwrap();
        assert_eq!(store.get(&key()).await.unwrap_err().name(), "Unavailable");
    }
}
