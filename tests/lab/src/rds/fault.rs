//! RDS's errors: wire code, HTTP status and message, as in botocore's model of API version 2014-10-31.

/// An error answer. The code is the one on the wire, which differs from the shape's name for many
/// (`DBInstanceNotFoundFault` is `DBInstanceNotFound`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The wire code.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// The message, for a person.
    pub message: String,
}

/// A result of an RDS operation.
pub type Result<T> = std::result::Result<T, Fault>;

/// Codes that don't come with status 400.
const NOT_400: &[(&str, u16)] = &[
    ("DBClusterNotFoundFault", 404),
    ("DBClusterSnapshotNotFoundFault", 404),
    ("DBProxyNotFoundFault", 404),
    ("DBSnapshotNotFound", 404),
    ("DBInstanceNotFound", 404),
    ("DBSubnetGroupNotFoundFault", 404),
    ("DBClusterParameterGroupNotFound", 404),
    ("DBParameterGroupNotFound", 404),
    ("DBClusterAutomatedBackupNotFoundFault", 404),
    ("DBClusterRoleNotFound", 404),
    ("CertificateNotFound", 404),
    ("SubscriptionNotFound", 404),
    ("ResourceNotFoundFault", 404),
    ("DBClusterQuotaExceededFault", 403),
    ("InsufficientDBClusterCapacityFault", 403),
    ("InternalFailure", 500),
];

impl Fault {
    /// An error with the status that the model gives the code.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        let status = NOT_400
            .iter()
            .find(|(c, _)| *c == code)
            .map_or(400, |(_, status)| *status);
        Self {
            code,
            status,
            message: message.into(),
        }
    }

    /// `InvalidParameterValue`, unmodelled, as AWS returns for invalid values.
    #[must_use]
    pub fn value(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValue", message)
    }

    /// `InvalidParameterCombination`, unmodelled.
    #[must_use]
    pub fn combination(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterCombination", message)
    }

    /// `InternalFailure`: the lab itself failed; logged here, with its cause.
    #[must_use]
    pub fn internal(error: &anyhow::Error) -> Self {
        tracing::error!("the lab's RDS failed: {error:#}");
        Self::new("InternalFailure", format!("the lab's RDS failed: {error:#}"))
    }
}

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Self {
        Self::internal(&error)
    }
}
