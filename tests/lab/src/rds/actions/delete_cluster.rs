//! DeleteDBCluster: refused while protected or in use; takes a final snapshot unless that is skipped.

use std::sync::Arc;

use super::{describe_clusters, snapshots};
use crate::rds::cluster::{Cluster, Phase};
use crate::rds::fault::{Fault, Result};
use crate::rds::instance;
use crate::rds::job::after;
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::tags::Tags;
use crate::rds::xml::Xml;
use crate::service::Call;

/// DeleteDBCluster.
pub async fn run(plane: &Arc<Plane>, call: &Call, query: &Query) -> Result<Xml> {
    let skip = query.flag("SkipFinalSnapshot")?.unwrap_or(false);
    let final_snapshot = query.text("FinalDBSnapshotIdentifier");
    let name = query.required("DBClusterIdentifier")?;
    check(plane, name)?;
    match (skip, final_snapshot) {
        (true, None) => {}
        (false, Some(id)) => snapshots::take(plane, call, name, id, Tags::new()).await.map(drop)?,
        (false, None) => {
            return Err(Fault::combination(
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
            ));
        }
        (true, Some(_)) => {
            return Err(Fault::combination(
                "FinalDBSnapshotIdentifier can not be specified when deleting a cluster with SkipFinalSnapshot enabled.",
            ));
        }
    }
    let cluster = check(plane, name)?;
    if !query.flag("DeleteAutomatedBackups")?.unwrap_or(true) {
        retain_backups(plane, &cluster).await?;
    }
    if let Some(secret) = &cluster.secret {
        plane.delete_secret(secret).await;
    }
    let now = plane.now();
    let until = after(now, plane.world.durations.of(|s| s.delete));
    let mut state = plane.state();
    let cluster = state.cluster_mut(name)?;
    cluster.phase = Phase::Deleting(until);
    let cluster = cluster.clone();
    Ok(describe_clusters::one(&state, &cluster, now))
}

/// The cluster, if it may be deleted.
fn check(plane: &Plane, name: &str) -> Result<Cluster> {
    let state = plane.state();
    let cluster = state.cluster(name)?;
    if cluster.settings.deletion_protection {
        return Err(Fault::combination(
            "Cannot delete protected Cluster, please disable deletion protection and try again.",
        ));
    }
    let living = |i: &instance::Instance| !matches!(i.phase, instance::Phase::Deleting(_));
    if state.instances_of(&cluster.id).any(living) {
        return Err(Fault::new(
            "InvalidDBClusterStateFault",
            "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
        ));
    }
    match &cluster.phase {
        Phase::Available | Phase::Broken(_) => Ok(cluster.clone()),
        _ => Err(Fault::new(
            "InvalidDBClusterStateFault",
            format!(
                "DB cluster {} is not in available state; its status is {}.",
                cluster.id,
                cluster.status()
            ),
        )),
    }
}

/// Retains the automated backups of a deleted cluster.
async fn retain_backups(plane: &Plane, cluster: &Cluster) -> Result<()> {
    let Some(server) = &cluster.server else {
        return Ok(());
    };
    server.archive_now().await?;
    let mut state = plane.state();
    if let Some(mut backup) = plane.automated_backup(&state, cluster) {
        backup.status = "retained";
        backup.latest = plane.now();
        state.retained.insert(cluster.resource_id.clone(), backup);
    }
    Ok(())
}
