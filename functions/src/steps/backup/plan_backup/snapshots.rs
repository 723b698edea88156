//! Forecasts when the Region's quota of manual cluster snapshots runs out, and warns a week before, while it can still be raised.

use super::discovery::Discovery;
use crate::catalog::Catalog;
use crate::domain::descriptor::Descriptor;
use crate::domain::kinds::aurora;
use crate::domain::retention::snapshots::{SnapshotGrowth, in_the_end, nights_left};
use crate::domain::set::{Reason, SetStatus};
use crate::error::Result;

/// The warning, if any. Nothing is forecast before half of the quota is used, and no backup fails because the forecast does.
pub async fn warning(catalog: &Catalog, discovery: &dyn Discovery, descriptor: &Descriptor) -> Option<Reason> {
    forecast(catalog, discovery, descriptor).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "how long the quota of cluster snapshots holds is not known");
        None
    })
}

async fn forecast(catalog: &Catalog, discovery: &dyn Discovery, descriptor: &Descriptor) -> Result<Option<Reason>> {
    if clusters(descriptor) == 0 {
        return Ok(None);
    }
    let Some((used, quota)) = discovery.manual_snapshots().await? else {
        return Ok(None);
    };
    if used.saturating_mul(2) < quota {
        return Ok(None);
    }
    let mut growing = Vec::new();
    for (name, enabled) in catalog.deployments().await? {
        if !enabled {
            continue;
        }
        // Another deployment's descriptor may be invalid, or deleted meanwhile.
        let Ok(descriptor) = catalog.descriptor(&name).await else {
            continue;
        };
        let clusters = clusters(&descriptor);
        if clusters > 0 {
            let sets = catalog.sets(&name).await?;
            let sealed = sets.iter().filter(|set| set.status == SetStatus::Sealed).count();
            growing.push(SnapshotGrowth {
                clusters,
                kept: u64::try_from(sealed).unwrap_or(u64::MAX),
                most: in_the_end(&descriptor.keep),
            });
        }
    }
    Ok(nights_left(used, quota, &growing).map(|nights| quota_warning(used, quota, nights, &growing)))
}

fn quota_warning(used: u64, quota: u64, nights: u64, growing: &[SnapshotGrowth]) -> Reason {
    let a_night: u64 = growing.iter().map(|of| of.clusters).sum();
    let in_the_end: u64 = growing.iter().map(|of| of.clusters * of.most).sum();
    let when = match nights {
        0 => "there is no room for those of one night any more".to_owned(),
        1 => "there is room for one more night".to_owned(),
        some => format!("there is room for {some} more nights"),
    };
    Reason {
        subject: "cluster snapshots".to_owned(),
        error: "SnapshotsRunOut".to_owned(),
        message: format!(
            "{used} of the {quota} manual cluster snapshots of this Region exist, the deployments create {a_night} a night, and \
             their `keep` adds up to {in_the_end}: {when}, and then no cluster is backed up"
        ),
    }
}

fn clusters(descriptor: &Descriptor) -> u64 {
    let resources = descriptor.resources().into_iter();
    let clusters = resources.filter(|resource| aurora::cluster(&resource.target).is_some());
    u64::try_from(clusters.count()).unwrap_or(u64::MAX)
}
