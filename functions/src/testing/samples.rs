//! What the kinds' tests share: a run, a resource, and the result of a poll.

#![allow(clippy::unwrap_used)]

use crate::domain::job::{Progress, Run};
use crate::domain::resource::{Resource, Target};
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan::{Destination, PlannedResource, Source};

pub fn run() -> Run {
    Run {
        deployment: "hubs-prod".into(),
        id: "hubs-prod-20261120-021500-ab12".into(),
        execution: "arn:aws:states:eu-west-1:111122223333:execution:holdfast-backup:x".into(),
        started_at: "2026-11-20T02:15:00Z".parse().unwrap(),
    }
}

pub fn resource(target: Target) -> Resource {
    Resource {
        name: "thing".into(),
        target,
        deadline_seconds: 6 * 3600,
    }
}

/// The restore of a resource, by [`run`], with nothing captured and nothing created.
pub fn restoring(resource: Resource, source: Source, destination: Destination) -> RestoreItem {
    RestoreItem::planned(
        run().id,
        PlannedResource {
            resource,
            source,
            destination,
            holds: None,
            loss_seconds: None,
            size_bytes: None,
            usual_seconds: None,
            creates: Vec::new(),
        },
    )
}

/// Why a job failed.
#[track_caller]
pub fn reason(progress: Progress) -> String {
    match progress {
        Progress::Failed { reason } | Progress::Blocked { reason } => reason,
        other => panic!("not failed: {other:?}"),
    }
}
