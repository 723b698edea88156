//! `secret`: a Secrets Manager secret, guarded: it has to be there, and to stay readable. Its value is never read.

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use serde_json::Value;

use super::shared::{guarded, seen, versions, wrong_target};
use super::{Backup, Deletion, Started, guarding, keys};
use super::{Foreseen, Restore};
use crate::aws::answer::{Answer, with};
use crate::aws::lazy::Lazy;
use crate::aws::{failure, service};
use crate::domain::job::{Progress, Run};
use crate::domain::resource::{RecoveryPoint, Resource, Target, Version};
use crate::domain::restore::item::{Advance, Item, Undoing};
use crate::domain::restore::verdict::Check;
use crate::domain::set::Sample;
use crate::error::{Error, Result};

const KIND: &str = "secret";

/// The staging label of the version that an application gets.
const CURRENT: &str = "AWSCURRENT";

pub struct Secret {
    secrets: Lazy<Client>,
    kms: Lazy<service::Client>,
}

impl Secret {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            secrets: Lazy::new(aws, Client::new),
            kms: Lazy::new(aws, keys::client),
        }
    }

    async fn describe(&self, secret: &str) -> Result<(DescribeSecretOutput, Answer)> {
        let answer = Answer::default();
        self.secrets
            .describe_secret()
            .secret_id(secret)
            .customize()
            .interceptor(answer.clone())
            .send()
            .await
            .map(|described| (described, answer))
            .map_err(|error| failure("describing secret", secret, error))
    }
}

#[async_trait]
impl Backup for Secret {
    async fn capture(&self, resource: &Resource) -> Result<Value> {
        let secret = secret(resource)?;
        let (described, answer) = self.describe(secret).await?;
        let unseen = keys::unseen(&self.kms, described.kms_key_id(), &format!("secret {secret}")).await?;
        Ok(with(answer.take_all(), "UnseenKmsKeys", unseen))
    }

    /// Checks the secret and its key, and records the current version.
    async fn back_up(&self, run: &Run, resource: &Resource) -> Result<Started> {
        let secret = secret(resource)?;
        let (described, answer) = self.describe(secret).await?;
        if described.deleted_date().is_some() {
            return Err(Error::JobFailed(format!(
                "guarding secret {secret}: it is scheduled for deletion. Restore it with aws secretsmanager \
                 restore-secret --secret-id {secret}, then start a new run"
            )));
        }
        if let Some(key) = described.kms_key_id() {
            keys::see_usable(&self.kms, run, key, &format!("secret {secret}")).await?;
        }
        let labels = described.version_ids_to_stages().into_iter().flatten();
        let current = labels
            .filter(|(_, labels)| labels.iter().any(|label| label == CURRENT))
            .map(|(id, _)| id)
            .next();
        let Some(version) = current else {
            return Err(Error::JobFailed(format!(
                "guarding secret {secret}: no version of it is {CURRENT}, so nobody can read it. Put a value with aws \
                 secretsmanager put-secret-value --secret-id {secret}, then start a new run"
            )));
        };
        let name = described.arn().unwrap_or(secret).to_owned();
        Ok(seen(
            run,
            answer.at(),
            vec![Version {
                name,
                version: version.to_owned(),
            }],
        ))
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
impl Restore for Secret {
    async fn foresee(&self, run: &Run, item: &Item) -> Result<Foreseen> {
        let now = self.back_up(run, &item.planned.resource).await;
        guarding::foreseen(guarding::SECRET, item, now)
    }

    async fn advance(&self, _: &Run, item: &Item) -> Result<Advance> {
        guarding::restored(item)
    }

    async fn undo(&self, _: &Run, _: &Item) -> Result<Undoing> {
        Ok(Undoing::Gone)
    }

    async fn compare(&self, run: &Run, item: &Item, _: bool) -> Result<Vec<Check>> {
        let now = self.back_up(run, &item.planned.resource).await;
        guarding::compared(guarding::SECRET, item, now)
    }

    async fn sample(&self, _: &Resource, _: &Value) -> Result<Option<Sample>> {
        Ok(None)
    }
}

fn secret(resource: &Resource) -> Result<&str> {
    match &resource.target {
        Target::Secret { secret } => Ok(secret),
        _ => Err(wrong_target(KIND, resource)),
    }
}
