//! CreateDBClusterEndpoint, DescribeDBClusterEndpoints and DeleteDBClusterEndpoint. A custom endpoint is stored and
//! described; it has no target, since an instance here has no address of its own.

use crate::rds::cluster::Cluster;
use crate::rds::fault::{Fault, Result};
use crate::rds::names;
use crate::rds::paging::{Filters, Page};
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::state::CustomEndpoint;
use crate::rds::xml::Xml;

/// CreateDBClusterEndpoint.
pub fn create(plane: &Plane, query: &Query) -> Result<Xml> {
    let id = names::new_identifier(
        "DBClusterEndpointIdentifier",
        query.required("DBClusterEndpointIdentifier")?,
    )?;
    let kind = query.required("EndpointType")?.to_uppercase();
    if !matches!(kind.as_str(), "READER" | "WRITER" | "ANY") {
        return Err(Fault::value(format!("Invalid endpoint type: {kind}")));
    }
    let mut state = plane.state();
    let cluster = state.available_cluster(query.required("DBClusterIdentifier")?)?;
    let endpoint = CustomEndpoint {
        arn: plane.world.arn("rds", &format!("cluster-endpoint:{id}")),
        cluster: cluster.id.clone(),
        host: cluster.endpoint.reader.clone(),
        kind,
        static_members: query.list("StaticMembers"),
        excluded_members: query.list("ExcludedMembers"),
        id: id.clone(),
    };
    if state.cluster_endpoints.contains_key(&id) {
        let message = format!("DB cluster endpoint {id} already exists.");
        return Err(Fault::new("DBClusterEndpointAlreadyExistsFault", message));
    }
    let mut xml = Xml::new();
    write_custom(&mut xml, &endpoint);
    state.cluster_endpoints.insert(id, endpoint);
    Ok(xml)
}

/// DescribeDBClusterEndpoints, by cluster, endpoint or the filter `db-cluster-endpoint-type`.
pub fn describe(plane: &Plane, query: &Query) -> Result<Xml> {
    let filters = Filters::read(
        query,
        &[
            "db-cluster-endpoint-type",
            "db-cluster-endpoint-custom-type",
            "db-cluster-endpoint-id",
            "db-cluster-endpoint-status",
        ],
    )?;
    let state = plane.state();
    let asked = query
        .text("DBClusterIdentifier")
        .map(|name| state.cluster(name).map(|cluster| cluster.id.clone()))
        .transpose()?;
    let wanted = |cluster: &str| asked.as_ref().is_none_or(|asked| asked == cluster);
    let passes = |kind: &str| {
        [kind, &kind.to_lowercase()]
            .iter()
            .any(|kind| filters.pass("db-cluster-endpoint-type", "", kind))
    };
    let mut found: Vec<(String, Xml)> = Vec::new();
    for cluster in state.clusters.values().filter(|cluster| wanted(&cluster.id)) {
        for (kind, host) in [
            ("WRITER", &cluster.endpoint.writer),
            ("READER", &cluster.endpoint.reader),
        ] {
            if passes(kind) && query.text("DBClusterEndpointIdentifier").is_none() {
                found.push((format!("{} {kind}", cluster.id), built_in(cluster, kind, host)));
            }
        }
    }
    for endpoint in state
        .cluster_endpoints
        .values()
        .filter(|endpoint| wanted(&endpoint.cluster) && passes("CUSTOM"))
    {
        if query
            .text("DBClusterEndpointIdentifier")
            .is_none_or(|id| id.eq_ignore_ascii_case(&endpoint.id))
        {
            let mut xml = Xml::new();
            write_custom(&mut xml, endpoint);
            found.push((format!("{} {}", endpoint.cluster, endpoint.id), xml));
        }
    }
    let page = Page::of(query, found)?;
    Ok(
        page.write("DBClusterEndpoints", "DBClusterEndpointList", |xml, endpoint| {
            xml.append(endpoint)
        }),
    )
}

/// DeleteDBClusterEndpoint.
pub fn delete(plane: &Plane, query: &Query) -> Result<Xml> {
    let id = query.required("DBClusterEndpointIdentifier")?.to_lowercase();
    match plane.state().cluster_endpoints.remove(&id) {
        Some(endpoint) => {
            let mut xml = Xml::new();
            write_custom(&mut xml, &endpoint);
            Ok(xml)
        }
        None => Err(Fault::new(
            "DBClusterEndpointNotFoundFault",
            format!("DB cluster endpoint {id} not found."),
        )),
    }
}

fn built_in(cluster: &Cluster, kind: &str, host: &str) -> Xml {
    let mut xml = Xml::new();
    xml.text("DBClusterIdentifier", &cluster.id);
    xml.text("Endpoint", host);
    xml.text("Status", "available");
    xml.text("EndpointType", kind);
    xml
}

fn write_custom(xml: &mut Xml, endpoint: &CustomEndpoint) {
    xml.text("DBClusterEndpointIdentifier", &endpoint.id);
    xml.text("DBClusterIdentifier", &endpoint.cluster);
    xml.text("Endpoint", &endpoint.host);
    xml.text("Status", "available");
    xml.text("EndpointType", "CUSTOM");
    xml.text("CustomEndpointType", &endpoint.kind);
    xml.texts("StaticMembers", "member", &endpoint.static_members);
    xml.texts("ExcludedMembers", "member", &endpoint.excluded_members);
    xml.text("DBClusterEndpointArn", &endpoint.arn);
}
