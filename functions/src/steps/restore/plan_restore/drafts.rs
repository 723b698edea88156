//! Plans the restore of each resource: its source, and its destination.

use jiff::Timestamp;
use serde_json::Value;

use super::context::Planning;
use crate::domain::kinds;
use crate::domain::pacing;
use crate::domain::resource::Resource;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::naming::{Naming, Overrides};
use crate::domain::restore::plan::{Destination, PlannedResource, Source};
use crate::domain::restore::schedule;
use crate::domain::restore::stages;
use crate::domain::set::{Point, Sample};
use crate::error::Result;

/// The source of one resource's restore.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceDraft {
    pub resource: Resource,
    pub source: Source,
    /// The time as of which the source has the data.
    pub holds: Option<Timestamp>,
    pub size_bytes: Option<u64>,
    /// The configuration captured with a set; null if no set has it.
    pub configuration: Value,
    pub sample: Option<Sample>,
}

impl ResourceDraft {
    /// From the recovery point of a set; `None` if there is none.
    pub fn of(point: &Point) -> Option<Self> {
        Some(Self {
            resource: point.resource.clone(),
            source: kinds::of(&point.resource.target).source(point.recovery_point.as_ref()?)?,
            holds: point.captured_at,
            size_bytes: point.size_bytes,
            configuration: point.configuration.clone(),
            sample: point.sample.clone(),
        })
    }
}

/// The item planned from a draft.
pub async fn item(
    planning: &Planning<'_>,
    draft: ResourceDraft,
    naming: &Naming<'_>,
    overrides: &Overrides<'_>,
) -> Result<RestoreItem> {
    let Planning { needs, run, now, .. } = planning;
    let kind = needs.kinds.of(&draft.resource.target);
    let destination = kind.destination(run, &draft.resource, naming).await?;
    let timing = stages::timing(&draft.resource.name, None);
    let past = needs.catalog.timing(&run.deployment, &timing).await?;
    let loses = destination != Destination::Nothing;
    let loss_seconds = draft.holds.filter(|_| loses).map(|holds| seconds_between(holds, *now));
    Ok(RestoreItem {
        configuration: kind.overridden(schedule::without_past(draft.configuration, *now), overrides),
        sample: draft.sample,
        ..RestoreItem::planned(
            run.id.clone(),
            PlannedResource {
                resource: Resource {
                    deadline_seconds: planning.descriptor.restore_deadline_seconds,
                    ..draft.resource
                },
                source: draft.source,
                destination,
                holds: draft.holds,
                loss_seconds,
                size_bytes: draft.size_bytes,
                usual_seconds: pacing::usual(&past.durations),
                creates: Vec::new(),
            },
        )
    })
}

fn seconds_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0)
}
