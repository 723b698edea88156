//! Switches: what an application reads to find its data, which a restore therefore has to change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::hook::SsmCommand;

/// One thing to switch when a deployment is cut over to the restored copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    pub name: String,
    /// Name of the resource whose copy it switches to. For a prefix: the prefix resource, with `table`.
    pub resource: String,
    /// The table, if the resource is a prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The secret that the application logs in to the cluster with, if the login is not in what is switched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    #[serde(flatten)]
    pub action: SwitchAction,
}

impl Switch {
    /// The name that a run uses for the resource: a prefix's table is `<resource>.<table>`.
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
    /// Keys of a Secrets Manager secret whose value is a JSON object. For a cluster, `host` and `port` by default.
    Secret {
        secret: String,
        values: BTreeMap<String, Fact>,
    },
    /// A Systems Manager parameter. Its value becomes the fact.
    Parameter { parameter: String, value: Fact },
    /// An environment variable of a Lambda function. Its value becomes the fact.
    LambdaEnvironment {
        function: String,
        variable: String,
        value: Fact,
    },
    /// An ECS service: a new revision of its task definition. For a file system, the volumes that mount it (or only `volume`)
    /// mount the copy; for a cluster, containers that name the old master secret get the copy's.
    EcsService {
        cluster: String,
        service: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        volume: Option<String>,
    },
    /// An ECS service: its tasks are started again, with the same revision, so that they read what the switches of this resource
    /// before it wrote.
    EcsRestart { cluster: String, service: String },
    /// Instances: a script runs on them, so that they read what the switches of this resource before it wrote; another one once those
    /// are switched back.
    SsmCommand {
        #[serde(flatten)]
        script: SsmCommand,
        /// Environment variables of the scripts: facts of the copy, and of the resource from before where it is switched back.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        values: BTreeMap<String, Fact>,
    },
    /// The instances of an EC2 Auto Scaling group: they are replaced, with the group's own configuration, so that the new ones read what
    /// the switches of this resource before it wrote.
    InstanceRefresh { group: String },
    /// A CNAME record of Route 53. Its value becomes the fact, an endpoint of the copy of the cluster.
    Route53Record {
        /// Id of its hosted zone.
        hosted_zone: String,
        /// Its name, in lower case and without a dot at its end.
        record: String,
        value: Fact,
    },
    /// An RDS Proxy: its target becomes the copy of the cluster. Connections through it fail for a moment.
    RdsProxy { proxy: String },
    /// The cluster: the old one gets a side name, and the copy takes over its name. Deletes nothing.
    Rename,
}

/// Something that an application needs to reach a copy.
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
