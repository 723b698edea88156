//! Deployments by their descriptors.

use serde_json::{Value, json};

use super::store::Condition;
use super::{Catalog, encode, key, text};
use crate::domain::descriptor::Descriptor;
use crate::error::{Error, Result};

impl Catalog {
    /// Registers a deployment, or replaces its descriptor.
    pub async fn put_descriptor(&self, descriptor: &Descriptor) -> Result<()> {
        let item = encode(&json!({
            "deployment": descriptor.deployment,
            "enabled": descriptor.enabled,
            "document": descriptor,
        }))?;
        self.store
            .put(&key(&descriptor.deployment, "DESCRIPTOR"), item, &Condition::Always)
            .await?;
        Ok(())
    }

    /// A deployment's descriptor, validated again.
    ///
    /// # Errors
    /// `NotFound` when nothing is registered under this name; `InvalidInput` when what is registered is no longer valid.
    pub async fn descriptor(&self, deployment: &str) -> Result<Descriptor> {
        let item = self.store.get(&key(deployment, "DESCRIPTOR")).await?.ok_or_else(|| {
            Error::NotFound(format!(
                "reading the descriptor of {deployment}: no deployment of this name is registered. Register it with \
                 `holdfast apply FILE`; `holdfast deployments` lists those that are"
            ))
        })?;
        Descriptor::parse(item.get("document").unwrap_or(&Value::Null))
    }

    /// The names of all registered deployments and whether each is enabled, by name.
    pub async fn deployments(&self) -> Result<Vec<(String, bool)>> {
        let items = self.store.scan("DESCRIPTOR").await?;
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
