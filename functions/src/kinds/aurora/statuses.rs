//! The meaning of the statuses of clusters, snapshots and instances. Each list is defined only here. A status that is in no list is
//! transient.

/// Cluster statuses that are not transient, each with the action that ends it (the terminal ones of CloudFormation's handler, and
/// those that a user causes).
const NEEDS_ACTION: &[(&str, &str)] = &[
    ("stopped", "Start the cluster, or disable the deployment"),
    ("deleting", "It is being deleted: remove it from the descriptor"),
    (
        "inaccessible-encryption-credentials",
        "Its KMS key is lost: restore the cluster from a backup",
    ),
    (
        "inaccessible-encryption-credentials-recoverable",
        "Enable its KMS key within seven days, then start the cluster",
    ),
    ("incompatible-network", "Correct its subnets and security groups"),
    ("incompatible-parameters", "Correct its parameter group"),
    ("incompatible-restore", "Restore it again"),
    ("cloning-failed", "Clone it again"),
    ("migration-failed", "Migrate it again"),
    ("restore-failed", "Restore it again"),
];

/// Statuses of a snapshot that will never be restorable (botocore's waiter `DBClusterSnapshotAvailable`).
const LOST_SNAPSHOT: &[&str] = &[
    "deleted",
    "deleting",
    "failed",
    "incompatible-restore",
    "incompatible-parameters",
];

/// Statuses of an instance that will never be usable (the terminal ones of CloudFormation's handler).
const LOST_INSTANCE: &[&str] = &[
    "failed",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-create",
    "incompatible-credentials",
    "incompatible-network",
    "incompatible-parameters",
    "incompatible-restore",
    "modify-failed",
    "upgrade-failed",
];

/// The status of an instance for which RDS found no capacity after it had accepted the call: permanent until the instance is
/// deleted (RDS User Guide, "DB instance status").
pub const WITHOUT_CAPACITY: &str = "insufficient-capacity";

/// The action that ends a cluster status that is not transient.
pub fn needed_action(cluster_status: &str) -> Option<&'static str> {
    NEEDS_ACTION
        .iter()
        .find(|(status, _)| *status == cluster_status)
        .map(|(_, action)| *action)
}

/// Whether a snapshot will never be restorable.
pub fn is_lost_snapshot(status: &str) -> bool {
    LOST_SNAPSHOT.contains(&status)
}

/// Whether an instance will never be usable.
pub fn is_lost_instance(status: &str) -> bool {
    LOST_INSTANCE.contains(&status)
}
