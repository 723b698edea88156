//! The kinds of resource, one folder each. [`kind`] defines what a kind does; [`registry`] lists the kinds.

mod aurora;
mod auto_scaling;
mod defaults;
mod dynamodb;
mod efs;
mod guards;
mod keys;
pub mod kind;
pub mod optional;
mod ownership;
mod parameters;
mod postgres;
pub mod registry;
mod secret;
mod shared;

pub use defaults::Defaults;
pub use efs::Efs;
pub use kind::{
    Backup, BackupQuota, Deletion, Dependents, Discovery, Kind, Logins, MasterUser, Preflight, Recovery, Restore,
    StartedBackup,
};
pub use registry::Kinds;
pub use shared::{copy, fault, part, timestamp};
