//! DB cluster parameter groups and their parameters.

use super::parameter_groups as shared;
use crate::rds::catalogue::CLUSTER_PARAMETER_GROUPS;
use crate::rds::fault::{Fault, Result};
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::xml::Xml;

const NAME: &str = "DBClusterParameterGroupName";

/// Parameters that every group lists: name and the engine's default.
const DEFAULTS: &[(&str, &str)] = &[
    ("log_min_duration_statement", "-1"),
    ("log_statement", "none"),
    ("max_connections", "LEAST({DBInstanceClassMemory/9531392},5000)"),
    ("rds.force_ssl", "0"),
    ("rds.logical_replication", "0"),
    ("shared_preload_libraries", "pg_stat_statements"),
    ("timezone", "UTC"),
];

/// CreateDBClusterParameterGroup.
pub fn create(plane: &Plane, query: &Query) -> Result<Xml> {
    let group = shared::new(plane, query, NAME, "cluster-pg")?;
    let mut state = plane.state();
    if state.cluster_parameter_groups.len() > CLUSTER_PARAMETER_GROUPS.1 {
        return Err(Fault::new(
            "DBParameterGroupQuotaExceeded",
            "DB cluster parameter group quota exceeded",
        ));
    }
    shared::add(&mut state.cluster_parameter_groups, group, "DBCluster")
}

/// DescribeDBClusterParameterGroups.
pub fn describe(plane: &Plane, query: &Query) -> Result<Xml> {
    shared::list(&plane.state().cluster_parameter_groups, query, NAME, "DBCluster")
}

/// DeleteDBClusterParameterGroup, if no cluster uses it.
pub fn delete(plane: &Plane, query: &Query) -> Result<Xml> {
    let name = query.required(NAME)?.to_lowercase();
    let mut state = plane.state();
    let used = state
        .clusters
        .values()
        .any(|cluster| cluster.settings.parameter_group == name);
    shared::remove(&mut state.cluster_parameter_groups, &name, used)
}

/// ModifyDBClusterParameterGroup. Of the parameters, `rds.force_ssl` has an effect in the lab.
pub fn modify(plane: &Plane, query: &Query) -> Result<Xml> {
    shared::modify(&mut plane.state().cluster_parameter_groups, query, NAME)
}

/// DescribeDBClusterParameters, by `Source` `user` or `engine-default` if requested.
pub fn parameters(plane: &Plane, query: &Query) -> Result<Xml> {
    shared::parameters(&plane.state().cluster_parameter_groups, query, NAME, DEFAULTS)
}
