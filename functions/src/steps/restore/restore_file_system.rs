//! `restore-file-system`: advances the restore of an EFS file system.

use aws_config::SdkConfig;

use crate::domain::restore::item::RestoreJob;
use crate::error::Result;
use crate::kinds::Efs;
use crate::runs::restoring::{self, Input, restore};
use crate::runtime;

pub struct Needs(restoring::Needs<Efs>);

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        let kind = Efs::from_config(aws, runtime::efs_defaults()?);
        Ok(Self(restoring::Needs::from_env(aws, kind)?))
    }
}

pub async fn handle(Needs(needs): &Needs, input: Input) -> Result<RestoreJob> {
    restore(&needs.catalog, &needs.kind, input).await
}
