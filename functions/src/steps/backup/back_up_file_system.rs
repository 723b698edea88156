//! `back-up-file-system`: captures a file system's configuration and its directories in use, and starts an AWS Backup job.

use aws_config::SdkConfig;
use serde_json::json;

use crate::domain::efs_access::roots::IN_USE;
use crate::domain::job::Job;
use crate::error::Result;
use crate::kinds::Efs;
use crate::runs::live_directories;
use crate::runs::starting::{self, Input, start_with_configuration};
use crate::runtime;
use crate::switches::Switches;

pub struct Needs {
    of_start: starting::Needs<Efs>,
    switches: Switches,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        let kind = Efs::from_config(aws, runtime::efs_defaults()?);
        Ok(Self {
            of_start: starting::Needs::from_env(aws, kind)?,
            switches: Switches::from_config(aws),
        })
    }
}

pub async fn handle(Needs { of_start, switches }: &Needs, input: Input) -> Result<Job> {
    let descriptor = of_start.catalog.planned_by(&input.run).await?;
    let in_use = live_directories::at_backup(&descriptor, switches, &input.resource).await;
    start_with_configuration(&of_start.catalog, &of_start.kind, input, Some((IN_USE, json!(in_use)))).await
}
