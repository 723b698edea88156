//! The messages of each service for invalid requests.

use super::check::{Violation, ViolationKind};
use crate::service::{Answer, Call, Protocol};

/// The service's response to a request with these violations.
pub fn refusal(call: &Call, wrong: &[Violation]) -> Answer {
    let serialization =
        |wrong: &&Violation| matches!(wrong.what, ViolationKind::Type(_) | ViolationKind::Unreadable(_));
    let json = matches!(call.protocol, Protocol::Json | Protocol::RestJson);
    if let Some(first) = wrong.iter().find(serialization).filter(|_| json) {
        return Answer::error(call.protocol, 400, "SerializationException", &serialized(first));
    }
    let missing = wrong.iter().find(|wrong| wrong.what == ViolationKind::Missing);
    let code = code(call, missing.is_some());
    let message = match missing {
        Some(missing) if code == "MissingParameter" => {
            format!("The request must contain the parameter {}", large(&missing.at))
        }
        _ => sentence(wrong),
    };
    Answer::error(call.protocol, 400, code, &message)
}

/// The code: the one in the service's model, or else AWS's common one.
fn code(call: &Call, missing: bool) -> &'static str {
    match (call.service.as_str(), call.protocol) {
        ("rds", _) if missing => "MissingParameter",
        ("rds", _) => "InvalidParameterValue",
        ("sns", _) => "InvalidParameter",
        (_, Protocol::Query) => "ValidationError",
        ("backup", _) if missing => "MissingParameterValueException",
        ("backup", _) => "InvalidParameterValueException",
        ("elasticfilesystem", _) => "BadRequest",
        ("ecs" | "tagging", _) => "InvalidParameterException",
        _ => "ValidationException",
    }
}

fn sentence(wrong: &[Violation]) -> String {
    let each: Vec<String> = wrong.iter().map(constraint).collect();
    let errors = if wrong.len() == 1 { "error" } else { "errors" };
    format!("{} validation {errors} detected: {}", wrong.len(), each.join("; "))
}

fn constraint(wrong: &Violation) -> String {
    let value = wrong
        .value
        .as_deref()
        .map_or_else(String::new, |value| match wrong.what {
            ViolationKind::Missing => format!(" {value}"),
            _ => format!(" '{value}'"),
        });
    let must = match &wrong.what {
        ViolationKind::Missing => "not be null".to_owned(),
        ViolationKind::Type(kind) => format!("be a {kind}"),
        ViolationKind::Must(must) => must.clone(),
        ViolationKind::Unknown => "be one that the service knows".to_owned(),
        ViolationKind::Unreadable(why) => format!("be readable: {why}"),
    };
    format!(
        "Value{value} at '{}' failed to satisfy constraint: Member must {must}",
        wrong.at
    )
}

fn serialized(wrong: &Violation) -> String {
    match &wrong.what {
        ViolationKind::Type(kind) => format!("'{}' can not be converted to {kind}", wrong.at),
        ViolationKind::Unreadable(why) => why.clone(),
        _ => wrong.at.clone(),
    }
}

/// A member's name as in requests of the Query protocol.
fn large(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
