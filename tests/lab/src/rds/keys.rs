//! KMS keys that clusters and snapshots are encrypted with: MiniStack's, for the lab encrypts nothing itself.

use hyper::Method;
use serde_json::{Value, json};

use super::fault::{Fault, Result};
use super::plane::Plane;
use super::query::Query;

impl Plane {
    /// The ARN of the enabled key that `KmsKeyId` names (an id, an ARN or an alias), `None` if it is absent.
    ///
    /// # Errors
    /// `KMSKeyNotAccessibleFault` if there is none or it isn't enabled.
    pub async fn requested_key(&self, query: &Query) -> Result<Option<String>> {
        let Some(name) = query.text("KmsKeyId") else {
            return Ok(None);
        };
        let default = self.state().default_key.clone();
        if name == "alias/aws/rds" || name == default {
            return Ok(Some(default));
        }
        let body = json!({"KeyId": name}).to_string();
        let answer = self
            .world
            .upstream
            .ask(Method::POST, "/", "kms", "TrentService.DescribeKey", body)
            .await
            .map_err(|error| Fault::internal(&error.into()))?;
        let found: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let key = &found["KeyMetadata"];
        match (key["Arn"].as_str(), key["KeyState"].as_str()) {
            (Some(arn), Some("Enabled") | None) if answer.status == 200 => Ok(Some(arn.to_owned())),
            (_, state) => Err(Fault::new(
                "KMSKeyNotAccessibleFault",
                format!(
                    "The specified KMS key [{name}] does not exist, is not enabled or you do not have permissions to access it. (state: {})",
                    state.unwrap_or("not found")
                ),
            )),
        }
    }

    /// The key of a new cluster: the one named, the account's default if only encryption is requested, else none.
    ///
    /// # Errors
    /// As [`Plane::requested_key`]; `InvalidParameterCombination` for a key without encryption.
    pub async fn new_clusters_key(&self, query: &Query) -> Result<Option<String>> {
        let key = self.requested_key(query).await?;
        match (query.flag("StorageEncrypted")?, key) {
            (Some(true), None) => Ok(Some(self.state().default_key.clone())),
            (Some(true), key) => Ok(key),
            (_, None) => Ok(None),
            (_, Some(_)) => Err(Fault::combination(
                "KmsKeyId can only be specified for encrypted clusters: set StorageEncrypted.",
            )),
        }
    }
}
