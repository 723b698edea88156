//! AWS's errors, turned into ours in one place.

mod codes;
pub mod functions;
pub mod lazy;
pub mod partition;
pub mod response;
pub mod service;
pub mod subscriptions;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::DateTime;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;

use self::codes::{ErrorMeaning, classify, lacks_capacity};
use crate::error::{Error, Fault};

/// The SDK's time as ours, to the millisecond: the JSON services give seconds as a floating-point number, whose last
/// digits are none of AWS's. `None` outside jiff's range, which AWS never gives.
pub fn timestamp(time: &DateTime) -> Option<Timestamp> {
    let milliseconds = (time.as_nanos() + 500_000).div_euclid(1_000_000);
    Timestamp::from_millisecond(i64::try_from(milliseconds).ok()?).ok()
}

/// Whether AWS has none left of what was asked for: no quota of the account, and nothing that the account can raise. Another
/// zone may have some, and so may this one in some hours.
pub fn is_shortage<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    code(error).is_some_and(lacks_capacity)
}

/// The code that AWS answered, where it answered.
pub fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// Codes of a service that does not know the call: a Region may offer it later, or never (boto3#1542, terraform-provider-aws#4567).
const NOT_OFFERED: &[&str] = &[
    "InvalidAction",
    "UnknownOperationException",
    "UnsupportedOperationException",
];

/// An answer, or `None` where the Region does not offer the call.
#[expect(clippy::result_large_err, reason = "the SDK's own errors go through it")]
pub fn offered<T, E: ProvideErrorMetadata>(
    answer: std::result::Result<T, SdkError<E, HttpResponse>>,
) -> std::result::Result<Option<T>, SdkError<E, HttpResponse>> {
    match answer {
        Err(error) if code(&error).is_some_and(|code| NOT_OFFERED.contains(&code)) => Ok(None),
        answer => answer.map(Some),
    }
}

/// Our error for a failed call. `doing` and `what` finish the sentence "failed while …": `failure("snapshotting
/// cluster", "hubs-db", error)`.
///
/// What AWS answered decides by its error code, then by its HTTP status; an answer that never came or cannot be read is
/// `Unavailable`, since the call may have worked. A code that nothing here knows is final: `JobFailed`.
pub fn failure<E>(doing: &str, what: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    // The SDK calls a well-meant answer that cannot be parsed a service error without a code.
    let answered = |service: &&E| service.code().is_some() || status.is_some_and(|s| s >= 400);
    let Some(service) = error.as_service_error().filter(answered) else {
        return unanswered(doing, what, &error);
    };
    let code = service.code().unwrap_or("no error code");
    let said = service.message().unwrap_or("no message");
    let heard = match status {
        Some(status) => format!("{doing} {what}: AWS answered {code} (HTTP {status}): {said}"),
        None => format!("{doing} {what}: AWS answered {code}: {said}"),
    };
    let message = |next: &str| format!("{heard}. {next}");
    match (
        classify(code, status),
        code.starts_with("KMS") || code == "DecryptionFailure",
    ) {
        (ErrorMeaning::Throttled, _) => Error::Throttled(message(
            "Trying again may help; if this goes on, ask AWS for a higher request rate.",
        )),
        (ErrorMeaning::Unavailable, _) => Error::Unavailable(message(
            "Trying again may help; if this goes on, look at the AWS Health Dashboard.",
        )),
        (ErrorMeaning::NotReady, _) => Error::NotReady(message(
            "Trying again in minutes may help; see what is being done to the resource meanwhile.",
        )),
        (ErrorMeaning::Shortage, _) => Error::NotReady(message(
            "AWS has no capacity for it now, and no quota changes that. Trying again in minutes may help; if this goes on, choose \
             another instance class, or subnets in other zones.",
        )),
        (ErrorMeaning::NoAddress, _) => Error::JobFailed(message(
            "No address is free in the subnet: remove network interfaces that nothing uses, or add a larger subnet, then \
             start a new run.",
        )),
        (ErrorMeaning::NoAddressNow, _) => Error::NotReady(message(
            "No address is free in the function's subnets. Trying again in minutes may help; if this goes on, free addresses \
             there, or give the function other subnets.",
        )),
        // Perhaps by a call whose answer nobody heard: the next look sees what it is by now.
        (ErrorMeaning::TooSoon, _) => Error::NotReady(message(
            "EFS changes the throughput of a file system once in 24 hours: see what it is now, and change it by hand when they are \
             over.",
        )),
        (ErrorMeaning::Quota, _) => Error::QuotaExceeded(message(
            "Trying again helps once there is room: raise the quota in Service Quotas, or delete what is no longer needed.",
        )),
        (ErrorMeaning::AccessDenied, true) => Error::AccessDenied(message(
            "Enable the KMS key, or allow the caller's role to use it in the key policy and in its own.",
        )),
        (ErrorMeaning::AccessDenied, false) => Error::AccessDenied(message(
            "Allow this action to the caller's role, and see that no resource policy or permissions boundary denies it.",
        )),
        (ErrorMeaning::NotFound, _) => Error::NotFound(message(
            "See that it exists in this account and Region, and that its name is right.",
        )),
        (ErrorMeaning::Conflict, _) => {
            Error::Conflict(message("Rename or remove what is in the way, then start a new run."))
        }
        (ErrorMeaning::Refused, _) => Error::JobFailed(message(
            "Trying again changes nothing: correct what AWS names, then start a new run.",
        )),
    }
}

/// A call that AWS did not answer, or whose answer could not be read.
fn unanswered<E>(doing: &str, what: &str, error: &SdkError<E, HttpResponse>) -> Error
where
    E: std::error::Error + 'static,
{
    let why = causes(error);
    match error {
        SdkError::ConstructionFailure(_) => Error::InvalidInput(vec![Fault {
            path: format!("{doing} {what}"),
            value: format!("a request that cannot be sent ({why})"),
            allowed: "one that can be".to_owned(),
        }]),
        _ => Error::Unavailable(format!(
            "{doing} {what}: no usable answer came from AWS: {why}. The call may have worked; another try finds \
             what it did. If this goes on, look at the function's way to the service's endpoint."
        )),
    }
}

/// The error and its causes, by their `Display`: a `Debug` would show the body of an answer, which may hold a secret.
fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[cfg(test)]
mod tests;
