//! Reports directories of earlier restores that are in use today, so that no one deletes them as leftovers.

use super::context::Planning;
use crate::domain::efs_access::directory;
use crate::domain::kinds::{self, Stateful};
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::remark::Remark;
use crate::error::Result;
use crate::runs::live_directories;

/// # Errors
/// Only transient ones.
pub async fn remarks(planning: &Planning<'_>, items: &[RestoreItem]) -> Result<Vec<Remark>> {
    let mut remarks = Vec::new();
    for item in items {
        let resource = &item.planned.resource;
        let is_mounted = kinds::stateful(&resource.target).is_some_and(Stateful::is_mounted);
        let inside = kinds::destination(&item.planned).filter(|destination| is_mounted && !destination.is_resource);
        let Some(file_system) = inside.map(|destination| destination.name) else {
            continue;
        };
        let in_use = live_directories::of(planning.descriptor, &planning.needs.switches, resource).await?;
        for mount in &in_use.mounts {
            let root = mount.root.as_deref().unwrap_or_default().trim_start_matches('/');
            let first = root.split('/').next().unwrap_or_default();
            if directory::read(first).is_some() {
                let text = format!(
                    "directory /{first} of file system {file_system} is in use: {} leads to /{root}. It has to stay",
                    mount.by
                );
                remarks.push(Remark::of(&resource.name, text));
            }
        }
    }
    Ok(remarks)
}
