//! RDS's operations, one function each, one file per family.

mod automated_backups;
mod cluster_endpoints;
mod cluster_parameters;
mod copy_snapshot;
mod create_cluster;
mod delete_cluster;
mod describe_clusters;
mod describe_snapshots;
mod instances;
mod modify_cluster;
mod modify_instance;
mod parameter_groups;
mod region;
mod restore;
mod restore_to_time;
mod roles;
mod snapshot_attributes;
mod snapshots;
mod subnet_groups;
mod tagging;

#[cfg(test)]
pub use snapshots::check_name as check_snapshot_name;

use std::sync::Arc;

use super::fault::{Fault, Result};
use super::plane::Plane;
use super::query::Query;
use super::xml::Xml;
use crate::service::Call;

/// Runs the operation that a call names.
///
/// # Errors
/// The operation's; `InvalidAction` if the lab doesn't have it.
pub async fn run(plane: &Arc<Plane>, call: &Call, query: &Query) -> Result<Xml> {
    match call.action.as_str() {
        "CreateDBCluster" => create_cluster::run(plane, call, query).await,
        "DescribeDBClusters" => describe_clusters::run(plane, query),
        "ModifyDBCluster" => modify_cluster::run(plane, query).await,
        "DeleteDBCluster" => delete_cluster::run(plane, call, query).await,
        "CreateDBClusterEndpoint" => cluster_endpoints::create(plane, query),
        "DescribeDBClusterEndpoints" => cluster_endpoints::describe(plane, query),
        "DeleteDBClusterEndpoint" => cluster_endpoints::delete(plane, query),
        "AddRoleToDBCluster" => roles::add(plane, query),
        "RemoveRoleFromDBCluster" => roles::remove(plane, query),
        "EnableHttpEndpoint" => roles::http_endpoint(plane, query, true),
        "DisableHttpEndpoint" => roles::http_endpoint(plane, query, false),
        "CreateDBInstance" => instances::create(plane, call, query),
        "DescribeDBInstances" => instances::describe(plane, query),
        "DeleteDBInstance" => instances::delete(plane, query),
        "ModifyDBInstance" => modify_instance::modify(plane, query),
        "RebootDBInstance" => modify_instance::reboot(plane, query),
        "CreateDBClusterSnapshot" => snapshots::create(plane, call, query).await,
        "DeleteDBClusterSnapshot" => snapshots::delete(plane, query),
        "DescribeDBClusterSnapshots" => describe_snapshots::run(plane, query),
        "CopyDBClusterSnapshot" => copy_snapshot::run(plane, call, query).await,
        "DescribeDBClusterSnapshotAttributes" => snapshot_attributes::describe(plane, query),
        "ModifyDBClusterSnapshotAttribute" => snapshot_attributes::modify(plane, query),
        "RestoreDBClusterFromSnapshot" => restore::from_snapshot(plane, call, query).await,
        "RestoreDBClusterToPointInTime" => restore_to_time::run(plane, call, query).await,
        "DescribeDBClusterAutomatedBackups" => automated_backups::describe(plane, query),
        "DeleteDBClusterAutomatedBackup" => automated_backups::delete(plane, query).await,
        "CreateDBSubnetGroup" => subnet_groups::create(plane, query),
        "DescribeDBSubnetGroups" => subnet_groups::describe(plane, query),
        "DeleteDBSubnetGroup" => subnet_groups::delete(plane, query),
        "CreateDBClusterParameterGroup" => cluster_parameters::create(plane, query),
        "DescribeDBClusterParameterGroups" => cluster_parameters::describe(plane, query),
        "ModifyDBClusterParameterGroup" => cluster_parameters::modify(plane, query),
        "DeleteDBClusterParameterGroup" => cluster_parameters::delete(plane, query),
        "DescribeDBClusterParameters" => cluster_parameters::parameters(plane, query),
        "CreateDBParameterGroup" => parameter_groups::create(plane, query),
        "DescribeDBParameterGroups" => parameter_groups::describe(plane, query),
        "ModifyDBParameterGroup" => parameter_groups::modify_one(plane, query),
        "DescribeDBParameters" => parameter_groups::parameters_of_one(plane, query),
        "DeleteDBParameterGroup" => parameter_groups::delete(plane, query),
        "AddTagsToResource" => tagging::add(plane, query),
        "ListTagsForResource" => tagging::list(plane, query),
        "RemoveTagsFromResource" => tagging::remove(plane, query),
        "DescribeDBEngineVersions" => region::engine_versions(query),
        "DescribeOrderableDBInstanceOptions" => region::orderable(query),
        "DescribeDBProxies" => region::proxies(query),
        "DescribeEventSubscriptions" => region::subscriptions(query),
        "DescribeAccountAttributes" => Ok(region::account_attributes(plane)),
        other => Err(Fault::new(
            "InvalidAction",
            format!("The lab's RDS has no operation {other} in API version 2014-10-31"),
        )),
    }
}
