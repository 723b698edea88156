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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_file_system_is_read_while_its_job_runs() {
        let (arn, job, vault) = ("arn".to_owned(), "job".to_owned(), "vault".to_owned());
        let files = RecoveryPoint::BackupRecoveryPoint {
            arn: arn.clone(),
            vault,
            job,
        };
        let table = RecoveryPoint::TableBackup {
            arn,
            name: "rooms".to_owned(),
        };
        assert!(is_read_while_it_runs(&files) && !is_read_while_it_runs(&table));
    }

    #[test]
    fn only_a_table_with_a_time_to_live_expires() {
        let on = json!({"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED"}});
        let table = Target::DynamoDb {
            table: "rooms".to_owned(),
        };
        let cluster = Target::Aurora {
            cluster: "hubs-db".to_owned(),
        };
        assert!(data_expires(&table, &on));
        assert!(!data_expires(&table, &json!({})) && !data_expires(&cluster, &on));
    }
}
