//! AddRoleToDBCluster, RemoveRoleFromDBCluster, EnableHttpEndpoint and DisableHttpEndpoint.

use crate::rds::catalogue::CLUSTER_ROLES;
use crate::rds::cluster::Role;
use crate::rds::fault::{Fault, Result};
use crate::rds::names;
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::xml::Xml;

fn role(query: &Query) -> Result<Role> {
    let arn = query.required("RoleArn")?;
    if !arn.starts_with("arn:aws:iam::") || !arn.contains(":role/") {
        return Err(Fault::value(format!(
            "The IAM role ARN value {arn} is invalid or does not include the required permissions"
        )));
    }
    Ok(Role {
        arn: arn.to_owned(),
        feature: query.text("FeatureName").map(str::to_owned),
    })
}

/// AddRoleToDBCluster.
pub fn add(plane: &Plane, query: &Query) -> Result<Xml> {
    let role = role(query)?;
    let mut state = plane.state();
    let cluster = state.available_cluster(query.required("DBClusterIdentifier")?)?;
    let taken = |other: &Role| other.arn == role.arn || other.feature.is_some() && other.feature == role.feature;
    if cluster.roles.iter().any(taken) {
        let message = format!("Role ARN {} is already added to DB Cluster: {}.", role.arn, cluster.id);
        return Err(Fault::new("DBClusterRoleAlreadyExists", message));
    }
    if cluster.roles.len() >= CLUSTER_ROLES.1 {
        let message = format!("A DB cluster can have at most {} roles", CLUSTER_ROLES.1);
        return Err(Fault::new("DBClusterRoleQuotaExceeded", message));
    }
    cluster.roles.push(role);
    Ok(Xml::new())
}

/// RemoveRoleFromDBCluster.
pub fn remove(plane: &Plane, query: &Query) -> Result<Xml> {
    let role = role(query)?;
    let mut state = plane.state();
    let cluster = state.available_cluster(query.required("DBClusterIdentifier")?)?;
    let before = cluster.roles.len();
    cluster.roles.retain(|other| *other != role);
    if cluster.roles.len() == before {
        let message = format!("Role ARN {} cannot be found for DB Cluster: {}.", role.arn, cluster.id);
        return Err(Fault::new("DBClusterRoleNotFound", message));
    }
    Ok(Xml::new())
}

/// EnableHttpEndpoint and DisableHttpEndpoint: enable or disable the Data API.
pub fn http_endpoint(plane: &Plane, query: &Query, enabled: bool) -> Result<Xml> {
    let arn = query.required("ResourceArn")?;
    let mut state = plane.state();
    let not_found = || {
        Fault::new(
            "ResourceNotFoundFault",
            format!("The specified resource name {arn} wasn't found."),
        )
    };
    if !matches!(names::arn_parts(arn), Some(("cluster", _))) {
        return Err(not_found());
    }
    let cluster = state.cluster_mut(arn).map_err(|_| not_found())?;
    if !cluster.serves() {
        let message = format!("DB cluster {} is {}.", cluster.id, cluster.status());
        return Err(Fault::new("InvalidResourceStateFault", message));
    }
    cluster.settings.http_endpoint = enabled;
    let mut xml = Xml::new();
    xml.text("ResourceArn", arn);
    xml.text("HttpEndpointEnabled", enabled);
    Ok(xml)
}
