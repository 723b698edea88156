//! A stateful resource of a deployment, and its backup.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One resource of a run: a name, what it is in AWS, and how long its backup may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Unique in the deployment. A table found by a prefix is named `<name>.<table>`.
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
    /// An EFS file system, backed up by AWS Backup into `vault` with `role` (by default, those of the stack).
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
    /// All DynamoDB tables whose names begin with `prefix`; planning turns it into one `dynamodb` per table.
    DynamodbPrefix { prefix: String },
    /// A Secrets Manager secret, by name or ARN: guarded, never read.
    Secret { secret: String },
    /// All Parameter Store parameters below `path`: guarded, never read.
    Parameters { path: String },
}

/// The descriptor's field that names a target, and the identifier in it.
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
    /// The descriptor's field that holds the identifier.
    pub fn field(&self) -> &'static str {
        named!(self).0
    }

    /// Its identifier in AWS: cluster, file system, table, secret or path.
    pub fn identifier(&self) -> &str {
        named!(self).1
    }

    pub fn identifier_mut(&mut self) -> &mut String {
        named!(self).1
    }

    /// The same target with another identifier.
    pub fn renamed(&self, identifier: &str) -> Self {
        let mut renamed = self.clone();
        identifier.clone_into(renamed.identifier_mut());
        renamed
    }
}

/// The backup of one resource, as AWS identifies it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RecoveryPoint {
    /// An Aurora cluster snapshot.
    ClusterSnapshot { id: String, arn: String },
    /// An AWS Backup recovery point of an EFS file system, and the job that creates it.
    BackupRecoveryPoint { arn: String, vault: String, job: String },
    /// A DynamoDB on-demand backup.
    TableBackup { arn: String, name: String },
    /// What a guard read: the current version of each secret or parameter, never its value.
    Versions {
        versions: Vec<Version>,
        /// When it read them.
        seen_at: Timestamp,
    },
}

impl RecoveryPoint {
    /// Its ARN; the versions that a guard records have none.
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
