//! `restore-cluster`: advances the restore of an Aurora cluster.

use aws_config::SdkConfig;

use crate::domain::restore::item::RestoreJob;
use crate::error::Result;
use crate::kinds::Aurora;
use crate::runs::restoring::{self, Input, restore};

pub struct Needs(restoring::Needs<Aurora>);

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self(restoring::Needs::from_env(aws, Aurora::from_config(aws))?))
    }
}

pub async fn handle(Needs(needs): &Needs, input: Input) -> Result<RestoreJob> {
    restore(&needs.catalog, &needs.kind, input).await
}
