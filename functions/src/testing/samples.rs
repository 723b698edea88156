//! What the kinds' tests share: a run, a resource, and what a look answers.

#![allow(clippy::unwrap_used)]

use serde_json::Value;

use crate::domain::job::{Progress, Run};
use crate::domain::resource::{Resource, Target};
use crate::domain::restore::item::{Item, ItemStatus};
use crate::domain::restore::plan::{Beside, Planned, Source};
use crate::domain::restore::settings::Settings;
use crate::domain::restore::shortage::Shortage;
use crate::domain::restore::stages::Stages;

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

/// The restore of a resource, by [`run`], of which nothing was captured and nothing is made.
pub fn restoring(resource: Resource, source: Source, beside: Beside) -> Item {
    Item {
        restore: run().id,
        planned: Planned {
            resource,
            source,
            beside,
            holds: None,
            loss_seconds: None,
            size_bytes: None,
            usual_seconds: None,
            creates: Vec::new(),
        },
        status: ItemStatus::Planned,
        configuration: Value::Null,
        sample: None,
        started_at: None,
        finished_at: None,
        percent: None,
        phase: None,
        stages: Stages::default(),
        made: None,
        busy_since: None,
        password_from: None,
        settings: Settings::default(),
        shortage: Shortage::default(),
        remarks: Vec::new(),
        checks: None,
        failure: None,
    }
}

/// Why a job is seen failed.
#[track_caller]
pub fn reason(progress: Progress) -> String {
    match progress {
        Progress::Failed { reason } | Progress::Hindered { reason } => reason,
        other => panic!("not failed: {other:?}"),
    }
}
