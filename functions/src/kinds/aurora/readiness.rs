//! Whether a cluster can be snapshotted now, and if not, whether that ends by itself.

use aws_sdk_rds::Client;

use crate::aws::failure;
use crate::error::{Error, Result};

/// Cluster statuses that do not end by themselves, and the way out of each.
const STUCK: &[(&str, &str)] = &[
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

/// RDS snapshots an `available` cluster only.
pub async fn ensure_available(rds: &Client, cluster: &str) -> Result<()> {
    let answer = rds.describe_db_clusters().db_cluster_identifier(cluster).send().await;
    let found = answer.map_err(|error| failure("describing cluster", cluster, error))?;
    let status = found
        .db_clusters()
        .first()
        .and_then(|cluster| cluster.status())
        .unwrap_or("unknown");
    let seen = format!("snapshotting cluster {cluster}: its status is {status}, and only an available cluster can be");
    match way_out(status) {
        _ if status == "available" => Ok(()),
        Some(next) => Err(Error::JobFailed(format!("{seen}. {next}, then start a new run"))),
        None => Err(Error::NotReady(format!(
            "{seen}. Trying again helps when that has ended"
        ))),
    }
}

/// What ends a status that does not end by itself.
pub fn way_out(status: &str) -> Option<&'static str> {
    STUCK.iter().find(|(stuck, _)| *stuck == status).map(|(_, next)| *next)
}
