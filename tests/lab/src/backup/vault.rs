//! Vaults: created by API, or by a stack in MiniStack and adopted when first named.

use std::collections::BTreeMap;

use hyper::Method;
use serde_json::{Value, json};

use super::state::{Inner, State, Vault};
use super::wire::{invalid, not_found, required, unfit};
use crate::clock::epoch_seconds;
use crate::rest::{Refusal, Reply, Request, without_nulls};
use crate::service::{Answer, Call};

impl Inner {
    pub(super) async fn create_vault(&self, request: &Request) -> Reply {
        let name = required(request, "backupVaultName")?;
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !(2..=50).contains(&name.len()) || !name.chars().all(fits) {
            return Err(invalid(format!(
                "BackupVaultName {name}: 2 to 50 letters, digits, - and _"
            )));
        }
        let arn = self.vault_arn(&name);
        if self.vault(&name).await.is_ok() {
            let message = format!("Backup vault with the same name already exists: {name}");
            return Err(Refusal::new(400, "AlreadyExistsException", message).with("Arn", arn));
        }
        let key = match request.text("EncryptionKeyArn") {
            Some(key) => key,
            None => self.default_key().await?,
        };
        let vault = Vault {
            created_at: self.world.clock.now(),
            key,
            request_id: request.text("CreatorRequestId"),
            tags: super::tags::read(&request.body["BackupVaultTags"])?,
            name: name.clone(),
        };
        let created = epoch_seconds(vault.created_at);
        self.state().vaults.insert(name.clone(), vault);
        Ok(Answer::json(&json!({
            "BackupVaultName": name,
            "BackupVaultArn": arn,
            "CreationDate": created,
        })))
    }

    pub(super) async fn describe_vault(&self, request: &Request) -> Reply {
        let vault = self.vault(&required(request, "backupVaultName")?).await?;
        Ok(Answer::json(&self.view_vault(&vault, &self.state())))
    }

    pub(super) async fn list_vaults(&self, request: &Request) -> Reply {
        for name in self.names_in_ministack().await {
            // One that was deleted meanwhile is not listed.
            let _ = self.vault(&name).await;
        }
        let state = self.state();
        let views = state
            .vaults
            .values()
            .map(|vault| self.view_vault(vault, &state))
            .collect();
        let (page, next) = request.page(views, "maxResults", "nextToken");
        Ok(Answer::json(&without_nulls(
            json!({"BackupVaultList": page, "NextToken": next}),
        )))
    }

    pub(super) async fn delete_vault(&self, call: &Call, request: &Request) -> Reply {
        let name = required(request, "backupVaultName")?;
        self.vault(&name).await?;
        if self.state().points.values().any(|point| point.vault == name) {
            return Err(unfit(format!(
                "Backup vault {name} cannot be deleted because it contains recovery points"
            )));
        }
        self.state().vaults.remove(&name);
        // A vault of a stack exists in MiniStack too; any other does not, which is harmless.
        let _ = self.world.upstream.pass_on(call).await;
        Ok(Answer::empty(200))
    }

    /// A vault by name. An unknown one is looked up in MiniStack, where stacks create theirs.
    pub(super) async fn vault(&self, name: &str) -> Result<Vault, Refusal> {
        if let Some(vault) = self.state().vaults.get(name) {
            return Ok(vault.clone());
        }
        let missing = || not_found("Backup vault", name);
        let path = format!("/backup-vaults/{name}");
        let asked = self.world.upstream.ask(Method::GET, &path, "backup", "", "").await;
        let answer = asked.ok().filter(|answer| answer.status == 200).ok_or_else(missing)?;
        let found: Value = serde_json::from_slice(&answer.body).map_err(|_| missing())?;
        let own = found["EncryptionKeyArn"].as_str().filter(|key| !key.is_empty());
        let key = match own {
            Some(key) => key.to_owned(),
            None => self.default_key().await?,
        };
        let vault = Vault {
            name: name.to_owned(),
            created_at: self.world.clock.now(),
            key,
            request_id: None,
            tags: self.tags_in_ministack(name).await,
        };
        Ok(self.state().vaults.entry(name.to_owned()).or_insert(vault).clone())
    }

    async fn tags_in_ministack(&self, name: &str) -> BTreeMap<String, String> {
        let path = format!("/tags/{}", self.vault_arn(name));
        let asked = self.world.upstream.ask(Method::GET, &path, "backup", "", "").await;
        let body: Option<Value> = asked.ok().and_then(|answer| serde_json::from_slice(&answer.body).ok());
        body.and_then(|body| super::tags::read(&body["Tags"]).ok())
            .unwrap_or_default()
    }

    async fn names_in_ministack(&self) -> Vec<String> {
        let asked = self
            .world
            .upstream
            .ask(Method::GET, "/backup-vaults/", "backup", "", "")
            .await;
        let body: Option<Value> = asked.ok().and_then(|answer| serde_json::from_slice(&answer.body).ok());
        let list = body
            .and_then(|body| body["BackupVaultList"].as_array().cloned())
            .unwrap_or_default();
        list.iter()
            .filter_map(|vault| Some(vault["BackupVaultName"].as_str()?.to_owned()))
            .collect()
    }

    fn view_vault(&self, vault: &Vault, state: &State) -> Value {
        let points = state.points.values().filter(|point| point.vault == vault.name).count();
        without_nulls(json!({
            "BackupVaultName": vault.name,
            "BackupVaultArn": self.vault_arn(&vault.name),
            "VaultType": "BACKUP_VAULT",
            "VaultState": "AVAILABLE",
            "EncryptionKeyArn": vault.key,
            "CreationDate": epoch_seconds(vault.created_at),
            "CreatorRequestId": vault.request_id,
            "NumberOfRecoveryPoints": points,
            "Locked": false,
        }))
    }

    async fn default_key(&self) -> Result<String, Refusal> {
        let key = crate::keys::managed(&self.world, "alias/aws/backup").await;
        key.map_err(|error| {
            Refusal::new(
                500,
                "ServiceUnavailableException",
                format!("asking for the key: {error}"),
            )
        })
    }
}
