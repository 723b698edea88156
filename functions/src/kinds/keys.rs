//! KMS keys that a resource needs to stay readable.

use aws_types::SdkConfig;
use serde_json::{Value, json};

use crate::aws::failure;
use crate::aws::service::{Client, KMS};
use crate::domain::job::Run;
use crate::error::{Error, Result};

/// A client of KMS.
pub fn client(aws: &SdkConfig) -> Client {
    Client::new(aws, KMS)
}

/// Ensures that a key can be used. A key that AWS manages (`alias/aws/...`) can be neither disabled nor deleted. A key of another
/// account that cannot be described is not a fault of what it protects: [`inaccessible`] records it.
///
/// # Errors
/// `JobFailed` with the key's state and how to change it; `NotReady` for a transient state.
pub async fn ensure_usable(kms: &Client, run: &Run, key: &str, protects: &str) -> Result<()> {
    if is_aws_alias(key) {
        return Ok(());
    }
    let doing = doing(protects);
    let described = match describe(kms, key, protects).await {
        Ok(described) => described,
        Err(Error::AccessDenied(_)) if is_of_another_account(key, run) => return Ok(()),
        Err(error) => return Err(error),
    };
    let state = described["KeyState"].as_str().unwrap_or("unknown");
    let next = match state {
        "Enabled" => return Ok(()),
        "Creating" | "Updating" => {
            return Err(Error::NotReady(format!(
                "{doing} {key}: its state is transient; it is checked again"
            )));
        }
        "Disabled" => format!("Enable it: aws kms enable-key --key-id {key}"),
        "PendingDeletion" | "PendingReplicaDeletion" => {
            format!("Cancel its deletion before it is too late: aws kms cancel-key-deletion --key-id {key}")
        }
        _ => "Make its key material available again".to_owned(),
    };
    Err(Error::JobFailed(format!(
        "{doing} {key}: its state is {state}, so {protects} cannot be read. {next}"
    )))
}

/// The keys that could not be described, each with AWS's reason, for the capture. Only a key given by its ARN can belong to another
/// account.
pub async fn inaccessible(kms: &Client, keys: impl IntoIterator<Item = &str>, protects: &str) -> Result<Value> {
    let mut inaccessible = Vec::new();
    for key in keys {
        if is_aws_alias(key) || account(key).is_none() {
            continue;
        }
        match describe(kms, key, protects).await {
            Ok(_) => {}
            Err(Error::AccessDenied(reason)) => inaccessible.push(json!({ "KeyId": key, "Reason": reason })),
            Err(error) => return Err(error),
        }
    }
    Ok(inaccessible.into())
}

/// Whether AWS manages a key for one of its services. A key that cannot be described is a customer managed key.
pub async fn is_managed_by_aws(kms: &Client, key: &str, protects: &str) -> Result<bool> {
    if is_aws_alias(key) {
        return Ok(true);
    }
    match describe(kms, key, protects).await {
        Ok(described) => Ok(described["KeyManager"] == "AWS"),
        Err(Error::AccessDenied(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The `KeyMetadata` of a key.
pub async fn describe(kms: &Client, key: &str, protects: &str) -> Result<Value> {
    let described = kms.call("DescribeKey", json!({ "KeyId": key })).await;
    described
        .map(|mut described| described.take("KeyMetadata"))
        .map_err(|error| failure(&doing(protects), key, error))
}

fn doing(protects: &str) -> String {
    format!("describing the KMS key of {protects},")
}

fn is_aws_alias(key: &str) -> bool {
    key.starts_with("alias/aws/") || key.contains(":alias/aws/")
}

/// A key without an ARN belongs to the caller's account.
fn is_of_another_account(key: &str, run: &Run) -> bool {
    account(key).is_some_and(|owner| account(&run.execution) != Some(owner))
}

/// The account in an ARN.
fn account(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').nth(3)
}
