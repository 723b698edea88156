//! AWS Backup's errors and formats.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::clock::epoch_seconds;
use crate::rest::{Refusal, Request};

/// A parameter has a wrong value.
pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidParameterValueException", message)
}

/// Something that the request names does not exist.
pub(super) fn not_found(what: &str, name: &str) -> Refusal {
    Refusal::new(400, "ResourceNotFoundException", format!("{what} {name} was not found"))
}

/// The request is not possible for this resource, or in this way.
pub(super) fn unfit(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidRequestException", message)
}

/// The resource's state does not allow the request.
pub(super) fn wrong_state(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidResourceStateException", message)
}

/// A required parameter.
pub(super) fn required(request: &Request, name: &str) -> Result<String, Refusal> {
    let missing = || {
        Refusal::new(
            400,
            "MissingParameterValueException",
            format!("{name} is a required parameter"),
        )
    };
    request.text(name).ok_or_else(missing)
}

/// The role that a job uses.
pub(super) fn role(request: &Request) -> Result<String, Refusal> {
    let role = required(request, "IamRoleArn")?;
    let is_role = role.starts_with("arn:aws:iam::") && role.contains(":role/");
    is_role
        .then_some(role.clone())
        .ok_or_else(|| invalid(format!("IamRoleArn {role} is not a role's ARN")))
}

/// The lifecycle of a request, checked.
pub(super) fn lifecycle(request: &Request) -> Result<Value, Refusal> {
    let lifecycle = request.body["Lifecycle"].clone();
    let days = |name: &str| lifecycle[name].as_i64().filter(|days| *days >= 0);
    if lifecycle["DeleteAfterDays"].as_i64() == Some(0) {
        return Err(invalid("DeleteAfterDays must be at least 1"));
    }
    if let (Some(cold), Some(delete)) = (days("MoveToColdStorageAfterDays"), days("DeleteAfterDays"))
        && delete < cold + 90
    {
        return Err(invalid(
            "DeleteAfterDays must be at least 90 days after MoveToColdStorageAfterDays",
        ));
    }
    Ok(lifecycle)
}

/// When a lifecycle deletes a recovery point of this creation time.
pub(super) fn delete_at(lifecycle: &Value, created_at: Timestamp) -> Option<Timestamp> {
    let days = lifecycle["DeleteAfterDays"].as_i64().filter(|days| *days > 0)?;
    created_at
        .checked_add(SignedDuration::from_hours(days.checked_mul(24)?))
        .ok()
}

/// A time as AWS Backup writes it, or null.
pub(super) fn time(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |time| json!(epoch_seconds(time)))
}

/// Whether a time is within the optional bounds of a list request.
pub(super) fn created_within(request: &Request, created_at: Timestamp) -> bool {
    request.time("createdAfter").is_none_or(|after| created_at > after)
        && request.time("createdBefore").is_none_or(|before| created_at < before)
}

/// Whether a list request asks for this value, or for any.
pub(super) fn asked(request: &Request, name: &str, value: &str) -> bool {
    request.text(name).is_none_or(|wanted| wanted == value)
}
