//! How ECS services and access points use a copy.

use serde_json::Value;

use super::copies::{CopyUser, RestoredCopy};
use crate::domain::kinds::{self, Stateful};

/// An ECS service and the task definition that it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningService {
    /// `web of cluster hubs`.
    pub name: String,
    /// `family:revision`.
    pub revision: String,
    /// The task definition, as ECS describes it.
    pub definition: Value,
}

/// An access point of a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPoint {
    pub id: String,
    pub file_system: String,
    /// Its root directory.
    pub path: String,
}

impl RunningService {
    /// Each volume that mounts the copy, and each variable that names it.
    pub fn uses_of(&self, copy: &RestoredCopy) -> Vec<CopyUser> {
        let used = |how: String, next: &str| CopyUser {
            uses: format!("{copy} is {how} of service {} ({})", self.name, self.revision),
            next: next.to_owned(),
        };
        let volumes = list(&self.definition["volumes"]).filter(|volume| mounts(volume, copy));
        let mut users: Vec<CopyUser> = volumes
            .map(|volume| {
                used(
                    format!("mounted by volume {}", text(&volume["name"])),
                    "Deploy a revision that mounts what is to be used instead",
                )
            })
            .collect();
        for container in list(&self.definition["containerDefinitions"]) {
            let variables = list(&container["environment"]).filter(|variable| names(text(&variable["value"]), copy));
            let secrets = list(&container["secrets"]).filter(|secret| names(text(&secret["valueFrom"]), copy));
            users.extend(secrets.map(|secret| {
                used(
                    format!("read by secret {}", text(&secret["name"])),
                    "Deploy a revision that reads what is to be used instead",
                )
            }));
            users.extend(variables.map(|variable| {
                used(
                    format!("named by variable {}", text(&variable["name"])),
                    "Deploy a revision that names what is to be used instead",
                )
            }));
        }
        users
    }
}

impl AccessPoint {
    /// An access point into the directory: anything that mounts it uses the copy. Those of a new file system are the restore's own.
    pub fn use_of(&self, copy: &RestoredCopy) -> Option<CopyUser> {
        let RestoredCopy::Directory { file_system, directory } = copy else {
            return None;
        };
        (self.file_system == *file_system && is_within(&self.path, directory)).then(|| CopyUser {
            uses: format!("{copy} is reached through access point {} ({})", self.id, self.path),
            next: "Mount through another access point, and delete this one".to_owned(),
        })
    }
}

fn mounts(volume: &Value, copy: &RestoredCopy) -> bool {
    let configuration = &volume["efsVolumeConfiguration"];
    let mounted = text(&configuration["fileSystemId"]);
    match copy {
        RestoredCopy::Resource { target, .. } => {
            kinds::stateful(target).is_some_and(Stateful::is_mounted) && mounted == target.identifier()
        }
        RestoredCopy::Directory { file_system, directory } => {
            mounted == file_system && is_within(text(&configuration["rootDirectory"]), directory)
        }
    }
}

/// Whether a variable's value names the copy: a host name within a URL, or a table by name or ARN.
fn names(value: &str, copy: &RestoredCopy) -> bool {
    match copy {
        RestoredCopy::Resource { target, names } => {
            kinds::stateful(target).is_some_and(|kind| kind.is_named(target, names, value))
        }
        RestoredCopy::Directory { directory, .. } => names_directory(value, directory),
    }
}

/// Whether a value names a restore's directory anywhere: a path begins with the mount point, and the directory's name is unique.
pub fn names_directory(value: &str, directory: &str) -> bool {
    let directory = directory.trim_matches('/');
    !directory.is_empty() && value.contains(directory)
}

/// Whether a path is the directory or below it.
pub fn is_within(path: &str, directory: &str) -> bool {
    let (path, directory) = (path.trim_matches('/'), directory.trim_matches('/'));
    !directory.is_empty()
        && path
            .strip_prefix(directory)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
