//! Captures what no restore of a cluster restores (Aurora User Guide, "Restoring from a DB cluster snapshot"), under RDS's own
//! attribute names.

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbCluster, DbSubnetGroup};
use serde_json::Value;

use super::clusters::{describe_cluster, find_instances};
use super::endpoints::find_custom_endpoints;
use super::plan::scalable_id;
use super::unsupported::unsupported;
use super::{describe, parameter_groups};
use crate::aws::{failure, service};
use crate::error::{Error, Result};
use crate::kinds::auto_scaling::{self, Namespace};
use crate::kinds::optional::Optional;

/// Captures a cluster, its instances, groups, parameters, endpoints and scaling.
///
/// # Errors
/// `NotFound` for a missing cluster; `InvalidInput` for a cluster whose configuration cannot be restored.
pub async fn capture(rds: &Client, autoscaling: &service::Client, resource: &str, id: &str) -> Result<Value> {
    let cluster = describe_cluster(rds, id).await?;
    if let Some(why) = unsupported(cluster.engine(), cluster.engine_mode(), scalability(&cluster)) {
        return Err(Error::invalid(
            format!("resources.{resource}.cluster"),
            format!("{id} ({})", why.is),
            format!("{}: {}", why.allowed, why.instead),
        ));
    }
    let (parameter_group, parameters) = match cluster.db_cluster_parameter_group() {
        Some(group) => (
            Some(parameter_groups::of_cluster(rds, group).await?),
            parameter_groups::changed_of_cluster(rds, group).await?,
        ),
        None => (None, Vec::new()),
    };
    let subnet_group = match cluster.db_subnet_group() {
        Some(group) => Some(subnet_group(rds, group).await?),
        None => None,
    };
    let instances = find_instances(rds, id).await?;
    let instance_groups = parameter_groups::of_instances(rds, &instances).await?;
    // Nothing of a cluster is optional: a setting that cannot be read fails its backup.
    let mut optional = Optional::of_copy();
    let endpoints = find_custom_endpoints(rds, id).await?;
    if endpoints.is_none() {
        optional.add_not_offered(&["DBClusterEndpoints"]);
    }
    let endpoints = endpoints.unwrap_or_default();
    // Aurora scales the number of replicas under the cluster's own name.
    let scaled = [scalable_id(cluster.db_cluster_identifier().unwrap_or(id))];
    let scaling = auto_scaling::describe(autoscaling, Namespace::Rds, &scaled, id).await?;
    optional.add_not_offered(&scaling.not_offered);
    Ok(optional.record_in(describe::attributes! {
        "DBCluster" => describe::cluster(&cluster),
        "DBInstances" => describe::all(&instances, describe::instance),
        "DBSubnetGroup" => subnet_group.as_ref().map(describe::subnet_group),
        "DBClusterParameterGroup" => parameter_group,
        "DBClusterParameters" => describe::all(&parameters, describe::parameter),
        "DBParameterGroups" => instance_groups,
        "DBClusterEndpoints" => describe::all(&endpoints, describe::endpoint),
        "ScalableTargets" => scaling.targets,
        "ScalingPolicies" => scaling.policies,
        "ScheduledActions" => scaling.scheduled,
    }))
}

/// An older form of Limitless Database is only visible in its status.
fn scalability(cluster: &DbCluster) -> Option<&str> {
    let limitless = cluster.limitless_database().and_then(|limitless| limitless.status());
    match limitless.map(|status| status.as_str()) {
        Some("active" | "enabled" | "enabling" | "modifying-max-capacity" | "error") => Some("limitless"),
        _ => cluster
            .cluster_scalability_type()
            .map(|scalability| scalability.as_str()),
    }
}

async fn subnet_group(rds: &Client, name: &str) -> Result<DbSubnetGroup> {
    let answer = rds.describe_db_subnet_groups().db_subnet_group_name(name).send().await;
    let groups = answer
        .map_err(|error| failure("describing subnet group", name, error))?
        .db_subnet_groups
        .unwrap_or_default();
    groups.into_iter().next().ok_or_else(|| {
        Error::NotFound(format!(
            "describing subnet group {name}: RDS shows none of that name. Start a new run"
        ))
    })
}
