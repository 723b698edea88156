//! What AWS's error codes mean for a caller.

/// What an answer means for the caller.
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

/// Codes with which AWS asks for a slower caller: the SDK's own list of throttling codes, without
/// `LimitExceededException`, which AWS Backup and DynamoDB use for quotas, and `EC2ThrottledException`, which only Lambda answers;
/// and what SNS and Step Functions add.
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

/// Codes of a fault on AWS's side, whatever their HTTP status.
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

/// Codes of a resource that is in a state which ends by itself.
pub const NOT_READY: &[&str] = &[
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
pub const NO_ADDRESS: &[&str] = &[
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
    } else if ACCESS_DENIED.contains(&code) || code.contains("AccessDenied") || code.starts_with("KMS") {
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
