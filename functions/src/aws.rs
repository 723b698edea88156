//! Converts AWS's errors into Holdfast's, in one place.

pub mod clusters;
pub mod codes;
pub mod functions;
pub mod lazy;
pub mod partition;
pub mod response;
pub mod run_command;
pub mod service;
pub mod subscriptions;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::DateTime;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;

use self::codes::{ErrorMeaning, classify, lacks_capacity};
use crate::error::{Error, Fault};

/// The SDK's time as a `Timestamp`, to the millisecond: JSON services return seconds as a floating-point number, whose last digits
/// are noise. `None` outside jiff's range, which AWS never returns.
pub fn timestamp(time: &DateTime) -> Option<Timestamp> {
    let milliseconds = (time.as_nanos() + 500_000).div_euclid(1_000_000);
    Timestamp::from_millisecond(i64::try_from(milliseconds).ok()?).ok()
}

/// Whether AWS has no capacity left for the request. This is not a quota, and the account cannot raise it; another zone may have
/// capacity, and this one may have some again in a few hours.
pub fn is_shortage<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    code(error).is_some_and(lacks_capacity)
}

/// The error code that AWS returned, if it responded.
pub fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// Error codes of a service that does not know the call: a Region may offer it later, or never (boto3#1542,
/// terraform-provider-aws#4567).
const NOT_OFFERED: &[&str] = &[
    "InvalidAction",
    "UnknownOperationException",
    "UnsupportedOperationException",
];

/// The response, or `None` if the Region does not offer the call.
#[expect(clippy::result_large_err, reason = "the SDK's own errors go through it")]
pub fn offered<T, E: ProvideErrorMetadata>(
    answer: std::result::Result<T, SdkError<E, HttpResponse>>,
) -> std::result::Result<Option<T>, SdkError<E, HttpResponse>> {
    match answer {
        Err(error) if code(&error).is_some_and(|code| NOT_OFFERED.contains(&code)) => Ok(None),
        answer => answer.map(Some),
    }
}

/// Converts a failed call into an [`Error`]. `doing` and `what` complete the sentence "failed while …": `failure("snapshotting
/// cluster", "hubs-db", error)`.
///
/// AWS's error code decides, then its HTTP status. A response that was lost or cannot be read is `Unavailable`, since the call may
/// have worked. An unknown code is final: `JobFailed`.
pub fn failure<E>(doing: &str, what: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    // For a successful response that cannot be parsed, the SDK returns a service error without a code.
    let answered = |service: &&E| service.code().is_some() || status.is_some_and(|s| s >= 400);
    let Some(service) = error.as_service_error().filter(answered) else {
        return unanswered(doing, what, &error);
    };
    let code = service.code().unwrap_or("no error code");
    let said = service.message().unwrap_or("no message");
    let heard = match status {
        Some(status) => format!("{doing} {what}: AWS returned {code} (HTTP {status}): {said}"),
        None => format!("{doing} {what}: AWS returned {code}: {said}"),
    };
    let message = |next: &str| format!("{heard}. {next}");
    match (classify(code, status), is_about_key(code)) {
        (ErrorMeaning::Throttled, _) => Error::Throttled(message(
            "Trying again may help; if this continues, ask AWS for a higher request rate.",
        )),
        (ErrorMeaning::Unavailable, _) => Error::Unavailable(message(
            "Trying again may help; if this continues, look at the AWS Health Dashboard.",
        )),
        (ErrorMeaning::NotReady, _) => Error::NotReady(message(
            "Trying again in a few minutes may help; check which operation is in progress on the resource.",
        )),
        (ErrorMeaning::Shortage, _) => Error::NotReady(message(
            "AWS has no capacity for it now, and no quota changes that. Trying again in a few minutes may help; if this \
             continues, choose another instance class, or subnets in other zones.",
        )),
        (ErrorMeaning::NoAddress, _) => Error::JobFailed(message(
            "No IP address is free in the subnet: remove unused network interfaces, or add a larger subnet, then \
             start a new run.",
        )),
        (ErrorMeaning::NoAddressNow, _) => Error::NotReady(message(
            "No IP address is free in the function's subnets. Trying again in a few minutes may help; if this continues, free \
             addresses there, or give the function other subnets.",
        )),
        // Possibly changed by a call whose response was lost: the next poll shows its current setting.
        (ErrorMeaning::TooSoon, _) => Error::NotReady(message(
            "EFS changes the throughput of a file system once in 24 hours: check its present value, and change it by hand \
             after 24 hours.",
        )),
        (ErrorMeaning::Quota, _) => Error::QuotaExceeded(message(
            "Trying again helps once there is room: raise the quota in Service Quotas, or delete what is no longer needed.",
        )),
        (ErrorMeaning::AccessDenied, true) => Error::AccessDenied(message(
            "Enable the KMS key, or allow the caller's role to use it in the key policy and in its own.",
        )),
        (ErrorMeaning::AccessDenied, false) => Error::AccessDenied(message(
            "Allow this action in the policy of the caller's role, and check that no resource policy or permissions boundary \
             denies it.",
        )),
        (ErrorMeaning::NotFound, _) => Error::NotFound(message(
            "Check that it exists in this account and Region, and that its name is correct.",
        )),
        (ErrorMeaning::Conflict, _) => {
            Error::Conflict(message("Rename or remove what is in the way, then start a new run."))
        }
        (ErrorMeaning::Refused, _) => Error::JobFailed(message(
            "Trying again changes nothing: correct what AWS names, then start a new run.",
        )),
    }
}

/// As [`failure`], but where `explain` has an explanation for what AWS refused, it replaces the general one. It comes before AWS's
/// own words: they may be long, and messages to on-call cut a reason after 500 characters. A refusal by a key is never replaced.
pub fn failure_explained<E>(
    doing: &str,
    what: &str,
    error: SdkError<E, HttpResponse>,
    explain: fn(ErrorMeaning) -> Option<&'static str>,
) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let answered = error.as_service_error().and_then(|service| {
        let code = service.code().filter(|code| !is_about_key(code))?;
        let explanation = explain(classify(code, status))?;
        let said = service.message().unwrap_or("no message");
        Some(format!("{doing} {what}: {explanation}. AWS returned {code}: {said}"))
    });
    let general = failure(doing, what, error);
    match answered {
        Some(message) => general.saying(message),
        None => general,
    }
}

/// Whether an error code is about the key that protects a resource.
fn is_about_key(code: &str) -> bool {
    code.starts_with("KMS") || code == "DecryptionFailure"
}

/// A call without a response, or with one that could not be read.
fn unanswered<E>(doing: &str, what: &str, error: &SdkError<E, HttpResponse>) -> Error
where
    E: std::error::Error + 'static,
{
    let why = causes(error);
    match error {
        SdkError::ConstructionFailure(_) => Error::InvalidInput(vec![Fault {
            path: format!("{doing} {what}"),
            value: format!("an invalid request ({why})"),
            allowed: "one that can be".to_owned(),
        }]),
        _ => Error::Unavailable(format!(
            "{doing} {what}: AWS returned no usable response: {why}. The call may have worked; the next attempt finds out what it \
             did. If this continues, check the function's network route to the service's endpoint."
        )),
    }
}

/// The error and its causes, by their `Display`: a `Debug` would show the response body, which may contain a secret.
fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[cfg(test)]
mod tests;
