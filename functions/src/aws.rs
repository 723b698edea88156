//! AWS's errors, turned into ours in one place.

pub mod answer;
pub mod functions;
pub mod lazy;
pub mod partition;
pub mod service;
pub mod subscriptions;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::DateTime;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;

use crate::error::{Error, Fault};

/// Codes with which AWS asks for a slower caller: the SDK's own list of throttling codes, without
/// `LimitExceededException`, which AWS Backup and DynamoDB use for quotas, and `EC2ThrottledException`, which only Lambda answers;
/// and what SNS and Step Functions add.
const THROTTLED: &[&str] = &[
    "BandwidthLimitExceeded",
    "KMSThrottling",
    "KMSThrottlingException",
    "KmsThrottlingException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Codes of a fault on AWS's side, whatever their HTTP status.
const UNAVAILABLE: &[&str] = &[
    "DependencyFailureException",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServerException",
    "InternalServiceError",
    "InternalServiceException",
    "KMSInternalException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServerException",
    "ServiceException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
];

/// Codes of a resource that is in a state which ends by itself.
const NOT_READY: &[&str] = &[
    "BackupInUseException",
    // Lambda's, of a function that it wakes, or places in its subnets, first; also `ResourceNotReadyException`.
    "CodeArtifactUserPendingException",
    "EC2ThrottledException",
    "EC2UnexpectedException",
    "ENINotReadyException",
    "SnapStartNotReadyException",
    // DynamoDB's, of a table that is too new.
    "ContinuousBackupsUnavailableException",
    "IncorrectFileSystemLifeCycleState",
    "InvalidDBClusterSnapshotStateFault",
    "InvalidDBClusterStateFault",
    "InvalidDBInstanceState",
    "InvalidResourceStateException",
    "ReplicatedWriteConflictException",
    "ResourceInUseException",
    "ResourceNotReadyException",
    "TableInUseException",
    // Systems Manager's, of a parameter that somebody else is writing.
    "TooManyUpdates",
];

/// Codes of a subnet in which no address is free: it has to be made larger, or something in it removed.
const NO_ADDRESS: &[&str] = &[
    "InsufficientAvailableIPsInSubnetFault",
    "InsufficientFreeAddressesInSubnet",
    "NoFreeAddressesInSubnet",
];

/// Lambda's, of a function in whose subnets no address is free: it waits, since an address is free again when another function
/// is at rest.
const NO_ADDRESS_NOW: &str = "SubnetIPAddressLimitReachedException";

/// Lambda's, of a function for which the account may have no further network interface: a quota under another name.
const NO_INTERFACE: &str = "ENILimitReachedException";

/// Not a request too many: EFS changes the throughput of a file system once in 24 hours. What its calls are slowed down by is
/// `ThrottlingException`, as AWS Backup's are.
///
/// Source: the errors of UpdateFileSystem in the API reference of EFS.
const TOO_SOON: &str = "TooManyRequests";

/// Codes that are about who is asking, or about the key that protects what was asked for.
const ACCESS_DENIED: &[&str] = &[
    "AuthorizationError",
    "AuthorizationErrorException",
    "DecryptionFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "NotAuthorized",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

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

/// `InsufficientDBInstanceCapacity`, `InsufficientStorageClusterCapacity`, `InsufficientThroughputCapacity` and the like.
fn lacks_capacity(code: &str) -> bool {
    code.starts_with("Insufficient") && code.contains("Capacity")
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
        (Answer::Throttled, _) => Error::Throttled(message(
            "Trying again may help; if this goes on, ask AWS for a higher request rate.",
        )),
        (Answer::Unavailable, _) => Error::Unavailable(message(
            "Trying again may help; if this goes on, look at the AWS Health Dashboard.",
        )),
        (Answer::NotReady, _) => Error::NotReady(message(
            "Trying again in minutes may help; see what is being done to the resource meanwhile.",
        )),
        (Answer::Shortage, _) => Error::NotReady(message(
            "AWS has no capacity for it now, and no quota changes that. Trying again in minutes may help; if this goes on, choose \
             another instance class, or subnets in other zones.",
        )),
        (Answer::NoAddress, _) => Error::JobFailed(message(
            "No address is free in the subnet: remove network interfaces that nothing uses, or add a larger subnet, then \
             start a new run.",
        )),
        (Answer::NoAddressNow, _) => Error::NotReady(message(
            "No address is free in the function's subnets. Trying again in minutes may help; if this goes on, free addresses \
             there, or give the function other subnets.",
        )),
        // Perhaps by a call whose answer nobody heard: the next look sees what it is by now.
        (Answer::TooSoon, _) => Error::NotReady(message(
            "EFS changes the throughput of a file system once in 24 hours: see what it is now, and change it by hand when they are \
             over.",
        )),
        (Answer::Quota, _) => Error::QuotaExceeded(message(
            "Trying again helps once there is room: raise the quota in Service Quotas, or delete what is no longer needed.",
        )),
        (Answer::AccessDenied, true) => Error::AccessDenied(message(
            "Enable the KMS key, or allow the caller's role to use it in the key policy and in its own.",
        )),
        (Answer::AccessDenied, false) => Error::AccessDenied(message(
            "Allow this action to the caller's role, and see that no resource policy or permissions boundary denies it.",
        )),
        (Answer::NotFound, _) => Error::NotFound(message(
            "See that it exists in this account and Region, and that its name is right.",
        )),
        (Answer::Conflict, _) => Error::Conflict(message("Rename or remove what is in the way, then start a new run.")),
        (Answer::Refused, _) => Error::JobFailed(message(
            "Trying again changes nothing: correct what AWS names, then start a new run.",
        )),
    }
}

/// What an answer means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Throttled,
    Unavailable,
    NotReady,
    Shortage,
    NoAddress,
    NoAddressNow,
    TooSoon,
    Quota,
    AccessDenied,
    NotFound,
    Conflict,
    Refused,
}

