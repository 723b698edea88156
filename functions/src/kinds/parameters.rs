//! `parameters`: all Parameter Store parameters below a path, guarded: at least one has to exist, and all have to stay readable.
//! Their values are never read.

mod backup;
mod restore;
#[cfg(test)]
pub(super) mod tests;

use aws_config::SdkConfig;

use super::keys;
use super::shared::wrong_target;
use crate::aws::lazy::Lazy;
use crate::aws::service::{self, Client, SSM};
use crate::domain::resource::{Resource, Target};
use crate::error::Result;

const KIND: &str = "parameters";

pub struct Parameters {
    ssm: Lazy<Client>,
    kms: Lazy<service::Client>,
}

impl Parameters {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            ssm: Lazy::new(aws, |aws| Client::new(aws, SSM)),
            kms: Lazy::new(aws, keys::client),
        }
    }
}

/// The path without a trailing slash, which SSM does not accept.
fn path(resource: &Resource) -> Result<&str> {
    match &resource.target {
        Target::Parameters { path } if path.len() > 1 => Ok(path.trim_end_matches('/')),
        Target::Parameters { path } => Ok(path),
        _ => Err(wrong_target(KIND, resource)),
    }
}
