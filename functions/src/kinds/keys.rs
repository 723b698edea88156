//! KMS keys that something has to stay readable with.

use aws_sdk_kms::Client;
use aws_sdk_kms::types::KeyState;

use crate::aws::failure;
use crate::error::{Error, Result};

/// Sees that a key can be used. A key that AWS manages (`alias/aws/...`) can be neither disabled nor deleted.
///
/// # Errors
/// `JobFailed` naming the key's state, and how to leave it; `NotReady` for a state that ends by itself.
pub async fn see_usable(kms: &Client, key: &str, protects: &str) -> Result<()> {
    if key.starts_with("alias/aws/") || key.contains(":alias/aws/") {
        return Ok(());
    }
    let doing = format!("describing the KMS key of {protects},");
    let described = kms
        .describe_key()
        .key_id(key)
        .send()
        .await
        .map_err(|error| failure(&doing, key, error))?;
    let state = described.key_metadata().and_then(|key| key.key_state()).cloned();
    let next = match state {
        Some(KeyState::Enabled) => return Ok(()),
        Some(KeyState::Creating | KeyState::Updating) => {
            return Err(Error::NotReady(format!(
                "{doing} {key}: its state ends by itself; it is looked at again"
            )));
        }
        Some(KeyState::Disabled) => format!("Enable it: aws kms enable-key --key-id {key}"),
        Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion) => {
            format!("Cancel its deletion before it is too late: aws kms cancel-key-deletion --key-id {key}")
        }
        _ => "Make its key material available again".to_owned(),
    };
    let state = state.as_ref().map_or("unknown", KeyState::as_str);
    Err(Error::JobFailed(format!(
        "{doing} {key}: its state is {state}, so {protects} cannot be read. {next}"
    )))
}
