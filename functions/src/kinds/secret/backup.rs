//! Checks at backup that a secret can be read, and records its current version.

use async_trait::async_trait;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use serde_json::Value;

use super::{KIND, Secret, secret};
use crate::aws::failure;
use crate::aws::response::{LastResponse, with};
use crate::domain::job::{Progress, Run};
use crate::domain::resource::{RecoveryPoint, Resource, Version};
use crate::error::{Error, Result};
use crate::kinds::shared::{guarded, seen, versions};
use crate::kinds::{Backup, Deletion, StartedBackup, keys};

/// The staging label of the version that applications read.
const CURRENT: &str = "AWSCURRENT";

impl Secret {
    pub(super) async fn describe(&self, secret: &str) -> Result<(DescribeSecretOutput, LastResponse)> {
        let answer = LastResponse::default();
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
        let inaccessible = keys::inaccessible(&self.kms, described.kms_key_id(), &format!("secret {secret}")).await?;
        Ok(with(answer.take_all(), "UnseenKmsKeys", inaccessible))
    }

    /// Checks the secret and its key, and records the current version.
    async fn back_up(&self, run: &Run, resource: &Resource) -> Result<StartedBackup> {
        let secret = secret(resource)?;
        let (described, answer) = self.describe(secret).await?;
        if described.deleted_date().is_some() {
            return Err(Error::JobFailed(format!(
                "guarding secret {secret}: it is scheduled for deletion. Restore it with aws secretsmanager \
                 restore-secret --secret-id {secret}, then start a new run"
            )));
        }
        if let Some(key) = described.kms_key_id() {
            keys::ensure_usable(&self.kms, run, key, &format!("secret {secret}")).await?;
        }
        let labels = described.version_ids_to_stages().into_iter().flatten();
        let current = labels
            .filter(|(_, labels)| labels.iter().any(|label| label == CURRENT))
            .map(|(id, _)| id)
            .next();
        let Some(version) = current else {
            return Err(Error::JobFailed(format!(
                "guarding secret {secret}: no version of it is {CURRENT}, so no one can read it. Put a value with aws \
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

    /// Nothing was created.
    async fn find(&self, _: &Run, _: &Resource) -> Result<Option<RecoveryPoint>> {
        Ok(None)
    }

    /// The recorded version was complete when it was read: there is nothing to wait for.
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
