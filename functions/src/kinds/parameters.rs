//! `parameters`: all Parameter Store parameters below a path, guarded: some have to be there, and all to stay readable.
//! Their values are never read.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_config::SdkConfig;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::shared::{guarded, seen, versions, wrong_target};
use super::{Backup, Deletion, Started, guarding, keys};
use super::{Foreseen, Restore};
use crate::aws::answer::present;
use crate::aws::lazy::Lazy;
use crate::aws::service::{Client, SSM};
use crate::aws::{failure, service};
use crate::domain::job::{Progress, Run};
use crate::domain::resource::{RecoveryPoint, Resource, Target, Version};
use crate::domain::restore::item::{Advance, Item, Undoing};
use crate::domain::restore::verdict::Check;
use crate::domain::set::Sample;
use crate::error::{Error, Result};

const KIND: &str = "parameters";

pub struct Parameters {
    ssm: Lazy<Client>,
    kms: Lazy<service::Client>,
}

impl Parameters {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            ssm: Lazy::new(aws, |aws| Client::new(aws, SSM)),
            kms: Lazy::new(aws, keys::client),
        }
    }

    /// Metadata of all parameters below the path, as SSM answered it, and when it gave the last answer.
    async fn describe(&self, path: &str) -> Result<(Vec<Value>, Option<Timestamp>)> {
        let below = json!([{ "Key": "Path", "Option": "Recursive", "Values": [path] }]);
        let (mut found, mut token) = (Vec::new(), Value::Null);
        loop {
            let asked = json!({ "ParameterFilters": below, "MaxResults": 50, "NextToken": token });
            let mut page = self
                .ssm
                .call("DescribeParameters", asked)
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
        let unseen = keys::unseen(&self.kms, keys_of(&found), &protected(path)).await?;
        Ok(present([("Parameters", found.into()), ("UnseenKmsKeys", unseen)]))
    }

    /// Checks the parameters and the keys of the secure ones, and records the current versions.
    async fn back_up(&self, run: &Run, resource: &Resource) -> Result<Started> {
        let path = path(resource)?;
        let (found, at) = self.describe(path).await?;
        if found.is_empty() {
            return Err(Error::NotFound(format!(
                "guarding the parameters below {path}: there are none. Correct the path, or put them back"
            )));
        }
        for key in keys_of(&found) {
            keys::see_usable(&self.kms, run, key, &protected(path)).await?;
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

    /// Nothing was made.
    async fn find(&self, _: &Run, _: &Resource) -> Result<Option<RecoveryPoint>> {
        Ok(None)
    }

    /// What is recorded was whole when it was seen: there is nothing to wait for.
    async fn poll(&self, _: &Resource, point: &RecoveryPoint) -> Result<Progress> {
        guarded(KIND, point)
    }

    async fn abandon(&self, point: &RecoveryPoint) -> Result<()> {
        versions(KIND, point).map(|_| ())
    }

    /// Nothing was made, so nothing is deleted.
    async fn delete(&self, _: &Run, point: &RecoveryPoint) -> Result<Deletion> {
        versions(KIND, point).map(|_| Deletion::Gone)
    }
}

/// A guard restores nothing: it sees that what was there at backup is there, and says what changed since.
#[async_trait]
impl Restore for Parameters {
    async fn foresee(&self, run: &Run, item: &Item) -> Result<Foreseen> {
        let now = self.back_up(run, &item.planned.resource).await;
        guarding::foreseen(guarding::PARAMETER, item, now)
    }

    async fn advance(&self, _: &Run, item: &Item) -> Result<Advance> {
        guarding::restored(item)
    }

    async fn undo(&self, _: &Run, _: &Item) -> Result<Undoing> {
        Ok(Undoing::Gone)
    }

    async fn compare(&self, run: &Run, item: &Item, _: bool) -> Result<Vec<Check>> {
        let now = self.back_up(run, &item.planned.resource).await;
        guarding::compared(guarding::PARAMETER, item, now)
    }

    async fn sample(&self, _: &Resource, _: &Value) -> Result<Option<Sample>> {
        Ok(None)
    }
}

/// The keys of the secure ones, each once.
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

/// The path without a slash at its end, which SSM does not take.
fn path(resource: &Resource) -> Result<&str> {
    match &resource.target {
        Target::Parameters { path } if path.len() > 1 => Ok(path.trim_end_matches('/')),
        Target::Parameters { path } => Ok(path),
        _ => Err(wrong_target(KIND, resource)),
    }
}
