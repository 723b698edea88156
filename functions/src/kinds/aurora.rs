//! `aurora`: an Aurora cluster, backed up as a manual cluster snapshot, and restored as a new cluster.

mod backup;
mod canonical;
mod capture;
mod captured;
mod clusters;
mod compare;
mod configure;
mod creation;
mod dependents;
mod describe;
mod differences;
mod discovery;
mod endpoints;
mod engine_versions;
mod instances;
mod logins;
mod parameter_groups;
mod plan;
mod preflight;
mod recovery;
mod remarks;
mod replica_scaling;
mod restore;
mod settings;
mod snapshots;
mod statuses;
mod tags;
#[cfg(test)]
pub(super) mod tests;
mod undo;
mod unsupported;

use aws_config::SdkConfig;
use aws_sdk_rds::Client;

use super::auto_scaling;
use super::keys;
use super::shared::wrong_target;
use crate::aws::lazy::Lazy;
use crate::aws::service;
use crate::domain::resource::{Resource, Target};
use crate::error::Result;

const KIND: &str = "aurora";

pub struct Aurora {
    rds: Lazy<Client>,
    autoscaling: Lazy<service::Client>,
    kms: Lazy<service::Client>,
}

impl Aurora {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            rds: Lazy::new(aws, Client::new),
            autoscaling: Lazy::new(aws, auto_scaling::client),
            kms: Lazy::new(aws, keys::client),
        }
    }
}

fn cluster(resource: &Resource) -> Result<&str> {
    match &resource.target {
        Target::Aurora { cluster } => Ok(cluster),
        _ => Err(wrong_target(KIND, resource)),
    }
}
