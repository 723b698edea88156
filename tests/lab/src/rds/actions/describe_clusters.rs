//! DescribeDBClusters, and the cluster in the responses of the other operations.

use jiff::Timestamp;

use crate::rds::catalogue::ENGINE;
use crate::rds::cluster::Cluster;
use crate::rds::fault::Result;
use crate::rds::paging::{Filters, Page};
use crate::rds::plane::{HOSTED_ZONE, Plane};
use crate::rds::query::Query;
use crate::rds::state::State;
use crate::rds::xml::Xml;

const FILTERS: &[&str] = &[
    "db-cluster-id",
    "db-cluster-resource-id",
    "engine",
    "clone-group-id",
    "domain",
];

/// DescribeDBClusters.
pub fn run(plane: &Plane, query: &Query) -> Result<Xml> {
    let filters = Filters::read(query, FILTERS)?;
    let state = plane.state();
    let asked = query
        .text("DBClusterIdentifier")
        .map(|name| state.cluster(name))
        .transpose()?;
    let passes = |cluster: &&Cluster| {
        asked.is_none_or(|asked| asked.id == cluster.id)
            && filters.pass("db-cluster-id", "cluster", &cluster.id)
            && filters.pass("db-cluster-resource-id", "", &cluster.resource_id)
            && filters.pass("engine", "", ENGINE)
            && filters.pass("clone-group-id", "", cluster.clone_group.as_deref().unwrap_or(""))
            && filters.pass("domain", "", "")
    };
    let found = state.clusters.values().filter(passes).map(|c| (c.id.clone(), c));
    let now = plane.now();
    Ok(
        Page::of(query, found)?.write("DBClusters", "DBCluster", |xml, cluster| {
            write(xml, &state, cluster, now);
        }),
    )
}

fn write(xml: &mut Xml, state: &State, cluster: &Cluster, now: Timestamp) {
    cluster.write(xml, &state.members(cluster), HOSTED_ZONE, now);
}

/// A result of one `DBCluster`.
pub fn one(state: &State, cluster: &Cluster, now: Timestamp) -> Xml {
    let mut xml = Xml::new();
    xml.element("DBCluster", |xml| write(xml, state, cluster, now));
    xml
}