fn classify(code: &str, status: Option<u16>) -> Answer {
    if THROTTLED.contains(&code) {
        Answer::Throttled
    } else if UNAVAILABLE.contains(&code) {
        Answer::Unavailable
    } else if NOT_READY.contains(&code) {
        Answer::NotReady
    } else if lacks_capacity(code) {
        Answer::Shortage
    } else if NO_ADDRESS.contains(&code) {
        Answer::NoAddress
    } else if code == NO_ADDRESS_NOW {
        Answer::NoAddressNow
    } else if code == TOO_SOON {
        Answer::TooSoon
    } else if ACCESS_DENIED.contains(&code) || code.contains("AccessDenied") || code.starts_with("KMS") {
        Answer::AccessDenied
    } else if code.contains("NotFound") || code.contains("DoesNotExist") || code.starts_with("NoSuch") {
        Answer::NotFound
    } else if code.contains("AlreadyExists") || code == "ConflictException" || code == "ConditionalCheckFailedException"
    {
        Answer::Conflict
    } else if code.contains("QuotaExceeded") || code.contains("LimitExceeded") || code == NO_INTERFACE {
        Answer::Quota
    } else {
        match status {
            Some(429) => Answer::Throttled,
            Some(500..) => Answer::Unavailable,
            Some(401 | 403) => Answer::AccessDenied,
            Some(404) => Answer::NotFound,
            _ => Answer::Refused,
        }
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
mod tests {
    #![allow(clippy::unwrap_used)]

    use aws_sdk_rds::operation::describe_db_clusters::DescribeDBClustersError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::{Response, StatusCode};
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;
    use crate::error::Class;

    fn response(status: u16) -> HttpResponse {
        Response::new(StatusCode::try_from(status).unwrap(), SdkBody::empty())
    }

    fn answered(code: &str, status: u16) -> Error {
        let metadata = ErrorMetadata::builder().code(code).message("words").build();
        let error = DescribeDBClustersError::generic(metadata);
        failure(
            "describing cluster",
            "hubs-db",
            SdkError::service_error(error, response(status)),
        )
    }

    #[test]
    fn a_floating_point_time_is_one_to_the_millisecond() {
        for (seconds, text) in [
            (1_795_140_961.559, "2026-11-20T02:16:01.559Z"),
            (1_795_140_961.999_9, "2026-11-20T02:16:02Z"),
            (1_795_140_961.0, "2026-11-20T02:16:01Z"),
            (-0.000_4, "1970-01-01T00:00:00Z"),
        ] {
            let read = timestamp(&DateTime::from_secs_f64(seconds)).unwrap();
            assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn every_code_has_its_name() {
        for (code, status, name) in [
            ("Throttling", 400, "Throttled"),
            ("ThrottlingException", 400, "Throttled"),
            ("TooManyRequestsException", 429, "Throttled"),
            ("RequestLimitExceeded", 503, "Throttled"),
            ("Anything", 429, "Throttled"),
            ("ServiceUnavailableException", 400, "Unavailable"),
            ("InternalServerError", 500, "Unavailable"),
            ("Anything", 500, "Unavailable"),
            ("Anything", 503, "Unavailable"),
            ("InvalidDBClusterStateFault", 400, "NotReady"),
            ("TableInUseException", 400, "NotReady"),
            ("ResourceNotReadyException", 502, "NotReady"),
            ("CodeArtifactUserPendingException", 409, "NotReady"),
            ("ENINotReadyException", 502, "NotReady"),
            ("EC2ThrottledException", 502, "NotReady"),
            ("SubnetIPAddressLimitReachedException", 502, "NotReady"),
            ("IncorrectFileSystemLifeCycleState", 409, "NotReady"),
            ("TooManyUpdates", 400, "NotReady"),
            ("TooManyRequests", 429, "NotReady"),
            ("ENILimitReachedException", 502, "QuotaExceeded"),
            ("SnapshotQuotaExceeded", 400, "QuotaExceeded"),
            ("LimitExceededException", 400, "QuotaExceeded"),
            ("FileSystemLimitExceeded", 403, "QuotaExceeded"),
            ("NetworkInterfaceLimitExceeded", 409, "QuotaExceeded"),
            ("InsufficientDBClusterCapacityFault", 403, "NotReady"),
            ("InsufficientDBInstanceCapacity", 400, "NotReady"),
            ("InsufficientStorageClusterCapacity", 400, "NotReady"),
            ("InsufficientThroughputCapacity", 503, "NotReady"),
            ("NoFreeAddressesInSubnet", 409, "JobFailed"),
            ("InsufficientAvailableIPsInSubnetFault", 400, "JobFailed"),
            ("InsufficientS3BucketPolicyFault", 400, "JobFailed"),
            ("AccessDenied", 403, "AccessDenied"),
            ("AccessDeniedException", 400, "AccessDenied"),
            ("KMSKeyNotAccessibleFault", 400, "AccessDenied"),
            ("ExpiredTokenException", 400, "AccessDenied"),
            ("Anything", 403, "AccessDenied"),
            ("DBClusterNotFoundFault", 404, "NotFound"),
            ("ResourceNotFoundException", 400, "NotFound"),
            ("ExecutionDoesNotExist", 400, "NotFound"),
            ("DBClusterSnapshotAlreadyExistsFault", 400, "Conflict"),
            ("InvalidParameterValue", 400, "JobFailed"),
            ("ValidationException", 400, "JobFailed"),
            ("Anything", 400, "JobFailed"),
        ] {
            assert_eq!(answered(code, status).name(), name, "{code} {status}");
        }
    }

    #[test]
    fn a_message_says_what_was_done_to_what_what_aws_answered_and_what_to_do() {
        assert!(
            answered("ENILimitReachedException", 502)
                .to_string()
                .contains("raise the quota")
        );
        let message = answered("AccessDenied", 403).to_string();
        assert!(message.starts_with("describing cluster hubs-db: AWS answered AccessDenied (HTTP 403): words. "));
        assert!(message.contains("Allow this action"), "{message}");
        assert!(
            answered("KMSKeyNotAccessibleFault", 400)
                .to_string()
                .contains("Enable the KMS key")
        );
    }

    /// Fails at 6d2cf18: a warning of what nothing tries again, such as a sample, said that it is tried again.
    #[test]
    fn no_message_promises_another_try_since_whoever_passes_it_on_may_make_none() {
        for code in THROTTLED.iter().chain(UNAVAILABLE).chain(NOT_READY).chain(NO_ADDRESS) {
            let message = answered(code, 400).to_string();
            assert!(!message.to_lowercase().contains("tried again"), "{message}");
        }
    }

    #[test]
    fn nobody_is_told_to_raise_a_quota_or_to_remove_what_is_in_the_way_where_aws_lacks_something() {
        for (code, told) in [
            ("InsufficientDBInstanceCapacity", "no quota changes that"),
            ("InsufficientStorageClusterCapacity", "no quota changes that"),
            ("NoFreeAddressesInSubnet", "No address is free in the subnet"),
            (
                "SubnetIPAddressLimitReachedException",
                "give the function other subnets",
            ),
            ("TooManyRequests", "once in 24 hours"),
        ] {
            let message = answered(code, 400).to_string();
            assert!(message.contains(told), "{message}");
            assert!(!message.contains("Service Quotas"), "{message}");
        }
    }

    #[test]
    fn no_answer_is_transient_because_the_call_may_have_worked() {
        let cut: SdkError<DescribeDBClustersError, HttpResponse> =
            SdkError::dispatch_failure(ConnectorError::io("connection reset".into()));
        let timeout: SdkError<DescribeDBClustersError, HttpResponse> = SdkError::timeout_error("slow");
        let garbled: SdkError<DescribeDBClustersError, HttpResponse> =
            SdkError::response_error("unexpected end of XML", response(200));
        let unparsed = SdkError::service_error(DescribeDBClustersError::unhandled("no closing tag"), response(200));
        for error in [cut, timeout, garbled, unparsed] {
            let error = failure("describing cluster", "hubs-db", error);
            assert_eq!(error.class(), Class::Transient, "{error}");
            assert!(error.to_string().contains("may have worked"), "{error}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_not_repeated() {
        let body = Response::new(
            StatusCode::try_from(200).unwrap(),
            SdkBody::from("{\"SecretString\":\"hunter2\""),
        );
        let error: SdkError<DescribeDBClustersError, HttpResponse> = SdkError::response_error("unexpected end", body);
        let message = failure("reading secret", "login", error).to_string();
        assert!(
            message.contains("unexpected end") && !message.contains("hunter2"),
            "{message}"
        );
    }

    #[test]
    fn a_request_that_cannot_be_built_is_final() {
        let error: SdkError<DescribeDBClustersError, HttpResponse> = SdkError::construction_failure("no Region");
        let error = failure("describing cluster", "hubs-db", error);
        assert_eq!(error.name(), "InvalidInput");
        assert!(error.to_string().contains("no Region"), "{error}");
    }
}
