//! `secret`: a Secrets Manager secret, guarded: it has to exist, and to stay readable. Its value is never read.

mod backup;
mod restore;
#[cfg(test)]
pub(super) mod tests;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;

use super::keys;
use super::shared::wrong_target;
use crate::aws::lazy::Lazy;
use crate::aws::service;
use crate::domain::resource::{Resource, Target};
use crate::error::Result;

const KIND: &str = "secret";

pub struct Secret {
    secrets: Lazy<Client>,
    kms: Lazy<service::Client>,
}

impl Secret {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            secrets: Lazy::new(aws, Client::new),
            kms: Lazy::new(aws, keys::client),
        }
    }
}

fn secret(resource: &Resource) -> Result<&str> {
    match &resource.target {
        Target::Secret { secret } => Ok(secret),
        _ => Err(wrong_target(KIND, resource)),
    }
}
