//! Finds clusters by name, and identifies this restore's cluster by its tags.

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbCluster, DbInstance, Filter};

use super::plan::ClusterPlan;
use super::tags::tagged_by;
pub use crate::aws::clusters::find as find_cluster;
use crate::aws::failure;
use crate::domain::job::Run;
use crate::domain::restore::item::CreatedResource;
use crate::error::{Error, Result};
use crate::kinds::ownership::{Ownership, ownership};

/// A cluster that has to exist.
///
/// # Errors
/// `NotFound` if it does not.
pub async fn describe_cluster(rds: &Client, id: &str) -> Result<DbCluster> {
    find_cluster(rds, id).await?.ok_or_else(|| {
        Error::NotFound(format!(
            "describing cluster {id}: RDS shows none of that name. Correct the descriptor"
        ))
    })
}

/// The instances of a cluster, including any that are not in the plan.
pub async fn find_instances(rds: &Client, cluster: &str) -> Result<Vec<DbInstance>> {
    let of_cluster = Filter::builder().name("db-cluster-id").values(cluster).build();
    let pages = rds.describe_db_instances().filters(of_cluster);
    let found = pages.into_paginator().items().send().collect::<Result<_, _>>().await;
    found.map_err(|error| failure("describing the instances of cluster", cluster, error))
}

/// Whether a cluster is the copy that this run creates.
pub fn is_ours(cluster: &DbCluster, run: &Run, plan: &ClusterPlan<'_>) -> bool {
    tagged_by(cluster.tag_list(), run, plan.resource)
}

/// The same for a cluster that may not show its tags yet.
pub fn cluster_ownership(cluster: &DbCluster, run: &Run, plan: &ClusterPlan<'_>) -> Ownership {
    let untagged = cluster.tag_list().is_empty();
    ownership(
        run,
        is_ours(cluster, run, plan),
        untagged,
        cluster.cluster_create_time(),
    )
}

/// The copy's name is taken by something else.
pub fn name_conflict(what: &str, name: &str) -> Error {
    Error::Conflict(format!(
        "restoring into {what} {name}: it exists already, without this restore's tags, and is left in place. Rename or delete \
         it, or start a new restore with another suffix"
    ))
}

pub fn created_resource(cluster: &DbCluster) -> CreatedResource {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let secret = cluster.master_user_secret().and_then(|secret| secret.secret_arn());
    CreatedResource::Cluster {
        cluster: text(cluster.db_cluster_identifier()),
        arn: text(cluster.db_cluster_arn()),
        host: text(cluster.endpoint()),
        reader_host: text(cluster.reader_endpoint()),
        port: cluster
            .port()
            .and_then(|port| u16::try_from(port).ok())
            .unwrap_or_default(),
        master_secret: secret.map(str::to_owned),
        master_username: cluster.master_username().map(str::to_owned),
        resource_id: cluster.db_cluster_resource_id().map(str::to_owned),
        iam_authentication: cluster.iam_database_authentication_enabled().unwrap_or_default(),
    }
}
