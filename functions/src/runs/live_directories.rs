//! Which directories of a file system are in use now, by the descriptor and where its switches lead.

use crate::domain::descriptor::{Descriptor, SwitchAction};
use crate::domain::efs_access::roots::DirectoriesInUse;
use crate::domain::resource::{Resource, Target};
use crate::error::{Class, Result};
use crate::switches::Switches;

/// The same for a backup, which does without: what cannot be told at the second try is not, and a restore says so.
pub async fn at_backup(descriptor: &Descriptor, switches: &Switches, resource: &Resource) -> DirectoriesInUse {
    let looked = match of(descriptor, switches, resource).await {
        Err(_) => of(descriptor, switches, resource).await,
        in_use => in_use,
    };
    looked.unwrap_or_else(|error| {
        tracing::warn!(resource = %resource.name, %error, "what is in use is not known");
        let protected = descriptor.resources.get(&resource.name);
        DirectoriesInUse {
            declared: protected.map(|protected| protected.roots.clone()).unwrap_or_default(),
            mounts: Vec::new(),
            untold: vec![error.to_string()],
        }
    })
}

/// # Errors
/// Only those that pass by themselves.
pub async fn of(descriptor: &Descriptor, switches: &Switches, resource: &Resource) -> Result<DirectoriesInUse> {
    let mut in_use = DirectoriesInUse::default();
    let Target::Efs { file_system, .. } = &resource.target else {
        return Ok(in_use);
    };
    if let Some(protected) = descriptor.resources.get(&resource.name) {
        in_use.declared.clone_from(&protected.roots);
    }
    for switch in descriptor
        .cut_over
        .iter()
        .filter(|switch| switch.resource == resource.name)
    {
        match switches.of(&switch.action).mounts(switch, file_system).await {
            Ok(mounts) => in_use.mounts.extend(mounts),
            // What a secret holds is not read: then the descriptor says it.
            Err(_) if matches!(switch.action, SwitchAction::Secret { .. }) && !in_use.declared.is_empty() => {}
            Err(error) if error.class() == Class::Final => {
                tracing::warn!(switch = %switch.name, %error, "what it leads to is not known");
                in_use.untold.push(format!("switch {}: {error}", switch.name));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(in_use)
}
