//! The steps that advance the restore of a resource, such as `restore-table`: one program for all kinds. Each kind has a function of
//! its own, which may touch only its own resources.

use aws_config::SdkConfig;

use crate::catalog::Catalog;
use crate::domain::restore::item::RestoreJob;
use crate::error::Result;
use crate::kinds::Kinds;
use crate::runs::restoring::{Input, restore};
use crate::runtime;

pub struct Needs {
    catalog: Catalog,
    kinds: Kinds,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            kinds: runtime::kinds(aws)?,
        })
    }
}

pub async fn handle(Needs { catalog, kinds }: &Needs, input: Input) -> Result<RestoreJob> {
    restore(catalog, kinds.of(&input.resource.target), input).await
}
