//! Asks AWS what uses a copy.

mod activity;
mod services;

use async_trait::async_trait;
use aws_config::SdkConfig;
use jiff::Timestamp;

use crate::aws::failure;
use crate::aws::lazy::Lazy;
use crate::aws::service::{CLOUDWATCH, Client, ECS};
use crate::domain::usage::RestoredCopy;
use crate::domain::usage::services::{AccessPoint, RunningService};
use crate::error::Result;

/// Asks AWS what uses a resource.
#[async_trait]
pub trait UsageLookup: Send + Sync {
    /// All ECS services of the account and Region that have a task definition.
    async fn services(&self) -> Result<Vec<RunningService>>;

    async fn access_points(&self, file_system: &str) -> Result<Vec<AccessPoint>>;

    /// The activity on a copy in the whole minutes between two times, as text. Since `written_since`, Holdfast itself has written
    /// nothing; since `read_since`, it has not read or connected.
    async fn activity(
        &self,
        copy: &RestoredCopy,
        written_since: Timestamp,
        read_since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<String>>;
}

pub struct AwsUsageLookup {
    ecs: Lazy<Client>,
    cloudwatch: Lazy<Client>,
    efs: Lazy<aws_sdk_efs::Client>,
}

impl AwsUsageLookup {
    pub fn new(aws: &SdkConfig) -> Self {
        Self {
            ecs: Lazy::new(aws, |aws| Client::new(aws, ECS)),
            cloudwatch: Lazy::new(aws, |aws| Client::new(aws, CLOUDWATCH)),
            efs: Lazy::new(aws, aws_sdk_efs::Client::new),
        }
    }
}

#[async_trait]
impl UsageLookup for AwsUsageLookup {
    async fn services(&self) -> Result<Vec<RunningService>> {
        services::all(&self.ecs).await
    }

    async fn access_points(&self, file_system: &str) -> Result<Vec<AccessPoint>> {
        let mut pages = self
            .efs
            .describe_access_points()
            .file_system_id(file_system)
            .into_paginator()
            .send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| failure("describing the access points of file system", file_system, error))?;
            let points = page.access_points.unwrap_or_default().into_iter();
            found.extend(points.map(|point| AccessPoint {
                id: point.access_point_id.unwrap_or_default(),
                file_system: file_system.to_owned(),
                path: point.root_directory.and_then(|root| root.path).unwrap_or_default(),
            }));
        }
        Ok(found)
    }

    async fn activity(
        &self,
        copy: &RestoredCopy,
        written_since: Timestamp,
        read_since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<String>> {
        activity::of(&self.cloudwatch, copy, written_since, read_since, now).await
    }
}
