//! `check-secrets`: records the current versions of a secret, or of the parameters under a path, and fails if one is missing
//! or unusable.

use aws_config::SdkConfig;

use crate::catalog::Catalog;
use crate::domain::job::Job;
use crate::domain::resource::Target;
use crate::error::Result;
use crate::kinds::Parameters;
use crate::kinds::Secret;
use crate::runs::starting::{Input, start};
use crate::runtime;

pub struct Needs {
    catalog: Catalog,
    secret: Secret,
    parameters: Parameters,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            secret: Secret::from_config(aws),
            parameters: Parameters::from_config(aws),
        })
    }
}

pub async fn handle(needs: &Needs, input: Input) -> Result<Job> {
    // Both kinds refuse a resource of any other kind.
    if matches!(input.resource.target, Target::Parameters { .. }) {
        return start(&needs.catalog, &needs.parameters, input).await;
    }
    start(&needs.catalog, &needs.secret, input).await
}
