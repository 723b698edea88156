//! `dynamodb`: a DynamoDB table, backed up on demand, and restored as a new table.
//!
//! DynamoDB's backups carry no tags (`TagResource` takes tables only), so a backup is identified as Holdfast's by its name, which
//! contains the deployment and the set (`domain::names::recovery_point`), and by being in the catalog.

mod archive;
mod backup;
mod backups;
mod canonical;
mod capture;
mod compare;
mod configure;
mod creation;
mod deletion;
mod dependents;
mod discovery;
mod items;
mod logins;
mod preflight;
mod recovery;
mod remarks;
mod restore;
mod safeguards;
mod sample;
mod settings;
mod tables;
#[cfg(test)]
pub(super) mod tests;
mod undo;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;

use super::Defaults;
use super::auto_scaling;
use super::keys;
use super::shared::wrong_target;
use crate::aws::lazy::Lazy;
use crate::aws::service::{self, TAGGING};
use crate::domain::resource::{Resource, Target};
use crate::error::{Error, Result};
use crate::transfers::Transfers;

const KIND: &str = "dynamodb";

pub struct DynamoDb {
    dynamodb: Lazy<Client>,
    autoscaling: Lazy<service::Client>,
    kms: Lazy<service::Client>,
    tagging: Lazy<service::Client>,
    transfers: Transfers,
}

impl DynamoDb {
    pub fn from_config(aws: &SdkConfig, defaults: &Defaults) -> Self {
        Self {
            dynamodb: Lazy::new(aws, Client::new),
            autoscaling: Lazy::new(aws, auto_scaling::client),
            kms: Lazy::new(aws, keys::client),
            tagging: Lazy::new(aws, |aws| service::Client::new(aws, TAGGING)),
            transfers: Transfers::new(aws, defaults.transfers.clone()),
        }
    }
}

fn table(resource: &Resource) -> Result<&str> {
    match &resource.target {
        Target::DynamoDb { table, .. } => Ok(table),
        Target::DynamodbPrefix { prefix, .. } => Err(Error::NotFound(format!(
            "backing up {}: no table's name begins with {prefix}. Correct the prefix, or remove the resource",
            resource.name
        ))),
        _ => Err(wrong_target(KIND, resource)),
    }
}
