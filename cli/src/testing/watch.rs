//! For tests: a snapshot of a set with two resources, of which one has a point, and events of a history.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use aws_sdk_sfn::types::{ExecutionStatus, HistoryEvent, HistoryEventType, TaskFailedEventDetails};
use aws_smithy_types::DateTime;
use holdfast::domain::set::{PointStatus, SetStatus};

use crate::testing::{at, point, set};
use crate::watch::snapshot::RunSnapshot;

pub fn look(set_status: SetStatus, status: ExecutionStatus) -> RunSnapshot {
    let started = "2025-01-31T23:00:00Z";
    let set = set("hubs-1", set_status, started);
    let ended = status != ExecutionStatus::Running;
    let point_status = if ended {
        PointStatus::Available
    } else {
        PointStatus::InProgress
    };
    RunSnapshot {
        execution: set.execution.clone(),
        deployment: "hubs".into(),
        stack_option: " --stack hf".into(),
        id: set.id.clone(),
        status,
        started_at: at(started),
        stopped_at: ended.then(|| at("2025-01-31T23:12:00Z")),
        cause: None,
        points: vec![point("hubs-1", "database", point_status, started)],
        set: Some(set),
        run: None,
        usual: BTreeMap::new(),
        waits_for: BTreeMap::new(),
    }
}

/// A task that failed as a Lambda function does.
pub fn failed(error: &str, message: &str) -> HistoryEvent {
    let cause = serde_json::json!({ "errorType": error, "errorMessage": message }).to_string();
    let details = TaskFailedEventDetails::builder()
        .resource_type("lambda")
        .resource("invoke")
        .error(error)
        .cause(cause);
    HistoryEvent::builder()
        .timestamp(DateTime::from_secs(0))
        .r#type(HistoryEventType::TaskFailed)
        .id(1)
        .task_failed_event_details(details.build().unwrap())
        .build()
        .unwrap()
}
