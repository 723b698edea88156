//! Describes an Aurora cluster by its name: one call, which kinds, switches and steps share.

use aws_sdk_rds::Client;
use aws_sdk_rds::types::DbCluster;

use super::{code, failure};
use crate::error::Result;

/// The cluster of that name; `None` if there is none.
pub async fn find(rds: &Client, name: &str) -> Result<Option<DbCluster>> {
    match rds.describe_db_clusters().db_cluster_identifier(name).send().await {
        Ok(found) => Ok(found.db_clusters.unwrap_or_default().into_iter().next()),
        Err(error) if code(&error) == Some("DBClusterNotFoundFault") => Ok(None),
        Err(error) => Err(failure("describing cluster", name, error)),
    }
}
