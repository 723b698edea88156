//! What a deployment is restored from: the set that was asked for, a moment, or what AWS itself kept.

use jiff::Timestamp;

use super::drafts::Draft;
use super::{Planning, here, moment, retained};
use crate::domain::duration;
use crate::domain::resource::{Resource, Target};
use crate::domain::restore::choosing;
use crate::domain::restore::plan::Source;
use crate::domain::restore::request::{Origin, Wanted};
use crate::domain::set::{BackupSet, Point};
use crate::error::{Fault, Result};

/// What is restored from what, before anything is known of the copies.
#[derive(Debug, Default)]
pub struct Origins {
    /// The set; without one, nothing was captured.
    pub set: Option<String>,
    pub at: Option<Timestamp>,
    pub at_rest: bool,
    pub drafts: Vec<Draft>,
    pub faults: Vec<Fault>,
    pub not_covered: Vec<String>,
    pub remarks: Vec<String>,
}

/// # Errors
/// `InvalidInput` where there is nothing to restore from: the rest of the request can then not be judged.
pub async fn find(planning: &Planning<'_>) -> Result<Origins> {
    let at = match planning.request.wanted {
        Wanted::At(at) => Some(at),
        _ => None,
    };
    match planning.request.source {
        Origin::Retained => of_retained(planning, at).await,
        Origin::Catalog => of_set(planning, at).await,
    }
}

async fn of_set(planning: &Planning<'_>, at: Option<Timestamp>) -> Result<Origins> {
    let Planning {
        needs, request, run, ..
    } = planning;
    let sets = needs.catalog.sets(&run.deployment).await?;
    let chosen = choosing::choose(&run.deployment, &sets, &request.wanted, planning.now)?;
    let set = &chosen.set;
    let points = needs.catalog.points(&run.deployment, &set.id).await?;
    let resources: Vec<Resource> = points.iter().map(|point| point.resource.clone()).collect();
    let mut origins = Origins {
        set: Some(set.id.clone()),
        at: None,
        at_rest: at.is_none() && set.quiesced_seconds.is_some(),
        faults: request.check_names(&resources),
        not_covered: not_covered(planning, set, &points),
        remarks: chosen.remarks,
        drafts: Vec::new(),
    };
    for point in points.iter().filter(|point| request.covers(&point.resource.name)) {
        origins.faults.extend(here::elsewhere(&set.id, point, &run.execution));
        let Some(draft) = Draft::of(point) else {
            origins
                .not_covered
                .push(format!("{}: set {} has no backup of it", point.resource.name, set.id));
            continue;
        };
        origins.drafts.push(draft);
    }
    if let Some(at) = at {
        let drafts = std::mem::take(&mut origins.drafts);
        let as_of = moment::as_of(planning, drafts, &sets, at).await?;
        origins.at = as_of.at;
        origins.drafts = as_of.drafts;
        origins.remarks.extend(as_of.remarks);
        origins.faults.extend(as_of.faults);
    }
    Ok(origins)
}

async fn of_retained(planning: &Planning<'_>, at: Option<Timestamp>) -> Result<Origins> {
    let Planning {
        needs,
        request,
        descriptor,
        ..
    } = planning;
    let covers = |resource: &str| request.covers(resource);
    let found = retained::retained(needs.discovery.as_ref(), descriptor, at, &covers).await?;
    let mut faults = request.check_names(&found.resources);
    faults.extend(found.faults);
    let mut origins = Origins {
        at,
        faults,
        not_covered: found.not_covered,
        drafts: found.drafts,
        remarks: vec![
            "nothing is known of what was configured beside the data: the copies get what AWS kept of it, and cannot be \
             compared with anything"
                .to_owned(),
        ],
        ..Origins::default()
    };
    origins.say_skew();
    Ok(origins)
}

impl Origins {
    /// How far apart the moments are that the resources are restored to.
    fn say_skew(&mut self) {
        let restored = self
            .drafts
            .iter()
            .filter(|draft| !matches!(draft.source, Source::Versions { .. }));
        let moments: Vec<Timestamp> = restored.filter_map(|draft| draft.holds).collect();
        if let (Some(first), Some(last)) = (moments.iter().min(), moments.iter().max())
            && first != last
        {
            let skew = u64::try_from(last.duration_since(*first).as_secs()).unwrap_or(0);
            self.remarks.push(format!(
                "the resources are restored to moments up to {} apart, from {first} to {last}",
                duration::in_words(skew)
            ));
        }
    }
}

/// What is in the deployment or in the set and is not restored.
fn not_covered(planning: &Planning<'_>, set: &BackupSet, points: &[Point]) -> Vec<String> {
    let Planning {
        request, descriptor, ..
    } = planning;
    let in_set = |resource: &Resource| {
        points.iter().any(|point| {
            let name = &point.resource.name;
            name == &resource.name
                || matches!(resource.target, Target::DynamodbPrefix { .. })
                    && name
                        .strip_prefix(&resource.name)
                        .is_some_and(|rest| rest.starts_with('.'))
        })
    };
    let lacking = descriptor
        .resources()
        .into_iter()
        .filter(|resource| !in_set(resource))
        .map(|resource| format!("{}: set {} has no backup of it", resource.name, set.id));
    let left_out = points
        .iter()
        .filter(|point| !request.covers(&point.resource.name))
        .map(|point| format!("{}: the request leaves it out", point.resource.name));
    lacking.chain(left_out).collect()
}
