//! File systems: created with a token, available after a moment, with a directory while they exist.

use std::path::Path;

use serde_json::{Value, json};

use super::refusals::{bad_request, bare_id, no_file_system, required};
use super::state::{Efs, FileSystem, FileSystemOrder};
use super::tags;
use crate::clock::epoch_seconds;
use crate::rest::{Refusal, Reply, Request, without_nulls};
use crate::service::Answer;

impl Efs {
    pub(super) async fn create_file_system(&self, request: &Request) -> Reply {
        let text = |name, default: &str| request.text(name).unwrap_or_else(|| default.to_owned());
        let encrypted = request.body["Encrypted"].as_bool().unwrap_or(false);
        let kms_key = request.text("KmsKeyId");
        if kms_key.is_some() && !encrypted {
            return Err(bad_request("KmsKeyId needs Encrypted to be true"));
        }
        let order = FileSystemOrder {
            creation_token: required(request, "CreationToken")?,
            performance_mode: text("PerformanceMode", "generalPurpose"),
            throughput_mode: text("ThroughputMode", "bursting"),
            provisioned_mibps: request.body["ProvisionedThroughputInMibps"].as_f64(),
            kms_key,
            encrypted,
            zone: request.text("AvailabilityZoneName"),
            backup: request.body["Backup"].as_bool().unwrap_or(false),
            tags: tags::read(&request.body)?,
        };
        let id = self.create(order).await?;
        let state = self.state();
        let created = state.file_systems.get(&id).ok_or_else(|| no_file_system(&id))?;
        Ok(Answer {
            status: 201,
            ..Answer::json(&self.describe(created, 0))
        })
    }

    /// Creates a file system and its directory, and returns its id.
    ///
    /// # Errors
    /// `FileSystemAlreadyExists` with the id, if the token was used; `InternalServerError` if the directory can't
    /// be created.
    pub async fn create(&self, mut order: FileSystemOrder) -> Result<String, Refusal> {
        if order.encrypted && order.kms_key.is_none() {
            let key = crate::keys::managed(&self.world, "alias/aws/elasticfilesystem").await;
            let key =
                key.map_err(|error| Refusal::new(500, "InternalServerError", format!("asking for the key: {error}")))?;
            order.kms_key = Some(key);
        }
        if order.creation_token.is_empty() || order.creation_token.chars().count() > 64 {
            return Err(bad_request("CreationToken must have 1 to 64 characters"));
        }
        let available_at = self.available_at();
        let mut state = self.state();
        let same = |fs: &&FileSystem| fs.order.creation_token == order.creation_token;
        if let Some(earlier) = state.file_systems.values().find(same) {
            let message = format!(
                "File system '{}' already exists with creation token '{}'",
                earlier.id, order.creation_token
            );
            return Err(Refusal::new(409, "FileSystemAlreadyExists", message).with("FileSystemId", earlier.id.clone()));
        }
        let id = format!("fs-{}", crate::ids::hex(17));
        let place = self.place(&id);
        std::fs::create_dir_all(&place).map_err(|error| {
            Refusal::new(
                500,
                "InternalServerError",
                format!("making {}: {error}", place.display()),
            )
        })?;
        let file_system = FileSystem {
            id: id.clone(),
            created_at: self.world.clock.now(),
            available_at,
            updating: false,
            protection: "ENABLED",
            tags: std::mem::take(&mut order.tags),
            policy: None,
            lifecycle: Vec::new(),
            backup_policy: if order.backup { "ENABLED" } else { "DISABLED" },
            order,
        };
        state.file_systems.insert(id.clone(), file_system);
        Ok(id)
    }

    pub(super) fn describe_file_systems(&self, request: &Request) -> Reply {
        let state = self.state();
        let id = request.text("FileSystemId");
        let token = request.text("CreationToken");
        if let Some(id) = id.as_deref().map(bare_id)
            && !state.file_systems.contains_key(id)
        {
            return Err(no_file_system(id));
        }
        let wanted = |fs: &&FileSystem| {
            id.as_deref().is_none_or(|id| bare_id(id) == fs.id)
                && token.as_deref().is_none_or(|token| token == fs.order.creation_token)
        };
        let mounts = |id: &str| state.mount_targets.values().filter(|mt| mt.file_system == id).count();
        let views = state.file_systems.values().filter(wanted);
        let views: Vec<Value> = views.map(|fs| self.describe(fs, mounts(&fs.id))).collect();
        let (page, next) = request.page(views, "MaxItems", "Marker");
        let marker = request.text("Marker");
        let list = json!({"FileSystems": page, "NextMarker": next, "Marker": marker});
        Ok(Answer::json(&without_nulls(list)))
    }

