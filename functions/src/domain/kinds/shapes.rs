//! How each kind's values look in descriptors, in the catalog and between states, one entry a kind: what it is in AWS, what its
//! backup is, what a restore reads, where it creates the copy, and what it created.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::table_archive::{StoredArchive, TableArchive};
use crate::domain::transfers::placement::Placement;

/// Makes one enum of each shape from the entries of the kinds. A target's first field is its identifier, a recovery point's its ARN.
macro_rules! shapes {
    ($($kind:ident {
        target { $($(#[$target_meta:meta])* $target:ident { $identifier:ident: String $(, $($target_rest:tt)*)? })+ }
        recovery_point { $($(#[$point_meta:meta])* $point:ident { arn: String $(, $($point_rest:tt)*)? })* }
        source { $($source:tt)* }
        destination { $($destination:tt)* }
        created { $($created:tt)* }
    })*) => {
        /// The AWS resource, by kind.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        pub enum Target {
            $($($(#[$target_meta])* $target { $identifier: String $(, $($target_rest)*)? },)*)*
        }

        impl Target {
            /// The descriptor's field that holds the identifier.
            pub fn field(&self) -> &'static str {
                match self {
                    $($(Target::$target { .. } => stringify!($identifier),)*)*
                }
            }

            /// Its identifier in AWS: cluster, file system, table, secret or path.
            pub fn identifier(&self) -> &str {
                match self {
                    $($(Target::$target { $identifier, .. } => $identifier,)*)*
                }
            }

            pub fn identifier_mut(&mut self) -> &mut String {
                match self {
                    $($(Target::$target { $identifier, .. } => $identifier,)*)*
                }
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
            $($($(#[$point_meta])* $point { arn: String $(, $($point_rest)*)? },)*)*
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
                    $($(RecoveryPoint::$point { arn, .. } => Some(arn),)*)*
                    RecoveryPoint::Versions { .. } => None,
                }
            }
        }

        /// What a restore reads.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "from", rename_all = "snake_case")]
        pub enum Source {
            $($($source)*)*
            /// A guard's versions: nothing is read, they are only compared.
            Versions { versions: Vec<Version> },
        }

        /// What a restore creates, in addition to the live resource.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "into", rename_all = "snake_case")]
        pub enum Destination {
            $($($destination)*)*
            /// A guard creates nothing.
            Nothing,
        }

        /// What a restore created for one resource, and how an application reaches it.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "made", rename_all = "snake_case")]
        pub enum CreatedResource {
            $($($created)*)*
            /// A guard creates nothing.
            Nothing,
        }
    };
}

/// The version of a secret or parameter that was current at backup time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// ARN of the secret, or name of the parameter.
    pub name: String,
    /// `VersionId` of a secret's `AWSCURRENT`, or a parameter's version number.
    pub version: String,
}

shapes! {
    Aurora {
        target {
            /// An Aurora cluster, by its `DBClusterIdentifier`.
            Aurora { cluster: String }
        }
        recovery_point {
            /// An Aurora cluster snapshot.
            ClusterSnapshot { arn: String, id: String }
        }
        source {
            /// An Aurora cluster snapshot.
            ClusterSnapshot { id: String, arn: String },
            /// Aurora's continuous backup: of an existing cluster, or (by `DbClusterResourceId`) the retained automated backup of a
            /// deleted one; the latest restorable time if `at` is `None`.
            ClusterAt {
                cluster: String,
                #[serde(default, skip_serializing_if = "Option::is_none")]
                resource_id: Option<String>,
                #[serde(default, skip_serializing_if = "Option::is_none")]
                at: Option<Timestamp>,
            },
        }
        destination {
            /// A cluster with this `DBClusterIdentifier`.
            Cluster { cluster: String },
        }
        created {
            Cluster {
                cluster: String,
                arn: String,
                /// Writer endpoint.
                host: String,
                reader_host: String,
                port: u16,
                /// ARN of the new managed master secret, if the source had one.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                master_secret: Option<String>,
                #[serde(default, skip_serializing_if = "Option::is_none")]
                master_username: Option<String>,
                /// `DbClusterResourceId`, which identifies it in policies for `rds-db:connect`.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                resource_id: Option<String>,
                /// Whether it accepts logins by IAM.
                #[serde(default)]
                iam_authentication: bool,
            },
        }
    }
    Efs {
        target {
            /// An EFS file system, backed up by AWS Backup into `vault` with `role` (by default, those of the stack).
            Efs {
                file_system: String,
                #[serde(default, skip_serializing_if = "Option::is_none")]
                vault: Option<String>,
                #[serde(default, skip_serializing_if = "Option::is_none")]
                role: Option<String>,
            }
        }
        recovery_point {
            /// An AWS Backup recovery point of an EFS file system, and the job that creates it.
            BackupRecoveryPoint { arn: String, vault: String, job: String }
        }
        source {
            /// An AWS Backup recovery point.
            RecoveryPoint { arn: String, vault: String },
        }
        destination {
            /// A directory in the file system that was backed up.
            Directory { file_system: String },
            /// A new file system, identified by its `CreationToken`.
            FileSystem { token: String },
        }
        created {
            /// A directory of the file system that was backed up, such as `/aws-backup-restore_2026-11-20T02-15-00-123Z`; not known
            /// while the job runs.
            Directory {
                file_system: String,
                job: String,
                #[serde(default, skip_serializing_if = "Option::is_none")]
                directory: Option<String>,
            },
            /// A new file system; its directory is known if an access function mounts it.
            FileSystem {
                #[serde(default, skip_serializing_if = "Option::is_none")]
                file_system: Option<String>,
                job: String,
                #[serde(default, skip_serializing_if = "Option::is_none")]
                directory: Option<String>,
            },
        }
    }
    DynamoDb {
        target {
            /// One DynamoDB table.
            #[serde(rename = "dynamodb")]
            DynamoDb {
                table: String,
                #[serde(default, skip_serializing_if = "Option::is_none")]
                archive: Option<TableArchive>,
            }
            /// All DynamoDB tables whose names begin with `prefix`; planning turns it into one `dynamodb` per table.
            DynamodbPrefix {
                prefix: String,
                #[serde(default, skip_serializing_if = "Option::is_none")]
                archive: Option<TableArchive>,
            }
        }
        recovery_point {
            /// A DynamoDB on-demand backup, and the archive that was written with it.
            TableBackup {
                arn: String,
                name: String,
                #[serde(default, skip_serializing_if = "Option::is_none")]
                archive: Option<StoredArchive>,
            }
        }
        source {
            /// A DynamoDB backup, on demand or (of a deleted table) `SYSTEM`.
            TableBackup { arn: String },
            /// DynamoDB's point-in-time recovery.
            TableAt { table: String, at: Timestamp },
        }
        destination {
            /// A table of this name.
            Table { table: String },
        }
        created {
            Table { table: String, arn: String },
        }
    }
    Postgres {
        target {
            /// A Postgres database of a server that the stack's functions reach, dumped to the stack's archive.
            Postgres {
                database: String,
                host: String,
                port: u16,
                /// Name or ARN of the secret with the login that dumps and restores.
                login_secret: String,
                /// A database from which others are created and renamed; `postgres` if `None`.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                maintenance_database: Option<String>,
                /// How many programs move rows at once; one if `None`.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                jobs: Option<u32>,
                /// Where its data is moved; decided by its size and past runs if `None`.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                run_in: Option<Placement>,
            }
        }
        recovery_point {
            /// A dump: the ARN of its manifest in the archive, its folder there, and the execution that writes it.
            DatabaseDump { arn: String, folder: String, execution: String }
        }
        source {
            /// A dump in the archive.
            DatabaseDump { arn: String, folder: String },
        }
        destination {
            /// A database of this name on the server of the one that was dumped.
            Database { database: String, host: String, port: u16 },
        }
        created {
            /// A database, and the execution that restores it.
            Database { database: String, host: String, port: u16, execution: String },
        }
    }
    Secret {
        target {
            /// A Secrets Manager secret, by name or ARN: guarded, never read.
            Secret { secret: String }
        }
        recovery_point {}
        source {}
        destination {}
        created {}
    }
    Parameters {
        target {
            /// All Parameter Store parameters below `path`: guarded, never read.
            Parameters { path: String }
        }
        recovery_point {}
        source {}
        destination {}
        created {}
    }
}
