//! Why a backup has not started yet: the newest failure that the machine will retry.

use std::collections::BTreeMap;

use aws_sdk_sfn::types::HistoryEvent;
use holdfast::domain::job::Failure as Caught;
use holdfast::domain::resource::Resource;
use holdfast::domain::set::{Point, PointStatus};

use super::snapshot::RunSnapshot;
use crate::aws;
use crate::failure::Result;
use crate::stack::Stack;
use crate::table::one_line;

/// Errors that the machine's `Retry` retries after minutes, or seconds.
pub const TRIED_AGAIN: [&str; 4] = ["NotReady", "QuotaExceeded", "Throttled", "Unavailable"];
/// Newest events that are read at a time.
const EVENTS: i32 = 200;

/// Reads an execution's history, but only while backups wait for their start.
pub struct StartDelays {
    client: aws_sdk_sfn::Client,
    execution: String,
    /// The deployment's resources, from its descriptor, once needed.
    resources: Option<Vec<Resource>>,
    looks: usize,
    found: BTreeMap<String, String>,
}

impl StartDelays {
    pub fn new(client: aws_sdk_sfn::Client, execution: &str) -> Self {
        StartDelays {
            client,
            execution: execution.to_owned(),
            resources: None,
            looks: 0,
            found: BTreeMap::new(),
        }
    }

    /// For each resource of the set whose backup has not started yet: what its start waits for, if it was tried.
    pub async fn look(&mut self, stack: &Stack, look: &RunSnapshot) -> Result<BTreeMap<String, String>> {
        let missing = missing(look);
        self.looks = if missing.is_empty() { 0 } else { self.looks + 1 };
        // A start takes a moment, and a failed one is retried after a minute: every fifth poll is enough.
        if self.looks % 5 == 4 {
            let resources = match self.resources.take() {
                Some(resources) => resources,
                None => stack
                    .catalog
                    .descriptor(&look.deployment)
                    .await
                    .map(|d| d.resources())
                    .unwrap_or_default(),
            };
            let failures = failures(&self.history().await?);
            self.found = assign(&resources, &failures);
            self.resources = Some(resources);
        }
        let of_missing = self.found.iter().filter(|(name, _)| missing.contains(name));
        Ok(of_missing.map(|(name, what)| (name.clone(), what.clone())).collect())
    }

    async fn history(&self) -> Result<Vec<HistoryEvent>> {
        let history = self.client.get_execution_history().execution_arn(&self.execution);
        let answer = history.reverse_order(true).max_results(EVENTS).send().await;
        Ok(answer
            .map_err(|error| aws::failure("reading the history of execution", &self.execution, error))?
            .events)
    }
}

/// The resources that have not been started. A point is written before its backup starts: it may be only the intent.
fn missing(look: &RunSnapshot) -> Vec<&String> {
    let started = |point: &Point| point.started_at.is_some() || point.status != PointStatus::InProgress;
    let has_started = |name: &String| look.points.iter().any(|p| p.resource.name == *name && started(p));
    let planned = look.set.iter().flat_map(|set| &set.resources);
    planned.filter(|name| !has_started(name)).collect()
}

/// The messages of failures that are retried, the newest first.
fn failures(newest_first: &[HistoryEvent]) -> Vec<String> {
    let failed = newest_first
        .iter()
        .filter_map(|event| event.task_failed_event_details());
    let retried = failed.filter(|details| details.error().is_some_and(|error| TRIED_AGAIN.contains(&error)));
    retried
        .map(|details| {
            let error = details.error().unwrap_or_default().to_owned();
            one_line(
                &Caught {
                    error,
                    cause: details.cause().unwrap_or_default().to_owned(),
                }
                .message(),
            )
        })
        .collect()
}

/// A failure is about the resource whose identifier is in its message as a whole word.
fn assign(resources: &[Resource], failures: &[String]) -> BTreeMap<String, String> {
    let about = |resource: &Resource| {
        failures
            .iter()
            .find(|message| names(message, resource.target.identifier()))
    };
    resources
        .iter()
        .filter_map(|resource| Some((resource.name.clone(), about(resource)?.clone())))
        .collect()
}

fn names(message: &str, identifier: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    message.match_indices(identifier).any(|(at, found)| {
        let before = message[..at].chars().next_back();
        let after = message[at + found.len()..].chars().next();
        !before.is_some_and(inner) && !after.is_some_and(inner)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use aws_sdk_sfn::types::ExecutionStatus;
    use holdfast::domain::resource::Target;
    use holdfast::domain::set::SetStatus;

    use super::*;
    use crate::testing::point;
    use crate::testing::watch::{failed, look};

    fn cluster(name: &str, cluster: &str) -> Resource {
        Resource {
            name: name.into(),
            target: Target::Aurora {
                cluster: cluster.into(),
            },
            deadline_seconds: 60,
        }
    }

    #[test]
    fn a_point_that_is_only_an_intent_has_not_started() {
        let mut look = look(SetStatus::Running, ExecutionStatus::Running);
        assert_eq!(missing(&look), ["storage"]);
        let mut intent = point("hubs-1", "storage", PointStatus::InProgress, "2025-01-31T23:00:00Z");
        (intent.started_at, intent.recovery_point) = (None, None);
        look.points.push(intent);
        assert_eq!(missing(&look), ["storage"]);
        look.points[1].status = PointStatus::Failed;
        assert!(missing(&look).is_empty());
        look.set = None;
        assert!(missing(&look).is_empty());
    }

    #[test]
    fn a_resource_waits_for_what_the_newest_retried_failure_about_it_says() {
        let events = [
            failed("NotReady", "snapshotting cluster hubs-db: it is being modified"),
            failed("NotReady", "snapshotting cluster hubs-db: older"),
            failed("AccessDenied", "snapshotting cluster other: not tried again"),
        ];
        let resources = [
            cluster("database", "hubs-db"),
            cluster("second", "hubs"),
            cluster("third", "other"),
        ];
        let waits = assign(&resources, &failures(&events));
        assert_eq!(waits.len(), 1, "{waits:?}");
        assert_eq!(waits["database"], "snapshotting cluster hubs-db: it is being modified");
    }
}
