//! CreateDBClusterSnapshot and DeleteDBClusterSnapshot.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::rds::catalogue::MANUAL_SNAPSHOTS;
use crate::rds::fault::{Fault, Result};
use crate::rds::job::{Job, after};
use crate::rds::names;
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::snapshot::{Kind, Phase, Snapshot};
use crate::rds::state::State;
use crate::rds::tags::{self, Tags};
use crate::rds::xml::Xml;
use crate::service::Call;

/// CreateDBClusterSnapshot.
pub async fn create(plane: &Arc<Plane>, call: &Call, query: &Query) -> Result<Xml> {
    let cluster = query.required("DBClusterIdentifier")?;
    let id = query.required("DBClusterSnapshotIdentifier")?;
    let tags = tags::requested(query)?.unwrap_or_default();
    let snapshot = take(plane, call, cluster, id, tags).await?;
    Ok(one(&snapshot, plane))
}

/// Takes a snapshot with the data as of now: the base backup is taken before this returns, its status then
/// follows the clock.
pub async fn take(plane: &Arc<Plane>, call: &Call, cluster: &str, id: &str, tags: Tags) -> Result<Snapshot> {
    let id = names::new_identifier("DBClusterSnapshotIdentifier", id)?;
    let path = plane.postgres.new_home().await?;
    let reserved = reserve(plane, call, cluster, &id, tags, path.clone());
    let taken = match &reserved {
        Ok((_, Some(server))) => server.base_backup(&path).await,
        Ok((_, None)) => Err(anyhow::anyhow!("the cluster has no server to back up")),
        Err(_) => Ok(()),
    };
    if reserved.is_err() || taken.is_err() {
        let _ = plane.postgres.remove(&path).await;
    }
    let (snapshot, _) = reserved?;
    let mut state = plane.state();
    if let Err(error) = taken {
        state.snapshots.remove(&id);
        return Err(error.into());
    }
    if let Some(job) = state.snapshots.get_mut(&id).and_then(Snapshot::job) {
        job.worked = Some(true);
    }
    Ok(snapshot)
}

/// Reserves the name, so that a second call fails while the backup runs.
fn reserve(
    plane: &Plane,
    call: &Call,
    cluster: &str,
    id: &str,
    mut tags: Tags,
    path: std::path::PathBuf,
) -> Result<(Snapshot, Option<Arc<crate::postgres::Server>>)> {
    let now = plane.now();
    let mut state = plane.state();
    let cluster = state.available_cluster(cluster)?.clone();
    check_name(&state, id)?;
    if cluster.settings.copy_tags_to_snapshot {
        let mut all = cluster.tags.clone();
        all.append(&mut tags);
        tags = tags::checked(all)?;
    }
    let takes = plane.world.durations.of(|s| s.cluster_snapshot);
    let snapshot = Snapshot {
        id: id.to_owned(),
        arn: plane.world.arn("rds", &format!("cluster-snapshot:{id}")),
        kind: Kind::Manual,
        cluster: cluster.id.clone(),
        cluster_resource_id: cluster.resource_id.clone(),
        cluster_created: cluster.created,
        created: now,
        vpc: state.vpc(&cluster.settings),
        settings: cluster.settings.clone(),
        source_arn: None,
        tags,
        shared_with: BTreeSet::new(),
        phase: Phase::Creating(Job::start(&plane.world, call, takes)),
        path,
    };
    state.snapshots.insert(id.to_owned(), snapshot.clone());
    Ok((snapshot, cluster.server))
}

/// Checks that a manual snapshot of this name can be created.
///
/// # Errors
/// `DBClusterSnapshotAlreadyExistsFault`, `SnapshotQuotaExceeded`.
pub fn check_name(state: &State, id: &str) -> Result<()> {
    if state.snapshots.contains_key(id) {
        return Err(Fault::new(
            "DBClusterSnapshotAlreadyExistsFault",
            format!("Cannot create the cluster snapshot because one with the identifier {id} already exists."),
        ));
    }
    let manual = state.snapshots.values().filter(|s| s.kind == Kind::Manual).count();
    if manual >= MANUAL_SNAPSHOTS.1 {
        return Err(Fault::new(
            "SnapshotQuotaExceeded",
            format!("Cannot create more than {} manual snapshots", MANUAL_SNAPSHOTS.1),
        ));
    }
    Ok(())
}

/// DeleteDBClusterSnapshot: an available one, a failed one, or a running copy, which ends it.
pub fn delete(plane: &Plane, query: &Query) -> Result<Xml> {
    let until = after(plane.now(), plane.world.durations.of(|s| s.delete));
    let mut state = plane.state();
    let snapshot = state.snapshot_mut(query.required("DBClusterSnapshotIdentifier")?)?;
    let refused = |why: String| Err(Fault::new("InvalidDBClusterSnapshotStateFault", why));
    if snapshot.kind != Kind::Manual {
        return refused(format!(
            "Only manual snapshots may be deleted, {} is {}.",
            snapshot.id,
            snapshot.kind.name()
        ));
    }
    if matches!(snapshot.phase, Phase::Creating(_) | Phase::Deleting(_)) {
        return refused(format!(
            "Cannot delete the snapshot {} because it is in {} state.",
            snapshot.id,
            snapshot.status()
        ));
    }
    snapshot.phase = Phase::Deleting(until);
    let snapshot = snapshot.clone();
    drop(state);
    Ok(one(&snapshot, plane))
}

/// A result of one `DBClusterSnapshot`.
pub fn one(snapshot: &Snapshot, plane: &Plane) -> Xml {
    let mut xml = Xml::new();
    xml.element("DBClusterSnapshot", |xml| snapshot.write(xml, plane.now()));
    xml
}
