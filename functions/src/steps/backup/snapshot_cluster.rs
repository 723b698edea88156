//! `snapshot-cluster`: captures a cluster's configuration and starts a cluster snapshot.

use aws_config::SdkConfig;

use crate::domain::job::Job;
use crate::error::Result;
use crate::kinds::Aurora;
use crate::runs::starting::{self, Input, start};

pub struct Needs(starting::Needs<Aurora>);

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self(starting::Needs::from_env(aws, Aurora::from_config(aws))?))
    }
}

pub async fn handle(Needs(needs): &Needs, input: Input) -> Result<Job> {
    start(&needs.catalog, &needs.kind, input).await
}
