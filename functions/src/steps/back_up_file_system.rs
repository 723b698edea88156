//! `back-up-file-system`: captures a file system's configuration and starts an AWS Backup job.

use aws_config::SdkConfig;

use super::start::{self, Input, start};
use crate::domain::job::Job;
use crate::error::Result;
use crate::kinds::Efs;
use crate::runtime;

pub struct Needs(start::Needs<Efs>);

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self(start::Needs::from_env(
            aws,
            Efs::from_config(aws, runtime::efs_defaults()?),
        )?))
    }
}

pub async fn handle(Needs(needs): &Needs, input: Input) -> Result<Job> {
    start(&needs.catalog, &needs.kind, input).await
}
