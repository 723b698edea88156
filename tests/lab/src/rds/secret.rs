//! `ManageMasterUserPassword`: the master password as a secret that RDS owns, a real one in MiniStack's Secrets
//! Manager. A restore doesn't restore it; deleting the cluster deletes it.

use hyper::Method;
use serde_json::{Value, json};

use super::cluster::ManagedSecret;
use super::fault::{Fault, Result};
use super::plane::Plane;

/// A password that the rules of master passwords allow.
#[must_use]
pub fn new_password() -> String {
    crate::ids::hex(28)
}

impl Plane {
    /// Creates the secret of a cluster.
    ///
    /// # Errors
    /// `InternalFailure` if Secrets Manager refuses.
    pub async fn create_secret(
        &self,
        cluster_arn: &str,
        user: &str,
        password: &str,
        kms_key: Option<&str>,
    ) -> Result<ManagedSecret> {
        let body = json!({
            "Name": format!("rds!cluster-{}", crate::ids::uuid()),
            "Description": format!("Secret associated with primary RDS DB cluster: {cluster_arn}"),
            "SecretString": json!({"username": user, "password": password}).to_string(),
            "KmsKeyId": kms_key,
            "Tags": [
                {"Key": "aws:secretsmanager:owningService", "Value": "rds"},
                {"Key": "aws:rds:primaryDBClusterArn", "Value": cluster_arn},
            ],
        });
        let made = self.secrets_manager("CreateSecret", &without_null(body)).await?;
        let default_key = || self.world.arn("kms", "alias/aws/secretsmanager");
        Ok(ManagedSecret {
            arn: made["ARN"].as_str().unwrap_or_default().to_owned(),
            kms_key: kms_key.map_or_else(default_key, str::to_owned),
        })
    }

    /// Puts a new password into the secret.
    ///
    /// # Errors
    /// `InternalFailure` if Secrets Manager refuses.
    pub async fn rotate_secret(&self, secret: &ManagedSecret, user: &str, password: &str) -> Result<()> {
        let value = json!({"username": user, "password": password}).to_string();
        let body = json!({"SecretId": secret.arn, "SecretString": value});
        self.secrets_manager("PutSecretValue", &body).await.map(drop)
    }

    /// Deletes the secret at once; a missing one is fine.
    pub async fn delete_secret(&self, secret: &ManagedSecret) {
        let body = json!({"SecretId": secret.arn, "ForceDeleteWithoutRecovery": true});
        if let Err(fault) = self.secrets_manager("DeleteSecret", &body).await {
            tracing::warn!(secret = secret.arn, "a cluster's secret stays: {}", fault.message);
        }
    }

    async fn secrets_manager(&self, action: &str, body: &Value) -> Result<Value> {
        let target = format!("secretsmanager.{action}");
        let answer = self
            .world
            .upstream
            .ask(Method::POST, "/", "secretsmanager", &target, body.to_string())
            .await
            .map_err(|error| Fault::internal(&error.into()))?;
        if answer.status == 200 {
            return Ok(serde_json::from_slice(&answer.body).unwrap_or_default());
        }
        let code = answer.error_code.unwrap_or_default();
        Err(Fault::internal(&anyhow::anyhow!(
            "Secrets Manager answered {action} with {} {code}",
            answer.status
        )))
    }
}

/// Without null members, which Secrets Manager doesn't accept.
fn without_null(mut body: Value) -> Value {
    if let Some(members) = body.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    body
}
