//! What a deployment is restored from: the requested set, a point in time, or the retained backups.

use jiff::Timestamp;

use super::context::Planning;
use super::drafts::ResourceDraft;
use super::points::called_today;
use super::{backup_location, point_in_time, retained_backups};
use crate::domain::descriptor::Descriptor;
use crate::domain::duration;
use crate::domain::kinds;
use crate::domain::resource::Resource;
use crate::domain::restore::descriptor_updates::DescriptorChange;
use crate::domain::restore::matching::{self, MatchedResource, ProbeComparability, Sides};
use crate::domain::restore::remark::Remark;
use crate::domain::restore::request::{Origin, RequestedMoment, RestoreRequest};
use crate::domain::restore::set_selection;
use crate::domain::set::ProbeResult;
use crate::error::{Fault, Result};

/// The sources of a restore, before the destinations are planned.
#[derive(Debug, Default)]
pub struct Origins {
    /// The set whose recovery points are restored.
    pub set: Option<String>,
    pub at: Option<Timestamp>,
    pub at_rest: bool,
    pub drafts: Vec<ResourceDraft>,
    pub faults: Vec<Fault>,
    pub not_covered: Vec<String>,
    pub remarks: Vec<Remark>,
    /// The descriptor that the set was made with.
    pub then: Option<Descriptor>,
    /// The set's resources, each matched with today's.
    pub matched: Vec<MatchedResource>,
    /// The set's probe counts.
    pub counted: Vec<ProbeResult>,
    /// The request, with today's names.
    pub request: Option<RestoreRequest>,
}

/// # Errors
/// `InvalidInput` if there is nothing to restore from: then the rest of the request cannot be checked.
pub async fn find(planning: &Planning<'_>) -> Result<Origins> {
    let at = match planning.request.wanted {
        RequestedMoment::At(at) => Some(at),
        _ => None,
    };
    match planning.request.source {
        Origin::Retained => of_retained(planning, at).await,
        Origin::Catalog => of_set(planning, at).await,
    }
}

async fn of_set(planning: &Planning<'_>, at: Option<Timestamp>) -> Result<Origins> {
    let Planning { needs, run, .. } = planning;
    let sets = needs.catalog.sets(&run.deployment).await?;
    let chosen = set_selection::select_set(&run.deployment, &sets, &planning.request.wanted, planning.now)?;
    let set = &chosen.set;
    let restores = needs.catalog.restores(&run.deployment).await?;
    let followed: Vec<DescriptorChange> = restores.into_iter().flat_map(|restore| restore.followed).collect();
    let points = needs.catalog.points(&run.deployment, &set.id).await?;
    let (matched, points) = called_today(planning, set, points, &followed);
    let request = planning.request.called_today(&matched, planning.descriptor);
    let resources: Vec<Resource> = matched.iter().map(MatchedResource::called).collect();
    let mut origins = Origins {
        set: Some(set.id.clone()),
        at: None,
        at_rest: at.is_none() && set.quiesced_seconds.is_some() && set.quiesced_throughout != Some(false),
        faults: request.check_names(&resources),
        not_covered: Vec::new(),
        remarks: chosen.remarks.into_iter().map(Remark::from).collect(),
        drafts: Vec::new(),
        then: needs.catalog.described_by(&run.deployment, &set.id).await?,
        counted: set.probes.clone(),
        request: Some(request),
        matched,
    };
    origins.report_matches(planning);
    for point in &points {
        if !origins.covers(&point.resource.name) {
            continue;
        }
        let elsewhere = backup_location::elsewhere(&set.id, point, &run.execution);
        origins.faults.extend(elsewhere);
        let Some(draft) = ResourceDraft::of(point) else {
            origins
                .not_covered
                .push(format!("{}: set {} has no backup of it", point.resource.name, set.id));
            continue;
        };
        origins.drafts.push(draft);
    }
    if let Some(at) = at {
        let drafts = std::mem::take(&mut origins.drafts);
        let as_of = point_in_time::as_of(planning, drafts, &sets, &followed, at).await?;
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
    let mut found = retained_backups::retained(&needs.kinds, descriptor, at, &covers).await?;
    let mut faults = request.check_names(&found.resources);
    faults.extend(found.faults);
    let mut origins = Origins {
        at,
        faults,
        not_covered: found.not_covered,
        remarks: retained_backups::add_configurations(planning, &mut found.drafts).await?,
        drafts: found.drafts,
        ..Origins::default()
    };
    origins.report_skew();
    Ok(origins)
}

impl Origins {
    fn covers(&self, resource: &str) -> bool {
        self.request.as_ref().is_none_or(|request| request.covers(resource))
    }

    /// Both sides of the restore; `None` without a set.
    pub fn sides<'a>(&'a self, planning: &Planning<'a>) -> Option<Sides<'a>> {
        Some(Sides {
            set: self.set.as_deref()?,
            then: self.then.as_ref(),
            today: planning.descriptor,
            resources: &self.matched,
            request: self.request.as_ref()?,
        })
    }

    /// Reports what the deployment or the set has and the restore leaves out, and what has another name now.
    fn report_matches(&mut self, planning: &Planning<'_>) {
        let Some(sides) = self.sides(planning) else { return };
        let set = sides.set;
        let lacking = sides.lacking().into_iter();
        let lacking = lacking.map(|resource| format!("{}: set {set} has no backup of it", resource.name));
        let left_out = self.matched.iter().filter(|matched| !self.covers(&matched.name));
        let left_out = left_out.map(|matched| format!("{}: the request leaves it out", matched.name));
        let (pairs, _) = matching::probes(&sides, &self.counted);
        let not_counted = pairs.into_iter().filter_map(|pair| match pair.standing {
            ProbeComparability::LeftOut(why) => Some(format!("probe {}: {why}", pair.name)),
            ProbeComparability::Same | ProbeComparability::Changed(_) | ProbeComparability::Removed => None,
        });
        let not_covered: Vec<String> = lacking.chain(left_out).chain(not_counted).collect();
        let renamed = self
            .matched
            .iter()
            .filter(|matched| matched.name != matched.resource.name);
        let renamed: Vec<Remark> = renamed
            .map(|matched| {
                let (kind, identifier) = (matched.resource.target.kind(), matched.resource.target.identifier());
                Remark::of(
                    &matched.name,
                    format!("the set calls {kind} {identifier} {}", matched.resource.name),
                )
            })
            .collect();
        self.not_covered.extend(not_covered);
        self.remarks.extend(renamed);
    }

    /// Reports how far apart the resources' restore times are.
    fn report_skew(&mut self) {
        let restored = self
            .drafts
            .iter()
            .filter(|draft| !kinds::is_guard(&draft.resource.target));
        let times: Vec<Timestamp> = restored.filter_map(|draft| draft.holds).collect();
        if let (Some(first), Some(last)) = (times.iter().min(), times.iter().max())
            && first != last
        {
            let skew = u64::try_from(last.duration_since(*first).as_secs()).unwrap_or(0);
            let skew = duration::friendly(skew);
            self.remarks
                .push(format!("the resources are restored to times up to {skew} apart, from {first} to {last}").into());
        }
    }
}
