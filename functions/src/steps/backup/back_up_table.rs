//! `back-up-table`: captures a table's configuration, samples a few items and starts an on-demand backup.

use aws_config::SdkConfig;

use crate::domain::job::Job;
use crate::error::Result;
use crate::kinds::DynamoDb;
use crate::runs::starting::{self, Input, start};

pub struct Needs(starting::Needs<DynamoDb>);

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self(starting::Needs::from_env(aws, DynamoDb::from_config(aws))?))
    }
}

pub async fn handle(Needs(needs): &Needs, input: Input) -> Result<Job> {
    start(&needs.catalog, &needs.kind, input).await
}
