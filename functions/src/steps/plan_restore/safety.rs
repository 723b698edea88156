//! Whether a safety backup could be sealed: one of a resource that is gone fails, and with it the restore.

use super::discovery::Discovery;
use crate::domain::descriptor::Descriptor;
use crate::domain::resource::Target;
use crate::error::{Fault, Result};

/// One fault for each resource of the deployment that cannot be backed up any more.
pub async fn faults(discovery: &dyn Discovery, descriptor: &Descriptor) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for resource in descriptor.resources() {
        let there = match &resource.target {
            Target::Aurora { cluster } => discovery.has_cluster(cluster).await?,
            Target::Efs { file_system, .. } => discovery.has_file_system(file_system).await?,
            Target::DynamoDb { table } => discovery.has_table(table).await?,
            Target::DynamodbPrefix { .. } | Target::Secret { .. } | Target::Parameters { .. } => true,
        };
        if !there {
            let target = &resource.target;
            faults.push(Fault {
                path: "safety_backup".to_owned(),
                value: "true".to_owned(),
                allowed: format!(
                    "false while {} {} of resource {} is not there: it cannot be backed up first",
                    target.kind(),
                    target.identifier(),
                    resource.name
                ),
            });
        }
    }
    Ok(faults)
}
