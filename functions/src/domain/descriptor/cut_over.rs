//! What an application reads to find its state, and what a restore therefore has to switch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One thing to switch when a deployment is cut over to what was restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    pub name: String,
    /// Name of the resource whose copy it leads to. Of a prefix: the prefix resource, with `table`.
    pub resource: String,
    /// The table, where the resource is a prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The secret with which the application logs in to the cluster, where what is switched does not hold the login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    #[serde(flatten)]
    pub action: SwitchAction,
}

impl Switch {
    /// How a run calls the resource: a prefix's table is `<resource>.<table>`.
    pub fn item_name(&self) -> String {
        match &self.table {
            Some(table) => format!("{}.{table}", self.resource),
            None => self.resource.clone(),
        }
    }
}

/// What is switched, by kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SwitchAction {
    /// Keys of a Secrets Manager secret whose value is a JSON object. Of a cluster by default `host` and `port`.
    Secret {
        secret: String,
        values: BTreeMap<String, Fact>,
    },
    /// A Systems Manager parameter. Its value becomes the fact.
    Parameter { parameter: String, value: Fact },
    /// An ECS service: a new revision of its task definition, with the copy of the file system in the volumes that mount it
    /// (or in `volume` alone); of a cluster, with the copy's master secret where its containers name the old one.
    EcsService {
        cluster: String,
        service: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        volume: Option<String>,
    },
    /// An RDS Proxy: its target becomes the copy of the cluster. Who connects through it reaches nothing for a moment.
    RdsProxy { proxy: String },
    /// The cluster: the old one gets a side name, the new one its name. Never deletes.
    Rename,
}

/// Something of a copy that an application needs to reach it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Writer endpoint of a cluster.
    Host,
    ReaderHost,
    Port,
    /// `DBClusterIdentifier`.
    Cluster,
    /// ARN of the secret in which RDS manages the master password.
    MasterSecret,
    Table,
    /// Id of a file system.
    FileSystem,
    /// Directory in the file system, with a leading slash.
    Directory,
}
