//! What planning asks AWS: which tables a prefix means, where a cluster listens, whether an execution still runs.

use async_trait::async_trait;
use aws_config::SdkConfig;

use crate::aws::failure;
use crate::aws::lazy::Lazy;
use crate::error::{Error, Result};
use crate::steps::executions;
use crate::steps::probe::Endpoint;

#[async_trait]
pub trait Discovery: Send + Sync {
    /// The names of all tables that begin with `prefix`.
    async fn tables(&self, prefix: &str) -> Result<Vec<String>>;

    /// Where the cluster's writer listens.
    ///
    /// # Errors
    /// `NotFound` when there is no such cluster, or it has no endpoint.
    async fn endpoint(&self, cluster: &str) -> Result<Endpoint>;

    /// Whether the execution of this ARN is still running; one that nobody knows any more is not.
    async fn is_running(&self, execution: &str) -> Result<bool>;
}

pub struct Aws {
    tables: Lazy<aws_sdk_dynamodb::Client>,
    clusters: Lazy<aws_sdk_rds::Client>,
    executions: Lazy<aws_sdk_sfn::Client>,
}

impl Aws {
    pub fn new(aws: &SdkConfig) -> Self {
        Self {
            tables: Lazy::new(aws, aws_sdk_dynamodb::Client::new),
            clusters: Lazy::new(aws, aws_sdk_rds::Client::new),
            executions: Lazy::new(aws, aws_sdk_sfn::Client::new),
        }
    }
}

#[async_trait]
impl Discovery for Aws {
    async fn tables(&self, prefix: &str) -> Result<Vec<String>> {
        let mut pages = self.tables.list_tables().into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(table) = pages.next().await {
            let table = table.map_err(|error| failure("listing the tables that begin with", prefix, error))?;
            if table.starts_with(prefix) {
                found.push(table);
            }
        }
        Ok(found)
    }

    async fn endpoint(&self, cluster: &str) -> Result<Endpoint> {
        let answer = self
            .clusters
            .describe_db_clusters()
            .db_cluster_identifier(cluster)
            .send()
            .await;
        let answer = answer.map_err(|error| failure("looking up the endpoint of cluster", cluster, error))?;
        let found = answer.db_clusters().first();
        let host = found.and_then(|cluster| cluster.endpoint());
        let port = found
            .and_then(|cluster| cluster.port())
            .and_then(|port| u16::try_from(port).ok());
        match (host, port) {
            (Some(host), Some(port)) => Ok(Endpoint {
                host: host.to_owned(),
                port,
            }),
            _ => Err(Error::NotFound(format!(
                "looking up the endpoint of cluster {cluster}: it has none. Give it an instance, or remove the probe"
            ))),
        }
    }

    async fn is_running(&self, execution: &str) -> Result<bool> {
        executions::is_running(&self.executions, execution).await
    }
}
