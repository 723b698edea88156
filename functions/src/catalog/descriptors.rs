//! Deployments and their descriptors.

use serde_json::{Value, json};

use super::store::{Condition, Item};
use super::{Catalog, encode, key, text};
use crate::domain::descriptor::Descriptor;
use crate::domain::names;
use crate::error::{Error, Result};

const SK: &str = "DESCRIPTOR";
/// An attribute that differs between any two documents: a change only overwrites the document that was read.
const DIGEST: &str = "digest";
/// Attempts to change a descriptor that others replace concurrently.
const TRIES: usize = 5;

impl Catalog {
    /// Registers a deployment, or replaces its descriptor.
    pub async fn put_descriptor(&self, descriptor: &Descriptor) -> Result<()> {
        self.store
            .put(
                &key(&descriptor.deployment, SK),
                record(descriptor)?,
                &Condition::Always,
            )
            .await?;
        Ok(())
    }

    /// Changes a deployment's descriptor, also while others replace it: `change` may run more than once, and the result of its last
    /// call is returned.
    ///
    /// # Errors
    /// As [`Catalog::descriptor`]; `InvalidInput` if the change makes it invalid, and nothing is written; `Unavailable` if it keeps
    /// changing.
    pub async fn change_descriptor<T>(&self, deployment: &str, change: impl Fn(&mut Descriptor) -> T) -> Result<T> {
        for _ in 0..TRIES {
            let stored = self.stored_item(deployment).await?;
            let before = Descriptor::parse(stored.get("document").unwrap_or(&Value::Null))?;
            let mut after = before.clone();
            let answer = change(&mut after);
            if after == before {
                return Ok(answer);
            }
            let item = record(&after)?;
            Descriptor::parse(item.get("document").unwrap_or(&Value::Null))?;
            // A descriptor that was written before digests were introduced has none.
            let unchanged = match stored.get(DIGEST) {
                Some(digest) => Condition::Equals(DIGEST, digest.clone()),
                None => Condition::All(vec![Condition::Present("pk"), Condition::Absent(DIGEST)]),
            };
            if self.store.put(&key(deployment, SK), item, &unchanged).await? {
                return Ok(answer);
            }
        }
        Err(Error::Unavailable(format!(
            "changing the descriptor of {deployment}: it keeps being replaced; it is tried again"
        )))
    }

    /// A deployment's descriptor, which is validated again.
    ///
    /// # Errors
    /// `NotFound` if no deployment of this name is registered; `InvalidInput` if its descriptor is no longer valid.
    pub async fn descriptor(&self, deployment: &str) -> Result<Descriptor> {
        let item = self.stored_item(deployment).await?;
        Descriptor::parse(item.get("document").unwrap_or(&Value::Null))
    }

    async fn stored_item(&self, deployment: &str) -> Result<Item> {
        self.store.get(&key(deployment, SK)).await?.ok_or_else(|| {
            Error::NotFound(format!(
                "reading the descriptor of {deployment}: no deployment of this name is registered. Register it with \
                 `holdfast apply FILE`; `holdfast deployments` lists the registered ones"
            ))
        })
    }

    /// The names of all registered deployments and whether each is enabled, by name.
    pub async fn deployments(&self) -> Result<Vec<(String, bool)>> {
        let items = self.store.scan(SK).await?;
        let mut found: Vec<_> = items
            .iter()
            .map(|item| {
                (
                    text(item, "deployment"),
                    item.get("enabled").and_then(Value::as_bool).unwrap_or(false),
                )
            })
            .collect();
        found.sort();
        Ok(found)
    }
}

fn record(descriptor: &Descriptor) -> Result<Item> {
    let document = serde_json::to_value(descriptor).unwrap_or_default();
    encode(&json!({
        "deployment": descriptor.deployment,
        "enabled": descriptor.enabled,
        DIGEST: names::digest(&document.to_string()),
        "document": document,
    }))
}
