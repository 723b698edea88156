//! Manual cluster snapshots, by name, or by ARN if another account shares them.

use aws_sdk_rds::types::DbClusterSnapshot;

use super::Aurora;
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::error::Result;

impl Aurora {
    /// The manual snapshot of that name, if it exists.
    pub(super) async fn find_snapshot(&self, id: &str) -> Result<Option<DbClusterSnapshot>> {
        let answer = self
            .rds
            .describe_db_cluster_snapshots()
            .db_cluster_snapshot_identifier(id)
            .send()
            .await;
        match answer {
            Ok(found) => Ok(found.db_cluster_snapshots.unwrap_or_default().into_iter().next()),
            Err(error) if code(&error) == Some("DBClusterSnapshotNotFoundFault") => Ok(None),
            Err(error) => Err(failure("describing cluster snapshot", id, error)),
        }
    }

    /// A manual snapshot by its name, or by its ARN if another account shares it.
    pub(super) async fn find_source_snapshot(&self, reference: &str) -> Result<Option<DbClusterSnapshot>> {
        if !reference.starts_with("arn:") {
            return self.find_snapshot(reference).await;
        }
        let call = self.rds.describe_db_cluster_snapshots().include_shared(true);
        match call.db_cluster_snapshot_identifier(reference).send().await {
            Ok(found) => Ok(found.db_cluster_snapshots.unwrap_or_default().into_iter().next()),
            Err(error) if code(&error) == Some("DBClusterSnapshotNotFoundFault") => Ok(None),
            Err(error) => Err(failure("describing cluster snapshot", reference, error)),
        }
    }
}

/// The identifier for requests about a snapshot: its name, or its ARN if it is another account's.
pub fn reference<'a>(run: &Run, id: &'a str, arn: &'a str) -> &'a str {
    match (account_and_region(arn), account_and_region(&run.execution)) {
        (Some((theirs, _)), Some((ours, _))) if theirs != ours => arn,
        _ => id,
    }
}

/// Account and Region in an ARN.
pub fn account_and_region(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.strip_prefix("arn:")?.split(':').skip(2);
    let region = parts.next()?;
    Some((parts.next()?, region))
}
