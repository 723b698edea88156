//! What a restore made, as a user of it would name it, and who uses it.

use std::fmt;

use crate::domain::resource::Target;
use crate::domain::restore::item::{Item, ItemStatus, Made};
use crate::domain::restore::plan::Beside;

/// What a restore made of one resource, as a user of it would name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Copy {
    /// With what else names it, where that is known: its host names, and the ARN of its managed master secret, which goes with it.
    Cluster {
        cluster: String,
        hosts: Vec<String>,
    },
    Table {
        table: String,
    },
    FileSystem {
        file_system: String,
    },
    /// With a leading slash.
    Directory {
        file_system: String,
        directory: String,
    },
}

impl Copy {
    /// `None` where nothing was made that anybody could use.
    pub fn of(item: &Item) -> Option<Self> {
        if matches!(item.status, ItemStatus::Planned | ItemStatus::Undone) {
            return None;
        }
        match &item.made {
            Some(made) => Self::made(made),
            None => Self::planned(&item.planned.beside),
        }
    }

    fn made(made: &Made) -> Option<Self> {
        match made {
            Made::Cluster {
                cluster,
                host,
                reader_host,
                master_secret,
                ..
            } => {
                let hosts = [Some(host), Some(reader_host), master_secret.as_ref()];
                let hosts = hosts.into_iter().flatten().filter(|host| !host.is_empty());
                Some(Copy::Cluster {
                    cluster: cluster.clone(),
                    hosts: hosts.cloned().collect(),
                })
            }
            Made::Table { table, .. } => Some(Copy::Table { table: table.clone() }),
            Made::FileSystem { file_system, .. } => {
                file_system.clone().map(|file_system| Copy::FileSystem { file_system })
            }
            Made::Directory {
                file_system, directory, ..
            } => directory.as_ref().map(|directory| Copy::Directory {
                file_system: file_system.clone(),
                directory: format!("/{}", directory.trim_matches('/')),
            }),
            Made::Nothing => None,
        }
    }

    /// What may be there by the name that it was to get, though nobody saw it made.
    fn planned(beside: &Beside) -> Option<Self> {
        match beside {
            Beside::Cluster { cluster } => Some(Copy::Cluster {
                cluster: cluster.clone(),
                hosts: Vec::new(),
            }),
            Beside::Table { table } => Some(Copy::Table { table: table.clone() }),
            Beside::Directory { .. } | Beside::FileSystem { .. } | Beside::Nothing => None,
        }
    }

    /// The same as a resource; a directory is none.
    pub fn target(&self) -> Option<Target> {
        match self {
            Copy::Cluster { cluster, .. } => Some(Target::Aurora {
                cluster: cluster.clone(),
            }),
            Copy::Table { table } => Some(Target::DynamoDb { table: table.clone() }),
            Copy::FileSystem { file_system } => Some(Target::Efs {
                file_system: file_system.clone(),
                vault: None,
                role: None,
            }),
            Copy::Directory { .. } => None,
        }
    }
}

impl fmt::Display for Copy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Copy::Cluster { cluster, .. } => write!(f, "cluster {cluster}"),
            Copy::Table { table } => write!(f, "table {table}"),
            Copy::FileSystem { file_system } => write!(f, "file system {file_system}"),
            Copy::Directory { file_system, directory } => {
                write!(f, "directory {directory} of file system {file_system}")
            }
        }
    }
}

/// Who uses what, and what a person can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub uses: String,
    pub next: String,
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.uses, self.next)
    }
}
