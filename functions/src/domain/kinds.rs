//! What is known of each kind without asking AWS, a file a kind. Who does not know the kind asks here.

pub mod aurora;
pub mod dynamodb;

use serde_json::Value;

use crate::domain::resource::{RecoveryPoint, Target};

/// Whether data of a resource goes by itself, by what was captured of it: a lower count then proves nothing.
pub fn data_expires(target: &Target, configuration: &Value) -> bool {
    match target {
        Target::DynamoDb { .. } | Target::DynamodbPrefix { .. } => dynamodb::items_expire(configuration),
        Target::Aurora { .. } | Target::Efs { .. } | Target::Secret { .. } | Target::Parameters { .. } => false,
    }
}

/// Whether the application has to stay at rest until the job of a recovery point ends: AWS Backup reads a file system while the
/// job runs; snapshots and table backups are taken when they are accepted.
pub fn is_read_while_it_runs(point: &RecoveryPoint) -> bool {
    match point {
        RecoveryPoint::BackupRecoveryPoint { .. } => true,
        RecoveryPoint::ClusterSnapshot { .. } | RecoveryPoint::TableBackup { .. } | RecoveryPoint::Versions { .. } => {
            false
        }
    }
}
