//! Describes an Aurora cluster by its name: one call, which kinds and switches share.

use aws_sdk_rds::Client;
use aws_sdk_rds::operation::describe_db_clusters::DescribeDBClustersError;
use aws_sdk_rds::types::DbCluster;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use super::{code, failure};
use crate::error::{Error, Result};

/// The cluster of that name; `None` if there is none.
pub async fn find(rds: &Client, name: &str) -> Result<Option<DbCluster>> {
    match request(rds, name).await {
        Err(error) if code(&error) == Some("DBClusterNotFoundFault") => Ok(None),
        found => found.map_err(|error| failure("describing cluster", name, error)),
    }
}

/// The cluster of that name, which has to exist; `doing` completes the sentence "failed while …".
///
/// # Errors
/// `NotFound` if there is none.
pub async fn describe(rds: &Client, doing: &str, name: &str) -> Result<DbCluster> {
    let found = request(rds, name).await.map_err(|error| failure(doing, name, error))?;
    found.ok_or_else(|| {
        Error::NotFound(format!(
            "{doing} {name}: RDS shows none of that name. Correct the descriptor"
        ))
    })
}

/// Whether a cluster has this tag.
pub fn has_tag(cluster: &DbCluster, key: &str, value: &str) -> bool {
    let mut tags = cluster.tag_list().iter();
    tags.any(|tag| tag.key() == Some(key) && tag.value() == Some(value))
}

async fn request(
    rds: &Client,
    name: &str,
) -> std::result::Result<Option<DbCluster>, SdkError<DescribeDBClustersError, HttpResponse>> {
    let found = rds.describe_db_clusters().db_cluster_identifier(name).send().await?;
    Ok(found.db_clusters.unwrap_or_default().into_iter().next())
}
