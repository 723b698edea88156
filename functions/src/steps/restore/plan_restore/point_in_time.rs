//! A restore to one point in time: each resource from its continuous backup, or else from the newest recovery point before it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::context::Planning;
use super::drafts::ResourceDraft;
use super::points::{of_all_sets, of_resource};
use crate::domain::duration;
use crate::domain::kinds::{self, is_guard};
use crate::domain::resource::Target;
use crate::domain::restore::descriptor_updates::{self, DescriptorChange};
use crate::domain::restore::remark::Remark;
use crate::domain::restore::set_selection::{RecoveryMethod, RecoveryOptions, recovery_targets};
use crate::domain::set::BackupSet;
use crate::error::{Fault, Result};

/// The drafts of a set, moved to a point in time.
#[derive(Debug, Default)]
pub struct PointInTimeDrafts {
    pub drafts: Vec<ResourceDraft>,
    /// The time to which all resources with point-in-time recovery are restored.
    pub at: Option<Timestamp>,
    pub remarks: Vec<Remark>,
    /// If there are any, the drafts are the set's own.
    pub faults: Vec<Fault>,
}

/// Moves the drafts of the chosen set to the time `at`. `sets` are all sets of the deployment.
pub async fn as_of(
    planning: &Planning<'_>,
    drafts: Vec<ResourceDraft>,
    sets: &[BackupSet],
    followed: &[DescriptorChange],
    at: Timestamp,
) -> Result<PointInTimeDrafts> {
    let points = of_all_sets(planning, sets, followed).await?;
    let mut continuous = BTreeMap::new();
    let mut reaches = Vec::new();
    for draft in drafts.iter().filter(|draft| !is_guard(&draft.resource.target)) {
        let name = &draft.resource.name;
        let target = used_at(followed, draft, at);
        let found = planning.needs.kinds.of(&target).continuous_backup(&target).await?;
        reaches.push(RecoveryOptions {
            resource: name.clone(),
            window: found.as_ref().map(|found| found.window),
            points: of_resource(&points, name)
                .filter_map(|point| Some((point.set.clone(), point.captured_at?)))
                .collect(),
        });
        continuous.insert(name.clone(), found);
    }
    let found = match recovery_targets(at, &reaches, planning.now) {
        Ok(found) => found,
        Err(faults) => {
            return Ok(PointInTimeDrafts {
                drafts,
                at: None,
                remarks: Vec::new(),
                faults,
            });
        }
    };
    let mut remarks = found.remarks;
    if found.skew_seconds > 0 {
        let skew = duration::friendly(found.skew_seconds);
        remarks.push(format!("the resources are restored to times up to {skew} apart").into());
    }
    let mut moved = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let name = draft.resource.name.clone();
        let Some(moment) = found.targets.iter().find(|moment| moment.resource == name) else {
            moved.push(draft);
            continue;
        };
        let backup = continuous.remove(&name).flatten();
        moved.push(match (&moment.way, backup) {
            (RecoveryMethod::PointInTime, Some(backup)) => ResourceDraft {
                source: kinds::as_of(&draft.resource.target, backup.source, found.at),
                holds: Some(moment.holds),
                // The set's sample is from another time.
                sample: None,
                ..draft
            },
            (RecoveryMethod::Point { set }, _) => {
                let point = of_resource(&points, &name).find(|point| point.set == *set);
                point.and_then(ResourceDraft::of).unwrap_or(draft)
            }
            (RecoveryMethod::PointInTime, None) => draft,
        });
    }
    Ok(PointInTimeDrafts {
        drafts: moved,
        at: Some(found.at),
        remarks,
        faults: Vec::new(),
    })
}

/// The target that the application used at a given time: a cut-over between the set and that time may have replaced it.
fn used_at(followed: &[DescriptorChange], draft: &ResourceDraft, at: Timestamp) -> Target {
    let mut target = draft.resource.target.clone();
    if let Some(captured) = draft.holds {
        let changes = followed
            .iter()
            .filter(|change| change.field == draft.resource.target.field());
        let then = descriptor_updates::name_at(draft.resource.target.identifier(), captured, changes, at);
        then.clone_into(target.identifier_mut());
    }
    target
}
