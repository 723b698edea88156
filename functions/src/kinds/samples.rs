//! What the kinds' tests share: a run, a resource, and what a look answers.

#![allow(clippy::unwrap_used)]

use crate::domain::job::{Progress, Run};
use crate::domain::resource::{Resource, Target};

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

/// Why a job is seen failed.
#[track_caller]
pub fn reason(progress: Progress) -> String {
    match progress {
        Progress::Failed { reason } => reason,
        other => panic!("not failed: {other:?}"),
    }
}
