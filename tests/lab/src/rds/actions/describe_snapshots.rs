//! DescribeDBClusterSnapshots.

use crate::rds::catalogue::ENGINE;
use crate::rds::fault::{Fault, Result};
use crate::rds::names;
use crate::rds::paging::{Filters, Page};
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::snapshot::{Kind, Snapshot};
use crate::rds::xml::Xml;

const FILTERS: &[&str] = &["db-cluster-id", "db-cluster-snapshot-id", "snapshot-type", "engine"];
const KINDS: &[&str] = &["automated", "manual", "shared", "public", "awsbackup"];

/// DescribeDBClusterSnapshots. An automated snapshot is found by its identifier only together with its type.
pub fn run(plane: &Plane, query: &Query) -> Result<Xml> {
    let filters = Filters::read(query, FILTERS)?;
    let id = query
        .text("DBClusterSnapshotIdentifier")
        .map(|id| names::identifier("cluster-snapshot", id));
    let cluster = query
        .text("DBClusterIdentifier")
        .map(|id| names::identifier("cluster", id));
    let resource = query.text("DbClusterResourceId");
    let kind = query.text("SnapshotType");
    if let Some(kind) = kind.filter(|kind| !KINDS.contains(kind)) {
        return Err(Fault::value(format!("Invalid snapshot type: {kind}")));
    }
    let state = plane.state();
    let passes = |snapshot: &&Snapshot| {
        let own = snapshot.kind.name();
        id.as_ref().is_none_or(|id| *id == snapshot.id)
            && cluster.as_ref().is_none_or(|id| *id == snapshot.cluster)
            && resource.is_none_or(|id| id == snapshot.cluster_resource_id)
            && match kind {
                Some(kind) => kind == own,
                None => id.is_none() || snapshot.kind == Kind::Manual,
            }
            && filters.pass("db-cluster-id", "cluster", &snapshot.cluster)
            && filters.pass("db-cluster-snapshot-id", "cluster-snapshot", &snapshot.id)
            && filters.pass("snapshot-type", "", own)
            && filters.pass("engine", "", ENGINE)
    };
    let found: Vec<_> = state
        .snapshots
        .values()
        .filter(passes)
        .map(|s| (s.id.clone(), s))
        .collect();
    if let (Some(id), true) = (&id, found.is_empty()) {
        let message = format!("DBClusterSnapshot not found: {id}");
        return Err(Fault::new("DBClusterSnapshotNotFoundFault", message));
    }
    let now = plane.now();
    Ok(
        Page::of(query, found)?.write("DBClusterSnapshots", "DBClusterSnapshot", |xml, snapshot| {
            snapshot.write(xml, now);
        }),
    )
}
