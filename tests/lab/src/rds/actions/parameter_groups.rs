//! DB parameter groups and their parameters; and the code shared with cluster parameter groups.

use std::collections::BTreeMap;

use crate::rds::fault::{Fault, Result};
use crate::rds::groups::ParameterGroup;
use crate::rds::names;
use crate::rds::paging::Page;
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::tags;
use crate::rds::xml::Xml;

const NAME: &str = "DBParameterGroupName";

/// Parameters that every group lists: name and the engine's default.
const DEFAULTS: &[(&str, &str)] = &[
    ("log_min_duration_statement", "-1"),
    ("log_statement", "none"),
    ("max_connections", "LEAST({DBInstanceClassMemory/9531392},5000)"),
    ("shared_preload_libraries", "pg_stat_statements"),
    ("work_mem", "4096"),
];

/// CreateDBParameterGroup.
pub fn create(plane: &Plane, query: &Query) -> Result<Xml> {
    let group = new(plane, query, NAME, "pg")?;
    add(&mut plane.state().parameter_groups, group, "DB")
}

/// DescribeDBParameterGroups.
pub fn describe(plane: &Plane, query: &Query) -> Result<Xml> {
    list(&plane.state().parameter_groups, query, NAME, "DB")
}

/// DeleteDBParameterGroup, if no instance uses it.
pub fn delete(plane: &Plane, query: &Query) -> Result<Xml> {
    let name = query.required(NAME)?.to_lowercase();
    let mut state = plane.state();
    let used = state
        .instances
        .values()
        .any(|instance| instance.parameter_group == name);
    remove(&mut state.parameter_groups, &name, used)
}

/// ModifyDBParameterGroup. Of an instance's parameters, none has an effect in the lab.
pub fn modify_one(plane: &Plane, query: &Query) -> Result<Xml> {
    modify(&mut plane.state().parameter_groups, query, NAME)
}

/// DescribeDBParameters, by `Source` `user` or `engine-default` if requested.
pub fn parameters_of_one(plane: &Plane, query: &Query) -> Result<Xml> {
    parameters(&plane.state().parameter_groups, query, NAME, DEFAULTS)
}

/// The group in a create call; `kind` is the type in its ARN.
pub fn new(plane: &Plane, query: &Query, name: &str, kind: &str) -> Result<ParameterGroup> {
    let id = names::new_identifier(name, query.required(name)?)?;
    let family = query.required("DBParameterGroupFamily")?;
    if !family.starts_with("aurora-postgresql") {
        return Err(Fault::value(format!(
            "ParameterGroupFamily {family} is not a valid parameter group family"
        )));
    }
    Ok(ParameterGroup {
        arn: plane.world.arn("rds", &format!("{kind}:{id}")),
        family: family.to_owned(),
        description: query.required("Description")?.to_owned(),
        parameters: BTreeMap::new(),
        tags: tags::requested(query)?.unwrap_or_default(),
        name: id,
    })
}

/// Adds a group whose name is free.
pub fn add(groups: &mut BTreeMap<String, ParameterGroup>, group: ParameterGroup, prefix: &str) -> Result<Xml> {
    if groups.contains_key(&group.name) {
        let message = format!("Parameter group {} already exists", group.name);
        return Err(Fault::new("DBParameterGroupAlreadyExists", message));
    }
    let mut xml = Xml::new();
    xml.element(&format!("{prefix}ParameterGroup"), |xml| group.write(xml, prefix));
    groups.insert(group.name.clone(), group);
    Ok(xml)
}

/// Describes groups, or the one that the parameter `name` names.
pub fn list(groups: &BTreeMap<String, ParameterGroup>, query: &Query, name: &str, prefix: &str) -> Result<Xml> {
    let asked = query.text(name).map(str::to_lowercase);
    if let Some(name) = asked.as_ref().filter(|name| !groups.contains_key(*name)) {
        return Err(not_found(name));
    }
    let found = groups
        .values()
        .filter(|g| asked.as_ref().is_none_or(|name| *name == g.name));
    let page = Page::of(query, found.map(|g| (g.name.clone(), g)))?;
    let (many, member) = (format!("{prefix}ParameterGroups"), format!("{prefix}ParameterGroup"));
    Ok(page.write(&many, &member, |xml, group| group.write(xml, prefix)))
}

/// Sets parameters of a group that isn't a default; the parameter `name` names it.
pub fn modify(groups: &mut BTreeMap<String, ParameterGroup>, query: &Query, name: &str) -> Result<Xml> {
    let id = query.required(name)?.to_lowercase();
    let group = groups.get_mut(&id).ok_or_else(|| not_found(&id))?;
    if id.starts_with("default.") {
        return Err(Fault::value(format!(
            "The parameter group {id} is a default and can't be modified"
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
    xml.text(name, id);
    Ok(xml)
}

/// The parameters of a group, by `Source` `user` or `engine-default` if requested.
pub fn parameters(
    groups: &BTreeMap<String, ParameterGroup>,
    query: &Query,
    name: &str,
    defaults: &[(&str, &str)],
) -> Result<Xml> {
    let id = query.required(name)?.to_lowercase();
    let group = groups.get(&id).ok_or_else(|| not_found(&id))?;
    let source = query.text("Source");
    let defaults = defaults
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

/// Removes a group that isn't a default and isn't used.
pub fn remove(groups: &mut BTreeMap<String, ParameterGroup>, name: &str, used: bool) -> Result<Xml> {
    if !groups.contains_key(name) {
        return Err(not_found(name));
    }
    if used || name.starts_with("default.") {
        let message = format!("The parameter group {name} is a default or in use");
        return Err(Fault::new("InvalidDBParameterGroupState", message));
    }
    groups.remove(name);
    Ok(Xml::new())
}

/// `DBParameterGroupNotFound`, for both kinds.
pub fn not_found(name: &str) -> Fault {
    Fault::new(
        "DBParameterGroupNotFound",
        format!("DBParameterGroup not found: {name}"),
    )
}
