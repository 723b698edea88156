//! The input of a `restore` execution, and of the two machines that take one back.

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

/// What to bring back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestedMoment {
    /// The newest sealed set.
    #[default]
    Newest,
    /// The sealed set of this id.
    Set(String),
    /// The newest sealed set captured entirely before this time, such as an incident's.
    Before(Timestamp),
    /// The deployment as of this moment, by point-in-time recovery where there is any.
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

/// What a person asks of the `restore` machine: `{"deployment": "hubs-prod"}`, and how it differs from the usual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreRequest {
    pub deployment: String,
    #[serde(default = "of_operator")]
    pub purpose: Purpose,
    pub wanted: RequestedMoment,
    /// Resources (or tables of a prefix, `<name>.<table>`) to restore; all where it is empty.
    pub only: Vec<String>,
    /// Resources not to restore.
    pub except: Vec<String>,
    /// What the copies' names end with, instead of the start time.
    pub suffix: Option<String>,
    /// Names of copies, by resource.
    pub names: BTreeMap<String, String>,
    /// Where file systems go, by resource.
    pub into: BTreeMap<String, RequestedDestination>,
    /// Classes that the instances of clusters' copies get instead of the captured ones, by resource.
    #[serde(default)]
    pub instance_classes: BTreeMap<String, String>,
    /// Certificate authorities that sign their certificates, instead of the captured ones, by resource.
    #[serde(default)]
    pub ca_certificates: BTreeMap<String, String>,
    /// `None`: yes where the descriptor says what to switch, else no.
    pub cut_over: Option<CutOverMode>,
    /// A person has to say yes to the plan.
    pub approval: bool,
    /// What is there is backed up first.
    pub safety_backup: bool,
    pub dry_run: bool,
    pub on_failure: OnFailure,
    pub source: Origin,
}

impl RestoreRequest {
    /// What it leaves out, and where it leads copies, as options of `holdfast restore`.
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

    /// The names that it gives to copies, likewise.
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
    /// Whether a resource is to be restored. A prefix resource's name stands for all of its tables.
    pub fn covers(&self, resource: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| is_or_holds(name, resource));
        (self.only.is_empty() || named(&self.only)) && !named(&self.except)
    }
}

/// `tables` holds `tables.hubs-rooms`.
fn is_or_holds(name: &str, resource: &str) -> bool {
    resource
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What a restore is for whose request does not say.
fn of_operator() -> Purpose {
    Purpose::Restore
}
