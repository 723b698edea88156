//! DB cluster parameter groups and their parameters.

use super::parameter_groups as shared;
use crate::rds::catalogue::CLUSTER_PARAMETER_GROUPS;
use crate::rds::fault::{Fault, Result};
use crate::rds::paging::Page;
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

/// DeleteDBClusterParameterGroup, when no cluster has it.
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
    let name = query.required(NAME)?.to_lowercase();
    let mut state = plane.state();
    let group = state
        .cluster_parameter_groups
        .get_mut(&name)
        .ok_or_else(|| shared::not_found(&name))?;
    if name.starts_with("default.") {
        return Err(Fault::value(format!(
            "The parameter group {name} is a default and can't be modified"
        )));
    }
    let mut parameters = group.parameters.clone();
    for parameter in query.structures("Parameters") {
        let value = parameter.text("ParameterValue").unwrap_or("").to_owned();
        let method = parameter.text("ApplyMethod").unwrap_or("immediate").to_owned();
        parameters.insert(parameter.required("ParameterName")?.to_owned(), (value, method));
    }
    group.parameters = parameters;
    let mut xml = Xml::new();
    xml.text(NAME, name);
    Ok(xml)
}

/// DescribeDBClusterParameters, by `Source` `user` or `engine-default` if asked for.
pub fn parameters(plane: &Plane, query: &Query) -> Result<Xml> {
    let name = query.required(NAME)?.to_lowercase();
    let state = plane.state();
    let group = state
        .cluster_parameter_groups
        .get(&name)
        .ok_or_else(|| shared::not_found(&name))?;
    let source = query.text("Source");
    let defaults = DEFAULTS
        .iter()
        .filter(|(name, _)| !group.parameters.contains_key(*name))
        .map(|(name, value)| (*name, *value, "immediate", "engine-default"));
    let set = group
        .parameters
        .iter()
        .map(|(name, (value, method))| (name.as_str(), value.as_str(), method.as_str(), "user"));
    let mut all: Vec<_> = defaults
        .chain(set)
        .filter(|p| source.is_none_or(|source| source == p.3))
        .collect();
    all.sort_unstable();
    let page = Page::of(query, all.into_iter().map(|p| (p.0.to_owned(), p)))?;
    Ok(
        page.write("Parameters", "Parameter", |xml, (name, value, method, source)| {
            xml.text("ParameterName", name);
            xml.text("ParameterValue", value);
            xml.text("Source", source);
            xml.text("ApplyType", "dynamic");
            xml.text("DataType", "string");
            xml.text("IsModifiable", true);
            xml.text("ApplyMethod", method);
            xml.texts("SupportedEngineModes", "member", ["provisioned"]);
        }),
    )
}
