//! A stateful thing of a deployment, and the backup of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One resource of a run: a name, what it is in AWS, and how long its backup may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Unique in the deployment. A table found by a prefix is called `<name>.<table>`.
    pub name: String,
    #[serde(flatten)]
    pub target: Target,
    /// Seconds after which a backup that has not ended has failed.
    pub deadline_seconds: u64,
}

/// The AWS resource, by kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Target {
    /// An Aurora cluster, by its `DBClusterIdentifier`.
    Aurora { cluster: String },
    /// An EFS file system, backed up by AWS Backup into `vault` under `role` (the stack's own where absent).
    Efs {
        file_system: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vault: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<String>,
    },
    /// One DynamoDB table.
    #[serde(rename = "dynamodb")]
    DynamoDb { table: String },
    /// All DynamoDB tables whose names begin with `prefix`; planning turns it into one `dynamodb` each.
    DynamodbPrefix { prefix: String },
    /// A Secrets Manager secret, by name or ARN: guarded, never read.
    Secret { secret: String },
    /// All Parameter Store parameters below `path`: guarded, never read.
    Parameters { path: String },
}

/// The field of a descriptor that names a target, and the identifier in it.
macro_rules! named {
    ($target:expr) => {
        match $target {
            Target::Aurora { cluster } => ("cluster", cluster),
            Target::Efs { file_system, .. } => ("file_system", file_system),
            Target::DynamoDb { table } => ("table", table),
            Target::DynamodbPrefix { prefix } => ("prefix", prefix),
            Target::Secret { secret } => ("secret", secret),
            Target::Parameters { path } => ("path", path),
        }
    };
}

impl Target {
    /// The field of a descriptor that holds the identifier.
    pub fn field(&self) -> &'static str {
        named!(self).0
    }

    /// The identifier by which AWS knows it: cluster, file system, table, secret or path.
    pub fn identifier(&self) -> &str {
        named!(self).1
    }

    pub fn identifier_mut(&mut self) -> &mut String {
        named!(self).1
    }

    /// The same by another identifier.
    pub fn renamed(&self, identifier: &str) -> Self {
        let mut renamed = self.clone();
        identifier.clone_into(renamed.identifier_mut());
        renamed
    }
}

/// The backup of one resource, as AWS knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RecoveryPoint {
    /// An Aurora cluster snapshot.
    ClusterSnapshot { id: String, arn: String },
    /// An AWS Backup recovery point of an EFS file system, and the job that makes it.
    BackupRecoveryPoint { arn: String, vault: String, job: String },
    /// A DynamoDB on-demand backup.
    TableBackup { arn: String, name: String },
    /// What a guard saw: each secret's or parameter's current version, never its value.
    Versions {
        versions: Vec<Version>,
        /// When it saw them.
        seen_at: Timestamp,
    },
}

impl RecoveryPoint {
    /// Its ARN; a guard makes nothing that has one.
    pub fn arn(&self) -> Option<&str> {
        match self {
            RecoveryPoint::ClusterSnapshot { arn, .. }
            | RecoveryPoint::BackupRecoveryPoint { arn, .. }
            | RecoveryPoint::TableBackup { arn, .. } => Some(arn),
            RecoveryPoint::Versions { .. } => None,
        }
    }
}

/// The version of a secret or parameter that was current at backup time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// ARN of the secret, or name of the parameter.
    pub name: String,
    /// `VersionId` of a secret's `AWSCURRENT`, or a parameter's version number.
    pub version: String,
}
