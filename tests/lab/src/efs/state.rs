//! The state of a lab's EFS: file systems, mount targets, access points.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::Value;

use super::refusals::{bare_id, no_file_system, not_available, required};
use crate::rest::{Refusal, Request};
use crate::world::World;

/// The EFS service.
pub struct Efs {
    pub(super) world: Arc<World>,
    pub(super) state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) file_systems: BTreeMap<String, FileSystem>,
    pub(super) mount_targets: BTreeMap<String, MountTarget>,
    pub(super) access_points: BTreeMap<String, AccessPoint>,
}

impl State {
    pub(super) fn file_system(&mut self, request: &Request) -> Result<&mut FileSystem, Refusal> {
        let id = required(request, "FileSystemId")?;
        let id = bare_id(&id);
        self.file_systems.get_mut(id).ok_or_else(|| no_file_system(id))
    }
}

/// One file system.
pub(super) struct FileSystem {
    pub(super) id: String,
    pub(super) created_at: Timestamp,
    pub(super) available_at: Timestamp,
    /// Whether it waits for a change, not for its creation.
    pub(super) updating: bool,
    /// Protection from being overwritten by a replication.
    pub(super) protection: &'static str,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) policy: Option<String>,
    pub(super) lifecycle: Vec<Value>,
    pub(super) backup_policy: &'static str,
    pub(super) order: FileSystemOrder,
}

/// The request for a new file system.
#[derive(Clone, Debug, Default)]
pub struct FileSystemOrder {
    /// The caller's token: a second request with the same one is refused.
    pub creation_token: String,
    /// `generalPurpose` or `maxIO`.
    pub performance_mode: String,
    /// `bursting`, `provisioned` or `elastic`.
    pub throughput_mode: String,
    /// MiB/s, for `provisioned`.
    pub provisioned_mibps: Option<f64>,
    /// Whether its data is encrypted at rest.
    pub encrypted: bool,
    /// The key's ARN, when encrypted.
    pub kms_key: Option<String>,
    /// For a file system in one zone.
    pub zone: Option<String>,
    /// Whether automatic backups are on.
    pub backup: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl FileSystem {
    pub fn state(&self, now: Timestamp) -> &'static str {
        match now < self.available_at {
            true if self.updating => "updating",
            true => "creating",
            false => "available",
        }
    }

    pub fn must_be_available(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.state(now) {
            "available" => Ok(()),
            state => Err(not_available(&format!("File system '{}'", self.id), state)),
        }
    }
}

/// One mount target.
pub(super) struct MountTarget {
    pub(super) id: String,
    pub(super) file_system: String,
    pub(super) subnet: Subnet,
    pub(super) interface: String,
    pub(super) ip: String,
    pub(super) security_groups: Vec<String>,
    pub(super) available_at: Timestamp,
}

#[derive(Clone)]
pub(super) struct Subnet {
    pub(super) id: String,
    pub(super) zone: String,
    pub(super) zone_id: String,
    pub(super) vpc: String,
}

/// One access point.
pub(super) struct AccessPoint {
    pub(super) id: String,
    pub(super) file_system: String,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) token: String,
    pub(super) user: Value,
    pub(super) root: Value,
    pub(super) available_at: Timestamp,
}
