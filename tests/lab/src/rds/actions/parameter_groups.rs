//! CreateDBParameterGroup, DescribeDBParameterGroups and DeleteDBParameterGroup; and what cluster parameter groups
//! share with them.

use std::collections::BTreeMap;

use crate::rds::fault::{Fault, Result};
use crate::rds::groups::ParameterGroup;
use crate::rds::names;
use crate::rds::paging::Page;
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::tags;
use crate::rds::xml::Xml;

/// CreateDBParameterGroup.
pub fn create(plane: &Plane, query: &Query) -> Result<Xml> {
    let group = new(plane, query, "DBParameterGroupName", "pg")?;
    add(&mut plane.state().parameter_groups, group, "DB")
}

/// DescribeDBParameterGroups.
pub fn describe(plane: &Plane, query: &Query) -> Result<Xml> {
    list(&plane.state().parameter_groups, query, "DBParameterGroupName", "DB")
}

/// DeleteDBParameterGroup, when no instance has it.
pub fn delete(plane: &Plane, query: &Query) -> Result<Xml> {
    let name = query.required("DBParameterGroupName")?.to_lowercase();
    let mut state = plane.state();
    let used = state
        .instances
        .values()
        .any(|instance| instance.parameter_group == name);
    remove(&mut state.parameter_groups, &name, used)
}

/// The group that a create call describes; `kind` is the type in its ARN.
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
