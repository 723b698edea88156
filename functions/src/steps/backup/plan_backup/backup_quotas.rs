//! Forecasts when the Region's quota of a kind's backups runs out, and warns a week before, while it can still be raised.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::domain::descriptor::Descriptor;
use crate::domain::kinds::{self, Stateful};
use crate::domain::resource::Target;
use crate::domain::retention::snapshots::{SnapshotGrowth, in_the_end, nights_left};
use crate::domain::set::{Reason, SetStatus};
use crate::error::Result;
use crate::kinds::{BackupQuota, Kinds};

/// A kind of which AWS limits the number of backups.
struct LimitedKind {
    /// One of its resources.
    target: Target,
    /// What AWS calls its backups.
    backups: &'static str,
}

/// The warnings. Nothing is forecast before half of a quota is used, and no backup fails because the forecast does.
pub async fn warnings(catalog: &Catalog, kinds: &Kinds, descriptor: &Descriptor) -> Vec<Reason> {
    let mut warnings = Vec::new();
    for limited in limited_kinds(descriptor) {
        match forecast(catalog, kinds, &limited).await {
            Ok(warning) => warnings.extend(warning),
            Err(error) => tracing::warn!(%error, "how long the quota of {} holds is not known", limited.backups),
        }
    }
    warnings
}

/// Each kind of the descriptor's resources of which the number of backups is limited.
fn limited_kinds(descriptor: &Descriptor) -> Vec<LimitedKind> {
    let mut limited = BTreeMap::new();
    for protected in descriptor.resources.values() {
        let target = &protected.target;
        if let Some(backups) = kinds::stateful(target).and_then(Stateful::limited_backups) {
            limited.entry(target.kind()).or_insert_with(|| LimitedKind {
                target: target.clone(),
                backups,
            });
        }
    }
    limited.into_values().collect()
}

async fn forecast(catalog: &Catalog, kinds: &Kinds, limited: &LimitedKind) -> Result<Option<Reason>> {
    let Some(quota) = kinds.of(&limited.target).backup_quota().await? else {
        return Ok(None);
    };
    if quota.used.saturating_mul(2) < quota.most {
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
        let resources = limited.count(&descriptor);
        if resources > 0 {
            let sets = catalog.sets(&name).await?;
            let sealed = sets.iter().filter(|set| set.status == SetStatus::Sealed).count();
            growing.push(SnapshotGrowth {
                resources,
                kept: u64::try_from(sealed).unwrap_or(u64::MAX),
                most: in_the_end(&descriptor.keep),
            });
        }
    }
    let nights = nights_left(quota.used, quota.most, &growing);
    Ok(nights.map(|nights| limited.warning(quota, nights, &growing)))
}

impl LimitedKind {
    /// How many resources of the kind a descriptor has.
    fn count(&self, descriptor: &Descriptor) -> u64 {
        let targets = descriptor.resources.values().map(|protected| &protected.target);
        let of_kind = targets.filter(|target| target.kind() == self.target.kind());
        u64::try_from(of_kind.count()).unwrap_or(u64::MAX)
    }

    fn warning(&self, quota: BackupQuota, nights: u64, growing: &[SnapshotGrowth]) -> Reason {
        let a_night: u64 = growing.iter().map(|of| of.resources).sum();
        let in_the_end: u64 = growing.iter().map(|of| of.resources * of.most).sum();
        let when = match nights {
            0 => "there is no room for those of one night any more".to_owned(),
            1 => "there is room for one more night".to_owned(),
            some => format!("there is room for {some} more nights"),
        };
        Reason {
            subject: self.backups.to_owned(),
            error: "SnapshotsRunOut".to_owned(),
            message: format!(
                "{} of the {} {} of this Region exist, the deployments create {a_night} a night, and their `keep` adds up to \
             {in_the_end}: {when}, and then no {} is backed up",
                quota.used,
                quota.most,
                self.backups,
                kinds::of(&self.target).noun()
            ),
        }
    }
}
