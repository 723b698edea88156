//! What planning asks AWS: the tables that a prefix matches, a cluster's endpoint, whether an execution is still running.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_config::SdkConfig;
use serde_json::{Value, json};

use crate::aws::failure;
use crate::aws::lazy::Lazy;
use crate::aws::service::{Client, TAGGING};
use crate::domain::names;
use crate::domain::probe::{self, Endpoint};
use crate::error::{Error, Result};
use crate::runs::executions;

/// RDS's name for the quota (DescribeAccountAttributes).
const MANUAL_SNAPSHOTS: &str = "ManualClusterSnapshots";

#[async_trait]
pub trait Discovery: Send + Sync {
    /// The names of all tables that begin with `prefix`.
    async fn tables(&self, prefix: &str) -> Result<Vec<String>>;

    /// The tables that are copies created by restores, by their tags.
    async fn copies(&self) -> Result<BTreeSet<String>>;

    /// The cluster's writer endpoint.
    ///
    /// # Errors
    /// `NotFound` when the cluster or its endpoint does not exist; `InvalidInput` for a cluster in which SQL cannot be counted.
    async fn endpoint(&self, cluster: &str) -> Result<Endpoint>;

    /// The number of manual cluster snapshots, and their quota; `None` where RDS does not report it.
    async fn manual_snapshots(&self) -> Result<Option<(u64, u64)>>;

    /// Whether the execution with this ARN is still running; an unknown one is not.
    async fn is_running(&self, execution: &str) -> Result<bool>;
}

pub struct Aws {
    tables: Lazy<aws_sdk_dynamodb::Client>,
    clusters: Lazy<aws_sdk_rds::Client>,
    executions: Lazy<aws_sdk_sfn::Client>,
    tagging: Lazy<Client>,
}

impl Aws {
    pub fn new(aws: &SdkConfig) -> Self {
        Self {
            tables: Lazy::new(aws, aws_sdk_dynamodb::Client::new),
            clusters: Lazy::new(aws, aws_sdk_rds::Client::new),
            executions: Lazy::new(aws, aws_sdk_sfn::Client::new),
            tagging: Lazy::new(aws, |aws| Client::new(aws, TAGGING)),
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

    async fn copies(&self) -> Result<BTreeSet<String>> {
        let (mut found, mut token) = (BTreeSet::new(), Value::Null);
        loop {
            let request = json!({
                "TagFilters": [{ "Key": names::TAG_RESTORE }], "ResourceTypeFilters": ["dynamodb:table"],
                "PaginationToken": token,
            });
            let page = self.tagging.call("GetResources", request).await;
            let mut page = page.map_err(|error| failure("listing the tables with tag", names::TAG_RESTORE, error))?;
            let resources = page.take_list("ResourceTagMappingList");
            let arns = resources.iter().filter_map(|resource| resource["ResourceARN"].as_str());
            found.extend(arns.filter_map(|arn| arn.rsplit_once(":table/").map(|(_, table)| table.to_owned())));
            token = page.take_token("PaginationToken");
            if token.is_null() {
                return Ok(found);
            }
        }
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
        if let Some(engine) = found.and_then(|cluster| cluster.engine()) {
            probe::ensure_countable(cluster, engine)?;
        }
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

    async fn manual_snapshots(&self) -> Result<Option<(u64, u64)>> {
        let answer = self.clusters.describe_account_attributes().send().await;
        let answer = answer.map_err(|error| failure("describing the quotas of", "the account", error))?;
        let quota = answer
            .account_quotas()
            .iter()
            .find(|quota| quota.account_quota_name() == Some(MANUAL_SNAPSHOTS));
        let number = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        Ok(quota.and_then(|quota| Some((number(quota.used())?, number(quota.max())?))))
    }

    async fn is_running(&self, execution: &str) -> Result<bool> {
        executions::is_running(&self.executions, execution).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::testing::replay::{Replay, answers, xml};

    /// MySQL uses another protocol: without this check, it would look like a network that blocks the connection.
    #[tokio::test]
    async fn a_cluster_in_which_no_sql_is_counted_is_told_before_anything_is_counted() {
        let cluster = "<DBClusters><DBCluster><DBClusterIdentifier>hubs</DBClusterIdentifier><Engine>aurora-mysql</Engine>\
                       <Endpoint>hubs.example</Endpoint><Port>3306</Port></DBCluster></DBClusters>";
        let replay = Replay::new(vec![xml("DescribeDBClusters", cluster)]);
        let error = Aws::new(&replay.config()).endpoint("hubs").await.unwrap_err();
        assert_eq!(error.name(), "InvalidInput");
        assert!(error.to_string().contains("engine aurora-mysql"), "{error}");
    }

    #[tokio::test]
    async fn copies_are_the_tables_with_the_tag_of_a_restore_on_all_pages() {
        let page = |table: &str, token: &str| {
            let arn = format!("arn:aws:dynamodb:eu-west-1:000000000000:table/{table}");
            let body = json!({"ResourceTagMappingList": [{ "ResourceARN": arn }], "PaginationToken": token});
            answers("GetResources", body.to_string())
        };
        let replay = Replay::new(vec![page("hubs-rooms-r1", "more"), page("hubs-users-r1", "")]);
        let found = Aws::new(&replay.config()).copies().await.unwrap();
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            ["hubs-rooms-r1", "hubs-users-r1"]
        );
        let requests = replay.played();
        assert_eq!(requests[0].json()["TagFilters"], json!([{ "Key": "holdfast:restore" }]));
        assert_eq!(requests[0].json()["ResourceTypeFilters"], json!(["dynamodb:table"]));
        assert_eq!(requests[1].json()["PaginationToken"], json!("more"));
    }
}