    pub(super) fn update_file_system(&self, request: &Request) -> Reply {
        let now = self.world.clock.now();
        let available_at = self.available_at();
        let mode = request.text("ThroughputMode");
        if mode
            .as_deref()
            .is_some_and(|mode| !["bursting", "provisioned", "elastic"].contains(&mode))
        {
            return Err(bad_request("ThroughputMode must be bursting, provisioned or elastic"));
        }
        let mibps = request.body["ProvisionedThroughputInMibps"].as_f64();
        if mode.is_some() && (mode.as_deref() == Some("provisioned")) != mibps.is_some() {
            return Err(bad_request(
                "ProvisionedThroughputInMibps goes with ThroughputMode provisioned, and only with it",
            ));
        }
        let mut state = self.state();
        let fs = state.file_system(request)?;
        fs.must_be_available(now)?;
        if let Some(mode) = mode {
            fs.order.throughput_mode = mode;
            fs.order.provisioned_mibps = mibps;
            fs.available_at = available_at;
            fs.updating = true;
        }
        let id = fs.id.clone();
        let mounts = state.mount_targets.values().filter(|mt| mt.file_system == id).count();
        let view = state.file_systems.get(&id).map(|fs| self.describe(fs, mounts));
        Ok(Answer {
            status: 202,
            ..Answer::json(&view.unwrap_or_default())
        })
    }

    pub(super) fn update_protection(&self, request: &Request) -> Reply {
        let protection = match request.text("ReplicationOverwriteProtection").as_deref() {
            Some("ENABLED") => "ENABLED",
            Some("DISABLED") => "DISABLED",
            _ => {
                return Err(bad_request(
                    "ReplicationOverwriteProtection must be ENABLED or DISABLED",
                ));
            }
        };
        let now = self.world.clock.now();
        let mut state = self.state();
        let fs = state.file_system(request)?;
        fs.must_be_available(now)?;
        fs.protection = protection;
        Ok(Answer::json(&json!({ "ReplicationOverwriteProtection": protection })))
    }

    pub(super) fn delete_file_system(&self, request: &Request) -> Reply {
        let mut state = self.state();
        let id = state.file_system(request)?.id.clone();
        if state.mount_targets.values().any(|mt| mt.file_system == id) {
            let message = format!("File system '{id}' has mount targets: delete them first");
            return Err(Refusal::new(409, "FileSystemInUse", message));
        }
        state.access_points.retain(|_, point| point.file_system != id);
        state.file_systems.remove(&id);
        if let Err(error) = std::fs::remove_dir_all(self.place(&id)) {
            tracing::warn!(%error, id, "removing a file system's directory");
        }
        Ok(Answer::empty(204))
    }

    fn describe(&self, fs: &FileSystem, mount_targets: usize) -> Value {
        let now = self.world.clock.now();
        let size = METERED_OF_NONE + size_of(&self.place(&fs.id));
        without_nulls(json!({
            "OwnerId": self.world.account,
            "CreationToken": fs.order.creation_token,
            "FileSystemId": fs.id,
            "FileSystemArn": self.arn(&fs.id),
            "CreationTime": epoch_seconds(fs.created_at),
            "LifeCycleState": fs.state(now),
            "Name": fs.tags.get("Name"),
            "NumberOfMountTargets": mount_targets,
            "SizeInBytes": {
                "Value": size,
                "Timestamp": epoch_seconds(now),
                "ValueInIA": 0,
                "ValueInStandard": size,
                "ValueInArchive": 0,
            },
            "PerformanceMode": fs.order.performance_mode,
            "Encrypted": fs.order.encrypted,
            "KmsKeyId": fs.order.kms_key,
            "ThroughputMode": fs.order.throughput_mode,
            "ProvisionedThroughputInMibps": fs.order.provisioned_mibps,
            "AvailabilityZoneName": fs.order.zone,
            "Tags": tags::write(&fs.tags),
            "FileSystemProtection": {"ReplicationOverwriteProtection": fs.protection},
        }))
    }
}

/// The metered size of an empty file system (EFS API, examples of DescribeFileSystems).
const METERED_OF_NONE: u64 = 6 * 1024;

/// Bytes of all files under `dir`; unreadable files count as 0.
fn size_of(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size_of(&entry.path()),
            Ok(meta) if meta.is_file() => meta.len(),
            _ => 0,
        })
        .sum()
}
