//! The input of a `restore` execution, and of the two machines that undo a restore or its cut-over.

mod checks;
mod fields;
mod read;
#[cfg(test)]
mod tests;
mod times;
mod undo;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::modes::{CutOverMode, OnFailure};
use crate::domain::set::Purpose;

pub use undo::UndoRequest;

/// Which data to restore.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestedMoment {
    /// The newest sealed set.
    #[default]
    Newest,
    /// The sealed set with this id.
    Set(String),
    /// The newest sealed set captured entirely before this time, such as that of an incident.
    Before(Timestamp),
    /// The deployment as of this moment, by point-in-time recovery where available.
    At(Timestamp),
}

/// Where a file system is restored to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestedDestination {
    /// A new directory of the file system that was backed up.
    Directory,
    /// A new file system.
    FileSystem,
}

/// What a restore starts from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A set in the catalog.
    #[default]
    Catalog,
    /// What AWS itself keeps of deleted resources: `SYSTEM` backups of tables, retained automated backups of clusters.
    Retained,
}

/// The request that a person starts the `restore` machine with: `{"deployment": "hubs-prod"}`, and any options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreRequest {
    pub deployment: String,
    #[serde(default = "default_purpose")]
    pub purpose: Purpose,
    pub wanted: RequestedMoment,
    /// Resources (or tables of a prefix, `<name>.<table>`) to restore; all if empty.
    pub only: Vec<String>,
    /// Resources not to restore.
    pub except: Vec<String>,
    /// Suffix of the copies' names, instead of the start time.
    pub suffix: Option<String>,
    /// Names of copies, by resource.
    pub names: BTreeMap<String, String>,
    /// Where file systems are restored to, by resource.
    pub into: BTreeMap<String, RequestedDestination>,
    /// Instance classes for the copies of clusters, instead of the captured ones, by resource.
    #[serde(default)]
    pub instance_classes: BTreeMap<String, String>,
    /// Certificate authorities for those instances, instead of the captured ones, by resource.
    #[serde(default)]
    pub ca_certificates: BTreeMap<String, String>,
    /// `None`: yes if the descriptor has switches, otherwise no.
    pub cut_over: Option<CutOverMode>,
    /// A person must approve the plan.
    pub approval: bool,
    /// The live resources are backed up first.
    pub safety_backup: bool,
    pub dry_run: bool,
    pub on_failure: OnFailure,
    pub source: Origin,
}

impl RestoreRequest {
    /// What it leaves out, and where and how copies are created, as options of `holdfast restore`.
    pub fn options(&self) -> Vec<String> {
        let listed =
            |option: &str, list: &[String]| (!list.is_empty()).then(|| format!("--{option} {}", list.join(",")));
        let pairs = |option: &'static str, map: &BTreeMap<String, String>| {
            let pairs = map
                .iter()
                .map(move |(name, value)| format!("--{option} {name}={value}"));
            pairs.collect::<Vec<_>>()
        };
        let into = self.into.iter().map(|(name, destination)| {
            let word = match destination {
                RequestedDestination::Directory => "directory",
                RequestedDestination::FileSystem => "file_system",
            };
            format!("--into {name}={word}")
        });
        let mut options: Vec<String> = listed("only", &self.only)
            .into_iter()
            .chain(listed("except", &self.except))
            .chain(into)
            .collect();
        options.extend(pairs("instance-class", &self.instance_classes));
        options.extend(pairs("ca-certificate", &self.ca_certificates));
        options
    }

    /// The names of the copies, as options of `holdfast restore`.
    pub fn naming(&self) -> Vec<String> {
        let suffix = self.suffix.iter().map(|suffix| format!("--suffix {suffix}"));
        let names = self
            .names
            .iter()
            .map(|(resource, name)| format!("--name {resource}={name}"));
        suffix.chain(names).collect()
    }
}

impl RestoreRequest {
    /// Whether a resource is to be restored. The name of a prefix resource includes all of its tables.
    pub fn covers(&self, resource: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| is_or_contains(name, resource));
        (self.only.is_empty() || named(&self.only)) && !named(&self.except)
    }
}

/// `tables` contains `tables.hubs-rooms`.
fn is_or_contains(name: &str, resource: &str) -> bool {
    resource
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The default purpose of a request.
fn default_purpose() -> Purpose {
    Purpose::Restore
}
