//! CopyDBClusterSnapshot: always a full copy.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::snapshots;
use crate::rds::fault::{Fault, Result};
use crate::rds::job::Job;
use crate::rds::names;
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::snapshot::{Kind, Phase, Snapshot};
use crate::rds::tags;
use crate::rds::xml::Xml;
use crate::service::Call;

/// CopyDBClusterSnapshot, within the region.
pub async fn run(plane: &Arc<Plane>, call: &Call, query: &Query) -> Result<Xml> {
    let source = query.required("SourceDBClusterSnapshotIdentifier")?;
    let target = query.required("TargetDBClusterSnapshotIdentifier")?;
    let target = names::new_identifier("TargetDBClusterSnapshotIdentifier", target)?;
    let copy_tags = query.flag("CopyTags")?.unwrap_or(false);
    let tags = tags::requested(query)?;
    let key = plane.requested_key(query).await?;
    let path = plane.postgres.new_home().await?;
    let (source_path, copy) = {
        let mut state = plane.state();
        let source = state.snapshot(source)?.clone();
        if !matches!(source.phase, Phase::Available) {
            let message = format!("The source snapshot {} is not in available state.", source.id);
            return Err(Fault::new("InvalidDBClusterSnapshotStateFault", message));
        }
        snapshots::check_name(&state, &target)?;
        let inherited = source.tags.clone();
        let takes = plane.world.durations.of(|s| s.copy_job);
        let mut copy = Snapshot {
            id: target.clone(),
            arn: plane.world.arn("rds", &format!("cluster-snapshot:{target}")),
            kind: Kind::Manual,
            source_arn: Some(source.arn.clone()),
            tags: tags.unwrap_or(if copy_tags { inherited } else { tags::Tags::new() }),
            shared_with: BTreeSet::new(),
            phase: Phase::Copying(Job::start(&plane.world, call, takes)),
            path: path.clone(),
            created: plane.now(),
            ..source.clone()
        };
        copy.settings.kms_key = key.or(copy.settings.kms_key);
        state.snapshots.insert(target.clone(), copy.clone());
        (source.path, copy)
    };
    let copied = plane.postgres.copy(&source_path.join("data"), &path.join("data")).await;
    let mut state = plane.state();
    if let Some(job) = state.snapshots.get_mut(&target).and_then(Snapshot::job) {
        job.worked = Some(copied.is_ok());
    }
    drop(state);
    copied?;
    Ok(snapshots::one(&copy, plane))
}
