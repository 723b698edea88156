//! EFS: file systems that are real directories, `<lab>/efs/<file system id>`.

mod access_point;
mod file_system;
mod mount_target;
mod refusals;
mod settings;
mod state;
mod tags;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::rest::{Refusal, Reply, Request};
use crate::service::{Answer, BoxedFuture, Call, Service, Tagged};
use crate::world::World;

use refusals::{bad_request, bare_id};
use state::State;

pub use state::{Efs, FileSystemOrder};

impl Efs {
    /// The service without any file system.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self {
            world,
            state: Mutex::default(),
        }
    }

    /// The directory of a file system, by id or ARN.
    #[must_use]
    pub fn directory(&self, id_or_arn: &str) -> Option<PathBuf> {
        let id = bare_id(id_or_arn);
        self.state().file_systems.contains_key(id).then(|| self.place(id))
    }

    /// The tags of a file system, by id or ARN.
    #[must_use]
    pub fn tags_of(&self, id_or_arn: &str) -> BTreeMap<String, String> {
        let state = self.state();
        let found = state.file_systems.get(bare_id(id_or_arn));
        found.map(|fs| fs.tags.clone()).unwrap_or_default()
    }

    /// How a file system was created, by id or ARN.
    #[must_use]
    pub fn order(&self, id_or_arn: &str) -> Option<FileSystemOrder> {
        let state = self.state();
        state.file_systems.get(bare_id(id_or_arn)).map(|fs| fs.order.clone())
    }

    /// The ARN of a file system.
    #[must_use]
    pub fn arn(&self, id: &str) -> String {
        self.world
            .arn("elasticfilesystem", &format!("file-system/{}", bare_id(id)))
    }

    fn place(&self, id: &str) -> PathBuf {
        self.world.dir.join("efs").join(id)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// When a resource that is created now becomes available.
    fn available_at(&self) -> Timestamp {
        let wait = self.world.durations.of(|seconds| seconds.file_system_create);
        let wait = SignedDuration::try_from(wait).unwrap_or_default();
        self.world.clock.now().checked_add(wait).unwrap_or(Timestamp::MAX)
    }

    async fn reply(&self, call: &Call) -> Option<Reply> {
        let Some(request) = Request::read(call) else {
            return Some(Err(bad_request("The request body is not a JSON object")));
        };
        let request = &request;
        Some(match call.action.as_str() {
            "CreateFileSystem" => self.create_file_system(request).await,
            "DescribeFileSystems" => self.describe_file_systems(request),
            "UpdateFileSystem" => self.update_file_system(request),
            "UpdateFileSystemProtection" => self.update_protection(request),
            "DeleteFileSystem" => self.delete_file_system(request),
            "CreateMountTarget" => self.create_mount_target(request).await,
            "DescribeMountTargets" => self.describe_mount_targets(request),
            "DeleteMountTarget" => self.delete_mount_target(request),
            "DescribeMountTargetSecurityGroups" => self.describe_security_groups(request),
            "ModifyMountTargetSecurityGroups" => self.modify_security_groups(request),
            "CreateAccessPoint" => self.create_access_point(request),
            "DescribeAccessPoints" => self.describe_access_points(request),
            "DeleteAccessPoint" => self.delete_access_point(request),
            "PutFileSystemPolicy" => self.put_policy(request),
            "DescribeFileSystemPolicy" => self.describe_policy(request),
            "DeleteFileSystemPolicy" => self.delete_policy(request),
            "PutLifecycleConfiguration" => self.put_lifecycle(request),
            "DescribeLifecycleConfiguration" => self.describe_lifecycle(request),
            "PutBackupPolicy" => self.put_backup_policy(request),
            "DescribeBackupPolicy" => self.describe_backup_policy(request),
            "DescribeReplicationConfigurations" => self.describe_replications(request),
            "TagResource" => self.tag_resource(request),
            "UntagResource" => self.untag_resource(request),
            "ListTagsForResource" => self.list_tags(request),
            _ => return None,
        })
    }
}

impl Service for Efs {
    fn answer<'a>(&'a self, call: &'a Call) -> BoxedFuture<'a, Option<Answer>> {
        Box::pin(async move {
            if call.service != "elasticfilesystem" {
                return None;
            }
            let reply = self.reply(call).await?;
            Some(reply.unwrap_or_else(Refusal::answer))
        })
    }

    fn page(&self, name: &str) -> Option<Value> {
        let places = || {
            let state = self.state();
            state
                .file_systems
                .keys()
                .map(|id| (id.clone(), json!(self.place(id))))
                .collect()
        };
        (name == "efs").then(places)
    }

    fn tagged(&self) -> Tagged {
        let state = self.state();
        let systems = state
            .file_systems
            .iter()
            .map(|(id, fs)| (self.arn(id), fs.tags.clone()));
        let points = state.access_points.iter().map(|(id, point)| {
            let arn = self.world.arn("elasticfilesystem", &format!("access-point/{id}"));
            (arn, point.tags.clone())
        });
        systems.chain(points).collect()
    }
}
