//! `restore-table`: advances the restore of a DynamoDB table.

use aws_config::SdkConfig;

use crate::domain::restore::item::RestoreJob;
use crate::error::Result;
use crate::kinds::DynamoDb;
use crate::runs::restoring::{self, Input, restore};

pub struct Needs(restoring::Needs<DynamoDb>);

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self(restoring::Needs::from_env(aws, DynamoDb::from_config(aws))?))
    }
}

pub async fn handle(Needs(needs): &Needs, input: Input) -> Result<RestoreJob> {
    restore(&needs.catalog, &needs.kind, input).await
}
