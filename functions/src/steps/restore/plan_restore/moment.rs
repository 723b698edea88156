//! A restore as of one moment: the continuous backup of what has one, else the newest recovery point from before it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::context::Planning;
use super::drafts::Draft;
use super::points::{of_all_sets, of_resource};
use crate::domain::duration;
use crate::domain::kinds::{self, is_guard};
use crate::domain::resource::Target;
use crate::domain::restore::choosing::{Reach, Way, moments};
use crate::domain::restore::following::{self, Followed};
use crate::domain::restore::remark::Remark;
use crate::domain::set::BackupSet;
use crate::error::{Fault, Result};

/// What the drafts of a set become for a moment, and what there is to say of it.
#[derive(Debug, Default)]
pub struct AsOf {
    pub drafts: Vec<Draft>,
    /// The moment that all resources with point-in-time recovery come to.
    pub at: Option<Timestamp>,
    pub remarks: Vec<Remark>,
    /// Where there are any, the drafts are as the set has them.
    pub faults: Vec<Fault>,
}

/// Takes the drafts of the chosen set to the moment `at`. `sets` are all of the deployment's.
pub async fn as_of(
    planning: &Planning<'_>,
    drafts: Vec<Draft>,
    sets: &[BackupSet],
    followed: &[Followed],
    at: Timestamp,
) -> Result<AsOf> {
    let points = of_all_sets(planning, sets, followed).await?;
    let mut continuous = BTreeMap::new();
    let mut reaches = Vec::new();
    for draft in drafts.iter().filter(|draft| !is_guard(&draft.resource.target)) {
        let name = &draft.resource.name;
        let target = used_at(followed, draft, at);
        let found = planning.needs.kinds.of(&target).continuous(&target).await?;
        reaches.push(Reach {
            resource: name.clone(),
            window: found.as_ref().map(|found| found.window),
            points: of_resource(&points, name)
                .filter_map(|point| Some((point.set.clone(), point.captured_at?)))
                .collect(),
        });
        continuous.insert(name.clone(), found);
    }
    let found = match moments(at, &reaches, planning.now) {
        Ok(found) => found,
        Err(faults) => {
            return Ok(AsOf {
                drafts,
                at: None,
                remarks: Vec::new(),
                faults,
            });
        }
    };
    let mut remarks = found.remarks;
    if found.skew_seconds > 0 {
        let skew = duration::in_words(found.skew_seconds);
        remarks.push(format!("the resources come back as of moments up to {skew} apart").into());
    }
    let mut moved = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let name = draft.resource.name.clone();
        let Some(moment) = found.each.iter().find(|moment| moment.resource == name) else {
            moved.push(draft);
            continue;
        };
        let held = continuous.remove(&name).flatten();
        moved.push(match (&moment.way, held) {
            (Way::PointInTime, Some(held)) => Draft {
                source: kinds::as_of(&draft.resource.target, held.source, found.at),
                holds: Some(moment.holds),
                // What was sampled with the set says nothing of another moment.
                sample: None,
                ..draft
            },
            (Way::Point { set }, _) => {
                let point = of_resource(&points, &name).find(|point| point.set == *set);
                point.and_then(Draft::of).unwrap_or(draft)
            }
            (Way::PointInTime, None) => draft,
        });
    }
    Ok(AsOf {
        drafts: moved,
        at: Some(found.at),
        remarks,
        faults: Vec::new(),
    })
}

/// What the application used at a moment: a cut-over between the set and that moment replaced it.
fn used_at(followed: &[Followed], draft: &Draft, at: Timestamp) -> Target {
    let mut target = draft.resource.target.clone();
    if let Some(captured) = draft.holds {
        let changes = followed
            .iter()
            .filter(|change| change.field == draft.resource.target.field());
        let then = following::name_at(draft.resource.target.identifier(), captured, changes, at);
        then.clone_into(target.identifier_mut());
    }
    target
}
