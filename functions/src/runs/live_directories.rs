//! Which directories of a file system are in use now, according to the descriptor and its switches.

use crate::domain::descriptor::{Descriptor, SwitchAction};
use crate::domain::efs_access::roots::DirectoriesInUse;
use crate::domain::kinds::{self, Stateful};
use crate::domain::resource::Resource;
use crate::error::{Class, Result};
use crate::switches::Switches;

/// As [`of`], but never fails: a backup records what is still unknown after the second try, and a restore reports it.
pub async fn at_backup(descriptor: &Descriptor, switches: &Switches, resource: &Resource) -> DirectoriesInUse {
    let in_use = match of(descriptor, switches, resource).await {
        Err(_) => of(descriptor, switches, resource).await,
        in_use => in_use,
    };
    in_use.unwrap_or_else(|error| {
        tracing::warn!(resource = %resource.name, %error, "what is in use is not known");
        let protected = descriptor.resources.get(&resource.name);
        DirectoriesInUse {
            declared: protected.map(|protected| protected.roots.clone()).unwrap_or_default(),
            mounts: Vec::new(),
            unknown: vec![error.to_string()],
        }
    })
}

/// # Errors
/// Only transient ones.
pub async fn of(descriptor: &Descriptor, switches: &Switches, resource: &Resource) -> Result<DirectoriesInUse> {
    let mut in_use = DirectoriesInUse::default();
    if !kinds::stateful(&resource.target).is_some_and(Stateful::is_mounted) {
        return Ok(in_use);
    }
    let file_system = resource.target.identifier();
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
            // The secret's value is not read: the descriptor has the directories.
            Err(_) if matches!(switch.action, SwitchAction::Secret { .. }) && !in_use.declared.is_empty() => {}
            Err(error) if error.class() == Class::Final => {
                tracing::warn!(switch = %switch.name, %error, "the directory that it refers to is not known");
                in_use.unknown.push(format!("switch {}: {error}", switch.name));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(in_use)
}
