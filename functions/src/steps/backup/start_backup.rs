//! The steps that start a backup, such as `back-up-table`: one program for all kinds. Each kind has a function of its own, which may
//! touch only its own resources.

use aws_config::SdkConfig;
use serde_json::json;

use crate::catalog::Catalog;
use crate::domain::efs_access::roots::IN_USE;
use crate::domain::job::Job;
use crate::domain::kinds::{self, Stateful};
use crate::error::Result;
use crate::kinds::Kinds;
use crate::runs::live_directories;
use crate::runs::protecting::protect;
use crate::runs::starting::{Input, start, start_with_configuration};
use crate::runtime;
use crate::switches::Switches;

pub struct Needs {
    catalog: Catalog,
    kinds: Kinds,
    switches: Switches,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            kinds: runtime::kinds(aws)?,
            switches: runtime::switches(aws)?,
        })
    }
}

pub async fn handle(needs: &Needs, input: Input) -> Result<Job> {
    let Needs {
        catalog,
        kinds,
        switches,
    } = needs;
    let kind = kinds.of(&input.resource.target);
    if !kinds::stateful(&input.resource.target).is_some_and(Stateful::is_mounted) {
        let (run, resource) = (input.run.clone(), input.resource.clone());
        let job = start(catalog, kind, input).await?;
        protect(catalog, kind, &run, &resource).await?;
        return Ok(job);
    }
    let descriptor = catalog.planned_by(&input.run).await?;
    let in_use = live_directories::at_backup(&descriptor, switches, &input.resource).await;
    start_with_configuration(catalog, kind, input, Some((IN_USE, json!(in_use)))).await
}
