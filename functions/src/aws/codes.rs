//! What AWS's error codes mean for a caller.

/// What an error code means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorMeaning {
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

/// Throttling codes: the SDK's own list, without `LimitExceededException`, which AWS Backup and DynamoDB use for quotas, and
/// without `EC2ThrottledException`, which only Lambda returns; plus those of SNS and Step Functions.
pub const THROTTLED: &[&str] = &[
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

/// Codes of a fault on AWS's side, regardless of their HTTP status.
pub const UNAVAILABLE: &[&str] = &[
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

/// Codes of a resource in a transient state.
pub const NOT_READY: &[&str] = &[
    "BackupInUseException",
    // Lambda's, for a function that it first has to activate or attach to its subnets; also `ResourceNotReadyException`.
    "CodeArtifactUserPendingException",
    "EC2ThrottledException",
    "EC2UnexpectedException",
    "ENINotReadyException",
    "SnapStartNotReadyException",
    // DynamoDB's, for a table that is too new.
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
    // Systems Manager's, for a parameter that another caller is writing.
    "TooManyUpdates",
];

/// Codes of a subnet without free addresses: it has to be enlarged, or something in it removed.
pub const NO_ADDRESS: &[&str] = &[
    "InsufficientAvailableIPsInSubnetFault",
    "InsufficientFreeAddressesInSubnet",
    "NoFreeAddressesInSubnet",
];

/// Lambda's, for a function whose subnets have no free address. It is retried: addresses become free when other functions are idle.
const NO_ADDRESS_NOW: &str = "SubnetIPAddressLimitReachedException";

/// Lambda's, when the account may not have another network interface: a quota under another name.
const NO_INTERFACE: &str = "ENILimitReachedException";

/// Not throttling: EFS changes the throughput of a file system once in 24 hours. EFS throttles calls with `ThrottlingException`, as
/// AWS Backup does.
///
/// Source: the errors of `UpdateFileSystem` in the EFS API Reference.
const TOO_SOON: &str = "TooManyRequests";

/// Codes of credentials that AWS does not know, or no longer accepts.
///
/// Source: "Common Errors" in the API References of the services called here.
pub const SIGN_IN: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Codes about the caller's permissions, or about the key that protects the resource.
const ACCESS_DENIED: &[&str] = &[
    "AuthorizationError",
    "AuthorizationErrorException",
    "DecryptionFailure",
    "NotAuthorized",
    "OptInRequired",
    "UnauthorizedOperation",
];

pub fn classify(code: &str, status: Option<u16>) -> ErrorMeaning {
    if THROTTLED.contains(&code) {
        ErrorMeaning::Throttled
    } else if UNAVAILABLE.contains(&code) {
        ErrorMeaning::Unavailable
    } else if NOT_READY.contains(&code) {
        ErrorMeaning::NotReady
    } else if lacks_capacity(code) {
        ErrorMeaning::Shortage
    } else if NO_ADDRESS.contains(&code) {
        ErrorMeaning::NoAddress
    } else if code == NO_ADDRESS_NOW {
        ErrorMeaning::NoAddressNow
    } else if code == TOO_SOON {
        ErrorMeaning::TooSoon
    } else if SIGN_IN.contains(&code)
        || ACCESS_DENIED.contains(&code)
        || code.contains("AccessDenied")
        || code.starts_with("KMS")
    {
        ErrorMeaning::AccessDenied
    } else if code.contains("NotFound") || code.contains("DoesNotExist") || code.starts_with("NoSuch") {
        ErrorMeaning::NotFound
    } else if code.contains("AlreadyExists") || code == "ConflictException" || code == "ConditionalCheckFailedException"
    {
        ErrorMeaning::Conflict
    } else if code.contains("QuotaExceeded") || code.contains("LimitExceeded") || code == NO_INTERFACE {
        ErrorMeaning::Quota
    } else {
        match status {
            Some(429) => ErrorMeaning::Throttled,
            Some(500..) => ErrorMeaning::Unavailable,
            Some(401 | 403) => ErrorMeaning::AccessDenied,
            Some(404) => ErrorMeaning::NotFound,
            _ => ErrorMeaning::Refused,
        }
    }
}

/// `InsufficientDBInstanceCapacity`, `InsufficientStorageClusterCapacity`, `InsufficientThroughputCapacity` and the like.
pub fn lacks_capacity(code: &str) -> bool {
    code.starts_with("Insufficient") && code.contains("Capacity")
}
