//! Checks at backup that all parameters can be read, and records their current versions.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{KIND, Parameters, path};
use crate::aws::failure;
use crate::aws::response::present;
use crate::domain::job::{Progress, Run};
use crate::domain::resource::{RecoveryPoint, Resource, Version};
use crate::error::{Error, Result};
use crate::kinds::shared::{guarded, seen, versions};
use crate::kinds::{Backup, Deletion, StartedBackup, keys};

impl Parameters {
    /// Metadata of all parameters below the path, as SSM returned it, and the time of the last response.
    async fn describe(&self, path: &str) -> Result<(Vec<Value>, Option<Timestamp>)> {
        let below = json!([{ "Key": "Path", "Option": "Recursive", "Values": [path] }]);
        let (mut found, mut token) = (Vec::new(), Value::Null);
        loop {
            let input = json!({ "ParameterFilters": below, "MaxResults": 50, "NextToken": token });
            let mut page = self
                .ssm
                .call("DescribeParameters", input)
                .await
                .map_err(|error| failure("describing the parameters below", path, error))?;
            found.extend(page.take_list("Parameters"));
            token = page.take_token("NextToken");
            if token.is_null() {
                return Ok((found, page.at));
            }
        }
    }
}

#[async_trait]
impl Backup for Parameters {
    async fn capture(&self, resource: &Resource) -> Result<Value> {
        let path = path(resource)?;
        let (found, _) = self.describe(path).await?;
        let inaccessible = keys::inaccessible(&self.kms, keys_of(&found), &protected(path)).await?;
        Ok(present([("Parameters", found.into()), ("UnseenKmsKeys", inaccessible)]))
    }

    /// Checks the parameters and the keys of the secure ones, and records the current versions.
    async fn back_up(&self, run: &Run, resource: &Resource) -> Result<StartedBackup> {
        let path = path(resource)?;
        let (found, at) = self.describe(path).await?;
        if found.is_empty() {
            return Err(Error::NotFound(format!(
                "guarding the parameters below {path}: there are none. Correct the path, or put them back"
            )));
        }
        for key in keys_of(&found) {
            keys::ensure_usable(&self.kms, run, key, &protected(path)).await?;
        }
        let mut current: Vec<Version> = found
            .iter()
            .map(|parameter| Version {
                name: parameter["Name"].as_str().unwrap_or_default().to_owned(),
                version: parameter["Version"].to_string(),
            })
            .collect();
        current.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(seen(run, at, current))
    }

    /// Nothing was created.
    async fn find(&self, _: &Run, _: &Resource) -> Result<Option<RecoveryPoint>> {
        Ok(None)
    }

    /// The recorded versions were complete when they were read: there is nothing to wait for.
    async fn poll(&self, _: &Resource, point: &RecoveryPoint) -> Result<Progress> {
        guarded(KIND, point)
    }

    async fn abandon(&self, point: &RecoveryPoint) -> Result<()> {
        versions(KIND, point).map(|_| ())
    }

    /// Nothing was created, so nothing is tagged.
    async fn mark_sealed(&self, _: &RecoveryPoint, _: usize) -> Result<()> {
        Ok(())
    }

    /// Nothing was created, so nothing is deleted.
    async fn delete(&self, _: &Run, point: &RecoveryPoint) -> Result<Deletion> {
        versions(KIND, point).map(|_| Deletion::Gone)
    }
}

/// The keys of the secure ones, without duplicates.
fn keys_of(found: &[Value]) -> BTreeSet<&str> {
    found
        .iter()
        .filter(|parameter| parameter["Type"] == "SecureString")
        .filter_map(|parameter| parameter["KeyId"].as_str())
        .collect()
}

fn protected(path: &str) -> String {
    format!("the parameters below {path}")
}
