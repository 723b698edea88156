//! What the kinds share: times, tags, and the errors for resources that are not their own.

use aws_smithy_types::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Deletion, StartedBackup};
pub use crate::aws::timestamp;
use crate::domain::job::{Finished, Progress, Run};
use crate::domain::kinds::stateful;
use crate::domain::names;
use crate::domain::resource::{RecoveryPoint, Resource, Target, Version};
use crate::domain::restore::item::RestoreItem;
use crate::error::{Class, Error, Fault, Result};

/// How far AWS's clocks may lag behind the execution's start when a run searches for what it created.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(2);

/// The earliest creation time of something that a run created.
pub fn since(run: &Run) -> DateTime {
    let since = run.started_at.saturating_sub(CLOCK_SKEW);
    DateTime::from_secs(since.unwrap_or(Timestamp::MIN).as_second())
}

/// Whether tags are exactly those that `run` gives what it creates for `resource`.
pub fn tagged_by<'a>(
    tags: impl IntoIterator<Item = (&'a str, &'a str)> + Clone,
    run: &Run,
    resource: &Resource,
) -> bool {
    names::tags(&run.deployment, &run.id, &resource.name)
        .iter()
        .all(|(key, value)| tags.clone().into_iter().any(|tag| tag == (*key, value.as_str())))
}

/// Ensures that tags name this run's deployment and one of its sets: only then may the tagged resource be deleted.
///
/// # Errors
/// `Conflict` otherwise.
pub fn ensure_ours<'a>(
    what: &str,
    tags: impl IntoIterator<Item = (&'a str, &'a str)> + Clone,
    run: &Run,
) -> Result<()> {
    let of = |wanted: &str| {
        tags.clone()
            .into_iter()
            .find(|(key, _)| *key == wanted)
            .map(|(_, value)| value)
    };
    match (of(names::TAG_DEPLOYMENT), of(names::TAG_SET)) {
        (Some(deployment), Some(_)) if deployment == run.deployment => Ok(()),
        _ => Err(Error::Conflict(format!(
            "deleting {what}: it does not carry the tags of deployment {} ({} and {}), so it is left in place. Restore the \
             tags if it is this deployment's, else delete it by hand",
            run.deployment,
            names::TAG_DEPLOYMENT,
            names::TAG_SET,
        ))),
    }
}

/// A deletion that AWS refused because of a missing permission is protected; any other error is returned.
pub fn refused(error: Error) -> Result<Deletion> {
    match error {
        Error::AccessDenied(reason) => Ok(Deletion::Protected(reason)),
        error => Err(error),
    }
}

/// The error for a resource of another kind: the dispatch is wrong.
pub fn wrong_target(kind: &str, resource: &Resource) -> Error {
    Error::invalid(
        format!("resources.{}.kind", resource.name),
        resource.target.kind(),
        format!("{kind}, which is what this step backs up"),
    )
}

/// The same for a target alone.
pub fn wrong_target_of(kind: &str, target: &Target) -> Error {
    Error::invalid(
        "kind",
        target.kind(),
        format!("{kind}, which {} is not", target.identifier()),
    )
}

/// The error for what a kind does not have: `allowed` is what has it.
pub fn unsupported(target: &Target, allowed: &str) -> Error {
    Error::invalid("kind", target.kind(), allowed)
}

/// What only kinds with patterns, in which rows are counted, and with logins have.
pub const WITH_PATTERNS: &str = "a kind of which a resource may be a pattern";
pub const WITH_ROWS: &str = "a kind in which rows are counted";
pub const WITH_LOGINS: &str = "a kind that applications log in to";

/// The error for a recovery point of another kind.
pub fn wrong_point(kind: &str, point: &RecoveryPoint) -> Error {
    Error::invalid(
        "recovery_point",
        format!("{point:?}"),
        format!("the recovery point of a resource of kind {kind}"),
    )
}

/// The versions that a guard read, as of AWS's response: to the second by AWS's clock, else when the run started.
pub fn seen(run: &Run, answered_at: Option<Timestamp>, versions: Vec<Version>) -> StartedBackup {
    let seen_at = answered_at.unwrap_or(run.started_at);
    StartedBackup {
        recovery_point: RecoveryPoint::Versions { versions, seen_at },
        started_at: seen_at,
    }
}

/// The versions that a guard recorded, and when it read them.
pub fn versions<'a>(kind: &str, point: &'a RecoveryPoint) -> Result<(&'a [Version], Timestamp)> {
    let RecoveryPoint::Versions { versions, seen_at } = point else {
        return Err(wrong_point(kind, point));
    };
    Ok((versions, *seen_at))
}

/// A guard's recovery point is finished from the start: the versions that were current when it read them.
pub fn guarded(kind: &str, point: &RecoveryPoint) -> Result<Progress> {
    let (_, seen_at) = versions(kind, point)?;
    Ok(Progress::Succeeded(Finished {
        captured_at: seen_at,
        finished_at: Some(seen_at),
        size_bytes: None,
        probes: Vec::new(),
    }))
}

/// The copy as a resource of its kind, for `capture`. `None` while nothing is created.
pub fn copy(item: &RestoreItem) -> Option<Resource> {
    let source = &item.planned.resource.target;
    let target = stateful(source)?.copy(item.created.as_ref()?, source)?;
    Some(Resource {
        target,
        ..item.planned.resource.clone()
    })
}

/// An obstacle to a restore, as a fault: `value` at `path`, and what went wrong.
///
/// # Errors
/// The error itself, if a retry may succeed.
pub fn fault(path: &str, value: &str, error: Error) -> Result<Fault> {
    match (error.class(), &error) {
        (Class::Final, _) | (_, Error::NotReady(_)) => Ok(Fault {
            path: path.to_owned(),
            value: format!("{value} ({}: {error})", error.name()),
            allowed: "one that can be used".to_owned(),
        }),
        _ => Err(error),
    }
}

/// A part of a captured configuration: null if it was not captured.
pub fn part<'a>(configuration: &'a Value, name: &str) -> &'a Value {
    configuration.get(name).unwrap_or(&Value::Null)
}
