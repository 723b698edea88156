//! Checks whether a safety backup could be sealed: if one of its resources is missing, it fails, and the restore with it.

use crate::domain::descriptor::Descriptor;
use crate::error::{Fault, Result};
use crate::kinds::Kinds;

/// One fault for each resource of the deployment that no longer exists.
pub async fn faults(kinds: &Kinds, descriptor: &Descriptor) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for resource in descriptor.resources() {
        let target = &resource.target;
        if !kinds.of(target).exists(target).await? {
            faults.push(Fault {
                path: "safety_backup".to_owned(),
                value: "true".to_owned(),
                allowed: format!(
                    "false while {} {} of resource {} does not exist: it cannot be backed up first",
                    target.kind(),
                    target.identifier(),
                    resource.name
                ),
            });
        }
    }
    Ok(faults)
}
