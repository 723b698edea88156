//! DescribeDBClusterAutomatedBackups and DeleteDBClusterAutomatedBackup.

use crate::rds::automated::AutomatedBackup;
use crate::rds::fault::{Fault, Result};
use crate::rds::names;
use crate::rds::paging::{Filters, Page};
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::xml::Xml;

const FILTERS: &[&str] = &["status", "db-cluster-id", "db-cluster-resource-id"];

/// DescribeDBClusterAutomatedBackups: of existing clusters (`active`) and of deleted ones (`retained`).
pub fn describe(plane: &Plane, query: &Query) -> Result<Xml> {
    let filters = Filters::read(query, FILTERS)?;
    let id = query
        .text("DBClusterIdentifier")
        .map(|id| names::identifier("cluster", id));
    let resource = query.text("DbClusterResourceId");
    let state = plane.state();
    let active = state
        .clusters
        .values()
        .filter_map(|cluster| plane.automated_backup(&state, cluster));
    let all = active
        .filter(|b| !state.retained.contains_key(&b.resource_id))
        .chain(state.retained.values().cloned());
    let passes = |backup: &AutomatedBackup| {
        id.as_ref().is_none_or(|id| *id == backup.cluster)
            && resource.is_none_or(|resource| resource == backup.resource_id)
            && filters.pass("status", "", backup.status)
            && filters.pass("db-cluster-id", "cluster", &backup.cluster)
            && filters.pass("db-cluster-resource-id", "", &backup.resource_id)
    };
    let mut found: Vec<_> = all.filter(passes).map(|b| (b.resource_id.clone(), b)).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    if let (Some(resource), true) = (resource, found.is_empty()) {
        return Err(not_found(resource));
    }
    Ok(Page::of(query, found)?.write(
        "DBClusterAutomatedBackups",
        "DBClusterAutomatedBackup",
        |xml, backup| {
            backup.write(xml);
        },
    ))
}

/// DeleteDBClusterAutomatedBackup: of a deleted cluster only.
pub async fn delete(plane: &Plane, query: &Query) -> Result<Xml> {
    let resource = query.required("DbClusterResourceId")?;
    let backup = {
        let mut state = plane.state();
        if state.clusters.values().any(|cluster| cluster.resource_id == resource) {
            let message = "The automated backups of a cluster that exists can't be deleted.";
            return Err(Fault::new("InvalidDBClusterAutomatedBackupStateFault", message));
        }
        state.retained.remove(resource).ok_or_else(|| not_found(resource))?
    };
    plane.postgres.remove(&backup.home).await?;
    let mut xml = Xml::new();
    xml.element("DBClusterAutomatedBackup", |xml| {
        AutomatedBackup {
            status: "deleting",
            ..backup
        }
        .write(xml);
    });
    Ok(xml)
}

fn not_found(resource: &str) -> Fault {
    let message = format!("DB cluster automated backup not found: {resource}");
    Fault::new("DBClusterAutomatedBackupNotFoundFault", message)
}
