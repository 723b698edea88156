//! CreateDBSubnetGroup, DescribeDBSubnetGroups and DeleteDBSubnetGroup.

use crate::rds::catalogue;
use crate::rds::fault::{Fault, Result};
use crate::rds::groups::SubnetGroup;
use crate::rds::paging::Page;
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::tags;
use crate::rds::xml::Xml;

/// CreateDBSubnetGroup. The lab has no networks: subnets are names, in different zones, of the default VPC.
pub fn create(plane: &Plane, query: &Query) -> Result<Xml> {
    let name = query.required("DBSubnetGroupName")?.to_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || " ._-".contains(c);
    if name == "default" || name.len() > 255 || !name.chars().all(plain) {
        return Err(Fault::value(format!("Invalid DB subnet group name: {name}")));
    }
    let subnets = query.list("SubnetIds");
    if let Some(wrong) = subnets.iter().find(|id| !id.starts_with("subnet-")) {
        return Err(Fault::new("InvalidSubnet", format!("Subnet {wrong} is not valid")));
    }
    if subnets.len() < 2 {
        return Err(Fault::new(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Add subnets to cover at least 2 AZs.",
        ));
    }
    let group = SubnetGroup {
        arn: plane.world.arn("rds", &format!("subgrp:{name}")),
        description: query.required("DBSubnetGroupDescription")?.to_owned(),
        vpc: catalogue::DEFAULT_VPC.to_owned(),
        subnets,
        tags: tags::requested(query)?.unwrap_or_default(),
        name,
    };
    let mut state = plane.state();
    if state.subnet_groups.contains_key(&group.name) {
        let message = format!("The DB subnet group '{}' already exists.", group.name);
        return Err(Fault::new("DBSubnetGroupAlreadyExists", message));
    }
    let mut xml = Xml::new();
    xml.element("DBSubnetGroup", |xml| group.write(xml));
    state.subnet_groups.insert(group.name.clone(), group);
    Ok(xml)
}

fn not_found(name: &str) -> Fault {
    Fault::new(
        "DBSubnetGroupNotFoundFault",
        format!("DB subnet group '{name}' does not exist."),
    )
}

/// DescribeDBSubnetGroups.
pub fn describe(plane: &Plane, query: &Query) -> Result<Xml> {
    let asked = query.text("DBSubnetGroupName").map(str::to_lowercase);
    let state = plane.state();
    if let Some(name) = asked.as_ref().filter(|name| !state.subnet_groups.contains_key(*name)) {
        return Err(not_found(name));
    }
    let found = state
        .subnet_groups
        .values()
        .filter(|g| asked.as_ref().is_none_or(|name| *name == g.name));
    let page = Page::of(query, found.map(|g| (g.name.clone(), g)))?;
    Ok(page.write("DBSubnetGroups", "DBSubnetGroup", |xml, group| group.write(xml)))
}

/// DeleteDBSubnetGroup, if no cluster uses it.
pub fn delete(plane: &Plane, query: &Query) -> Result<Xml> {
    let name = query.required("DBSubnetGroupName")?.to_lowercase();
    let mut state = plane.state();
    if !state.subnet_groups.contains_key(&name) {
        return Err(not_found(&name));
    }
    let used = state
        .clusters
        .values()
        .find(|cluster| cluster.settings.subnet_group == name);
    if name == "default" || used.is_some() {
        let user = used.map_or("the account", |cluster| cluster.id.as_str());
        let message = format!(
            "Cannot delete the subnet group '{name}' because at least one database instance: {user} is still using it."
        );
        return Err(Fault::new("InvalidDBSubnetGroupStateFault", message));
    }
    state.subnet_groups.remove(&name);
    Ok(Xml::new())
}
