//! The versions of a secret, and their staging labels.

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::operation::update_secret_version_stage::UpdateSecretVersionStageError;
use serde_json::Value;

use super::labels;
use crate::aws::lazy::Lazy;
use crate::aws::{code, failure};
use crate::error::{Error, Result};

/// The staging label of the version that applications read.
pub const CURRENT: &str = "AWSCURRENT";
/// The staging label of the version that a rotation prepares: a copy of the whole current one, with another password.
pub const PENDING: &str = "AWSPENDING";

pub struct Versions {
    secrets: Lazy<Client>,
}

impl Versions {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            secrets: Lazy::new(aws, Client::new),
        }
    }

    pub async fn describe(&self, secret: &str) -> Result<DescribeSecretOutput> {
        let described = self.secrets.describe_secret().secret_id(secret).send().await;
        described.map_err(|error| failure("describing secret", secret, error))
    }

    /// The version that applications read; its value is not read.
    pub async fn current(&self, secret: &str) -> Result<String> {
        let described = self.describe(secret).await?;
        current(&described).ok_or_else(|| without_current(secret))
    }

    /// A version's value: text that contains a JSON object.
    pub async fn value(&self, secret: &str, version: &str) -> Result<String> {
        let read = self
            .secrets
            .get_secret_value()
            .secret_id(secret)
            .version_id(version)
            .send()
            .await
            .map_err(|error| failure("reading secret", secret, error))?;
        read.secret_string.ok_or_else(|| {
            Error::invalid(
                format!("secret {secret}"),
                "a binary value",
                "the text of a JSON object, to switch keys of it",
            )
        })
    }

    /// A version's content, for comparison; `None` if it does not exist, or contains no JSON object.
    pub async fn content(&self, secret: &str, version: &str) -> Result<Option<Value>> {
        match self.value(secret, version).await {
            Ok(text) => Ok(serde_json::from_str(&text).ok().filter(Value::is_object)),
            Err(Error::NotFound(_) | Error::InvalidInput(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Moves the current label, if it is still on the version `from`. Returns whether it was.
    pub async fn promote(&self, secret: &str, from: &str, to: &str) -> Result<bool> {
        let moved = self
            .secrets
            .update_secret_version_stage()
            .secret_id(secret)
            .version_stage(CURRENT)
            .remove_from_version_id(from)
            .move_to_version_id(to)
            .send()
            .await;
        match moved {
            Ok(_) => Ok(true),
            Err(error) if is_elsewhere(error.as_service_error()) => Ok(false),
            Err(error) => Err(failure("moving the current version of secret", secret, error)),
        }
    }

    /// Labels the version that has to be found again, and removes the labels of the oldest restores to make room.
    pub async fn keep(&self, secret: &str, described: &DescribeSecretOutput, label: &str, version: &str) -> Result<()> {
        if labels::version_of(described, label) == Some(version) {
            return Ok(());
        }
        for (old, of) in labels::superfluous(described) {
            self.unlabel(secret, &old, &of).await?;
        }
        let call = self.secrets.update_secret_version_stage().secret_id(secret);
        let call = call.version_stage(label).move_to_version_id(version);
        call.send()
            .await
            .map(drop)
            .map_err(|error| failure("labelling the present version of secret", secret, error))
    }

    /// Removes a label from a version; already removed is success.
    pub async fn unlabel(&self, secret: &str, label: &str, version: &str) -> Result<()> {
        let call = self.secrets.update_secret_version_stage().secret_id(secret);
        match call.version_stage(label).remove_from_version_id(version).send().await {
            Ok(_) => Ok(()),
            Err(error)
                if is_elsewhere(error.as_service_error()) || code(&error) == Some("ResourceNotFoundException") =>
            {
                Ok(())
            }
            Err(error) => Err(failure("taking a label from a version of secret", secret, error)),
        }
    }

    /// Writes a version with a chosen id and label.
    pub async fn put(&self, secret: &str, version: &str, text: String, label: String) -> Result<()> {
        let put = self.secrets.put_secret_value().secret_id(secret);
        let put = put
            .client_request_token(version)
            .secret_string(text)
            .version_stages(label);
        let put = put.send().await;
        put.map(drop)
            .map_err(|error| failure("writing a new version of secret", secret, error))
    }
}

pub fn current(described: &DescribeSecretOutput) -> Option<String> {
    labels::version_of(described, CURRENT).map(str::to_owned)
}

pub fn without_current(secret: &str) -> Error {
    Error::NotFound(format!(
        "looking up the current version of secret {secret}: none has the label {CURRENT}. Give it to one with aws secretsmanager \
         update-secret-version-stage"
    ))
}

/// Whether a label was not on the version from which it was to be removed.
fn is_elsewhere(error: Option<&UpdateSecretVersionStageError>) -> bool {
    error.is_some_and(UpdateSecretVersionStageError::is_invalid_parameter_exception)
}

/// The version that a rotation is about to make the current one. While the label is on another version than the current one, a
/// rotation counts as in progress (Secrets Manager API Reference, `RotateSecret`).
pub fn rotating(described: &DescribeSecretOutput) -> Option<&str> {
    let pending = labels::version_of(described, PENDING)?;
    (labels::version_of(described, CURRENT) != Some(pending)).then_some(pending)
}

/// The command that cancels a rotation by removing its label, for the operator.
pub fn end_rotation(secret: &str, pending: &str) -> String {
    format!(
        "aws secretsmanager update-secret-version-stage --secret-id {secret} --version-stage {PENDING} --remove-from-version-id \
         {pending}"
    )
}
