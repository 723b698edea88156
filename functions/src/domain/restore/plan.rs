//! A validated restore, as a value: what will be read, created and switched, how long it will take, what will be lost.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::resource::{Resource, Version};
use crate::domain::restore::matching::Matching;
use crate::domain::restore::remark::Remark;

pub use crate::domain::restore::modes::{CutOverMode, OnFailure};

/// A restore of a whole set, or of some of its resources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The set that is restored, or from which the configuration is taken; `None` without a catalog entry (`source: retained`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// The moment as of which the deployment is restored, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The application was quiesced while the set was captured: counts and samples then have to agree exactly.
    pub at_rest: bool,
    pub made_at: Timestamp,
    pub resources: Vec<PlannedResource>,
    /// What is in the deployment, or in the set, and is not restored; in words.
    #[serde(default)]
    pub not_covered: Vec<String>,
    /// What the operator should know before anything starts: skew, a later set that was passed over, an engine upgrade.
    #[serde(default)]
    pub remarks: Vec<Remark>,
    pub cut_over: CutOverMode,
    pub approval: bool,
    pub safety_backup: bool,
    pub dry_run: bool,
    pub on_failure: OnFailure,
    /// What cut-over changes, in words, in order.
    #[serde(default)]
    pub switches: Vec<String>,
    /// How what the set holds stands to what the descriptor means now.
    #[serde(default)]
    pub matching: Matching,
    /// EC2 security groups that the copies need; the machine sees that they exist.
    #[serde(default)]
    pub security_groups: Vec<String>,
    /// What the request left out, and where it led copies, as options of the command: the same restore once more has them too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The names that it gave to copies, likewise: only a restore that has made nothing can have them again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub naming: Vec<String>,
    /// Seconds that the slowest resource is expected to take; `None` without history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_seconds: Option<u64>,
}

/// One resource's restore, as planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedResource {
    /// As in the set: its target is the source's own identifier; its deadline is the restore's.
    pub resource: Resource,
    pub source: Source,
    #[serde(rename = "beside")]
    pub destination: Destination,
    /// The moment whose data it brings back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<Timestamp>,
    /// Seconds between that moment and the plan: what is written since is lost at cut-over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// Median duration in seconds of this resource's last restores; else none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual_seconds: Option<u64>,
    /// What is created beside the copy itself, such as a parameter group that is gone: in words.
    #[serde(default)]
    pub creates: Vec<String>,
}

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Source {
    /// An Aurora cluster snapshot.
    ClusterSnapshot { id: String, arn: String },
    /// Aurora's continuous backup: of a cluster that is there, or (by `DbClusterResourceId`) the retained automated backup
    /// of a deleted one; the latest restorable time where `at` is none.
    ClusterAt {
        cluster: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resource_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
    /// An AWS Backup recovery point.
    RecoveryPoint { arn: String, vault: String },
    /// A DynamoDB backup, on demand or (of a deleted table) `SYSTEM`.
    TableBackup { arn: String },
    /// DynamoDB's point-in-time recovery.
    TableAt { table: String, at: Timestamp },
    /// A guard's versions: nothing is read, they are only compared.
    Versions { versions: Vec<Version> },
}

/// What is created, beside what is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "into", rename_all = "snake_case")]
pub enum Destination {
    /// A cluster of this `DBClusterIdentifier`.
    Cluster { cluster: String },
    /// A table of this name.
    Table { table: String },
    /// A directory in the file system that was backed up.
    Directory { file_system: String },
    /// A new file system, known by its `CreationToken`.
    FileSystem { token: String },
    /// A guard creates nothing.
    Nothing,
}

/// What there is to know of where a copy goes.
struct About<'a> {
    words: Option<String>,
    name: &'a str,
    identity: Option<String>,
    is_resource: bool,
}

impl Destination {
    fn about(&self) -> About<'_> {
        let resource = |words: String, name, identity| About {
            words: Some(words),
            name,
            identity,
            is_resource: true,
        };
        match self {
            Destination::Cluster { cluster } => {
                resource(format!("cluster {cluster}"), cluster, Some(cluster.to_lowercase()))
            }
            Destination::Table { table } => resource(format!("table {table}"), table, Some(table.clone())),
            Destination::FileSystem { token } => {
                let words = format!("a new file system, with creation token {token}");
                resource(words, "the new file system", None)
            }
            Destination::Directory { file_system } => About {
                words: Some(format!("a new directory of file system {file_system}")),
                name: file_system,
                identity: None,
                is_resource: false,
            },
            Destination::Nothing => About {
                words: None,
                name: "",
                identity: None,
                is_resource: false,
            },
        }
    }

    /// In words, for plans and messages; `None` where nothing is created.
    pub fn words(&self) -> Option<String> {
        self.about().words
    }

    /// By what AWS calls it; a new file system has no name yet.
    pub fn name(&self) -> &str {
        self.about().name
    }

    /// What no two copies of a kind can have in common; `None` where AWS gives the copy its name.
    pub fn identity(&self) -> Option<String> {
        self.about().identity
    }

    /// Whether the copy is a resource of its own, instead of a part of what is there.
    pub fn is_resource(&self) -> bool {
        self.about().is_resource
    }
}
