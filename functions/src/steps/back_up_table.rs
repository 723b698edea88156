//! `back-up-table`: captures a table's configuration, samples a few items and starts an on-demand backup.

use aws_config::SdkConfig;

use super::start::{self, Input, start};
use crate::domain::job::Job;
use crate::error::Result;
use crate::kinds::DynamoDb;

pub struct Needs(start::Needs<DynamoDb>);

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self(start::Needs::from_env(aws, DynamoDb::from_config(aws))?))
    }
}

pub async fn handle(Needs(needs): &Needs, input: Input) -> Result<Job> {
    start(&needs.catalog, &needs.kind, input).await
}
