//! AddTagsToResource, ListTagsForResource and RemoveTagsFromResource.

use crate::rds::fault::{Fault, Result};
use crate::rds::names;
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::state::State;
use crate::rds::tags::{self, Tags};
use crate::rds::xml::Xml;

/// The tags of the resource that an ARN names.
fn tags_of<'a>(state: &'a mut State, arn: &str) -> Result<&'a mut Tags> {
    let invalid = || {
        Fault::value(format!(
            "The specified resource name does not match an RDS resource in this region: {arn}"
        ))
    };
    let (kind, name) = names::arn_parts(arn).ok_or_else(invalid)?;
    let name = name.to_lowercase();
    match kind {
        "cluster" => Ok(&mut state.cluster_mut(&name)?.tags),
        "db" => Ok(&mut state.instance_mut(&name)?.tags),
        // The operations have no error of their own for cluster snapshots.
        "cluster-snapshot" => state
            .snapshots
            .get_mut(&name)
            .map(|snapshot| &mut snapshot.tags)
            .ok_or_else(|| Fault::new("DBSnapshotNotFound", format!("DBClusterSnapshot not found: {name}"))),
        "subgrp" => state
            .subnet_groups
            .get_mut(&name)
            .map(|group| &mut group.tags)
            .ok_or_else(invalid),
        "cluster-pg" => state
            .cluster_parameter_groups
            .get_mut(&name)
            .map(|group| &mut group.tags)
            .ok_or_else(invalid),
        "pg" => state
            .parameter_groups
            .get_mut(&name)
            .map(|group| &mut group.tags)
            .ok_or_else(invalid),
        _ => Err(invalid()),
    }
}

/// AddTagsToResource: adds or replaces.
pub fn add(plane: &Plane, query: &Query) -> Result<Xml> {
    let added = tags::requested(query)?.unwrap_or_default();
    let mut state = plane.state();
    let current = tags_of(&mut state, query.required("ResourceName")?)?;
    let mut all = current.clone();
    all.extend(added);
    *current = tags::checked(all)?;
    Ok(Xml::new())
}

/// ListTagsForResource.
pub fn list(plane: &Plane, query: &Query) -> Result<Xml> {
    let mut state = plane.state();
    let mut xml = Xml::new();
    tags::write(&mut xml, tags_of(&mut state, query.required("ResourceName")?)?);
    Ok(xml)
}

/// RemoveTagsFromResource; missing keys are fine.
pub fn remove(plane: &Plane, query: &Query) -> Result<Xml> {
    let keys = query.list("TagKeys");
    let mut state = plane.state();
    tags_of(&mut state, query.required("ResourceName")?)?.retain(|key, _| !keys.contains(key));
    Ok(Xml::new())
}
