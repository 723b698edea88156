//! Recovery points: they exist from the start of a job, and are restorable when it is completed.

use std::sync::Arc;

use serde_json::{Value, json};

use super::state::{Inner, Point, PointStatus, State};
use super::wire::{asked, created_within, delete_at, lifecycle, not_found, required, time, wrong_state};
use crate::clock::epoch_seconds;
use crate::faults::FaultKind;
use crate::rest::{Refusal, Reply, Request, without_nulls};
use crate::service::{Answer, Call};

impl Inner {
    pub(super) fn describe_point(&self, request: &Request) -> Reply {
        let mut state = self.state();
        let point = state.point(request)?.clone();
        let mut view = self.view_point(&point);
        view["StorageClass"] = json!("WARM");
        Ok(Answer::json(&view))
    }

    pub(super) async fn list_points_by_vault(&self, request: &Request) -> Reply {
        let vault = self.vault(&required(request, "backupVaultName")?).await?.name;
        let wanted = |point: &&Point| {
            point.vault == vault
                && asked(request, "resourceArn", &point.resource)
                && asked(request, "resourceType", "EFS")
                && created_within(request, point.created_at)
        };
        self.list(request, wanted, |point| self.view_point(point))
    }

    pub(super) fn list_points_by_resource(&self, request: &Request) -> Reply {
        let resource = required(request, "resourceArn")?;
        let view = |point: &Point| {
            without_nulls(json!({
                "RecoveryPointArn": point.arn,
                "CreationDate": epoch_seconds(point.created_at),
                "Status": point.status.name(),
                "StatusMessage": point.message,
                "EncryptionKeyArn": point.key,
                "BackupSizeBytes": point.size,
                "BackupVaultName": point.vault,
                "IsParent": false,
                "VaultType": "BACKUP_VAULT",
            }))
        };
        self.list(request, |point| point.resource == resource, view)
    }

    fn list(&self, request: &Request, wanted: impl Fn(&&Point) -> bool, view: impl Fn(&Point) -> Value) -> Reply {
        let state = self.state();
        let mut points: Vec<&Point> = state.points.values().filter(wanted).collect();
        points.sort_by_key(|point| std::cmp::Reverse(point.created_at));
        let views = points.into_iter().map(view).collect();
        let (page, next) = request.page(views, "maxResults", "nextToken");
        Ok(Answer::json(&without_nulls(
            json!({"RecoveryPoints": page, "NextToken": next}),
        )))
    }

    pub(super) fn update_lifecycle(&self, request: &Request) -> Reply {
        let lifecycle = lifecycle(request)?;
        let mut state = self.state();
        let point = state.point(request)?;
        point.lifecycle = lifecycle;
        Ok(Answer::json(&without_nulls(json!({
            "BackupVaultArn": self.vault_arn(&point.vault),
            "RecoveryPointArn": point.arn,
            "Lifecycle": point.lifecycle,
            "CalculatedLifecycle": calculated(point),
        }))))
    }

    pub(super) fn delete_point(self: &Arc<Self>, call: &Call, request: &Request) -> Reply {
        let arn = {
            let mut state = self.state();
            let point = state.point(request)?;
            match point.status {
                PointStatus::Creating => {
                    let message = format!("Recovery point {} is being created and cannot be deleted", point.arn);
                    return Err(wrong_state(message));
                }
                PointStatus::Deleting => return Ok(Answer::empty(200)),
                _ => {}
            }
            if self.world.faults.fires(call, FaultKind::DeleteIgnored) {
                point.status = PointStatus::Expired;
                point.message =
                    Some("AWS Backup could not delete the recovery point: insufficient permissions".to_owned());
                return Ok(Answer::empty(200));
            }
            point.status = PointStatus::Deleting;
            point.arn.clone()
        };
        let inner = self.clone();
        tokio::spawn(async move {
            inner
                .world
                .clock
                .sleep(inner.world.durations.of(|seconds| seconds.delete))
                .await;
            inner.remove_point(&arn);
        });
        Ok(Answer::empty(200))
    }

    /// Removes a recovery point with its files, at once.
    pub(super) fn remove_point(&self, arn: &str) {
        self.state().points.remove(arn);
        let place = self.place(arn);
        if let Err(error) = std::fs::remove_dir_all(&place)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, place = %place.display(), "removing a recovery point's files");
        }
    }

    /// Removes the recovery points whose lifecycle has ended.
    pub(super) fn expire_points(&self) {
        let now = self.world.clock.now();
        let over = |point: &&Point| {
            point.status != PointStatus::Creating
                && delete_at(&point.lifecycle, point.created_at).is_some_and(|at| at <= now)
        };
        let over: Vec<String> = self
            .state()
            .points
            .values()
            .filter(over)
            .map(|point| point.arn.clone())
            .collect();
        for arn in over {
            self.remove_point(&arn);
        }
    }

    pub(super) fn restore_metadata(&self, request: &Request) -> Reply {
        let mut state = self.state();
        let point = state.point(request)?;
        let id = point.resource.rsplit('/').next().unwrap_or_default();
        let mut metadata = json!({
            "file-system-id": id,
            "newFileSystem": "false",
            "Encrypted": point.order.encrypted.to_string(),
            "PerformanceMode": point.order.performance_mode,
        });
        if let Some(key) = &point.order.kms_key {
            metadata["KmsKeyId"] = json!(key);
        }
        Ok(Answer::json(&json!({
            "BackupVaultArn": self.vault_arn(&point.vault),
            "RecoveryPointArn": point.arn,
            "RestoreMetadata": metadata,
            "ResourceType": "EFS",
        })))
    }

    fn view_point(&self, point: &Point) -> Value {
        without_nulls(json!({
            "RecoveryPointArn": point.arn,
            "BackupVaultName": point.vault,
            "BackupVaultArn": self.vault_arn(&point.vault),
            "SourceBackupVaultArn": point.source_vault.as_ref().map(|vault| self.vault_arn(vault)),
            "ResourceArn": point.resource,
            "ResourceType": "EFS",
            "IamRoleArn": point.role,
            "Status": point.status.name(),
            "StatusMessage": point.message,
            "CreationDate": epoch_seconds(point.created_at),
            "InitiationDate": epoch_seconds(point.created_at),
            "CompletionDate": time(point.completed_at),
            "BackupSizeInBytes": point.size,
            "Lifecycle": point.lifecycle,
            "CalculatedLifecycle": calculated(point),
            "EncryptionKeyArn": point.key,
            "IsEncrypted": true,
            "LastRestoreTime": time(point.restored_at),
            "IsParent": false,
            "VaultType": "BACKUP_VAULT",
        }))
    }
}

impl State {
    /// The recovery point that a request names, in the vault that it names.
    pub(super) fn point(&mut self, request: &Request) -> Result<&mut Point, Refusal> {
        let vault = required(request, "backupVaultName")?;
        let arn = required(request, "recoveryPointArn")?;
        let found = self.points.get_mut(&arn).filter(|point| point.vault == vault);
        found.ok_or_else(|| not_found("Recovery point", &arn))
    }
}

fn calculated(point: &Point) -> Value {
    let at = delete_at(&point.lifecycle, point.created_at);
    at.map_or(Value::Null, |at| json!({"DeleteAt": epoch_seconds(at)}))
}
