//! What the statuses of clusters, snapshots and instances mean. Each list is defined here only. A status that is in no list
//! ends by itself.

/// Cluster statuses that do not end by themselves, and what ends each (the terminal ones of CloudFormation's handler, and those
/// that somebody brings about).
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

/// Snapshot statuses from which nothing restorable comes any more (botocore's waiter `DBClusterSnapshotAvailable`).
const LOST_SNAPSHOT: &[&str] = &[
    "deleted",
    "deleting",
    "failed",
    "incompatible-restore",
    "incompatible-parameters",
];

/// Instance statuses out of which nothing usable comes any more (the terminal ones of CloudFormation's handler).
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

/// The status of an instance for which RDS found no capacity after it had taken the call: it stays so until it is deleted (RDS
/// User Guide, "DB instance status").
pub const WITHOUT_CAPACITY: &str = "insufficient-capacity";

/// What ends a cluster's status that does not end by itself.
pub fn needed_action(cluster_status: &str) -> Option<&'static str> {
    NEEDS_ACTION
        .iter()
        .find(|(status, _)| *status == cluster_status)
        .map(|(_, action)| *action)
}

/// Whether nothing restorable comes of a snapshot any more.
pub fn is_lost_snapshot(status: &str) -> bool {
    LOST_SNAPSHOT.contains(&status)
}

/// Whether nothing usable comes of an instance any more.
pub fn is_lost_instance(status: &str) -> bool {
    LOST_INSTANCE.contains(&status)
}
