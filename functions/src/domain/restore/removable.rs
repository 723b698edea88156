//! What nothing uses any more after a cut-over, by its exact name: a person may delete it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::domain::descriptor::SwitchAction;
use crate::domain::kinds;
use crate::domain::resource::Target;
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::descriptor_updates::{DescriptorChange, DescriptorField};
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::switch_progress::{SwitchRecord, SwitchState};

/// What a cut-over replaced; as text: `cluster hubs-db`, `directory /uploads of file system fs-1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removable {
    Resource(Target),
    /// A directory, with a leading slash.
    Directory {
        file_system: String,
        directory: String,
    },
}

impl fmt::Display for Removable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Removable::Resource(target) => write!(f, "{} {}", kinds::of(target).noun(), target.identifier()),
            Removable::Directory { file_system, directory } => {
                write!(f, "directory {directory} of file system {file_system}")
            }
        }
    }
}

/// What may be removed: only what every switch of its resource has switched away from, and whose name neither the descriptor nor a
/// copy has; in case of doubt, nothing.
pub fn removable(record: &RestoreRecord, items: &[RestoreItem]) -> Vec<Removable> {
    // By noun, name and the file system of a directory: each once, in this order.
    let mut found: BTreeMap<(&str, String, Option<String>), &Target> = BTreeMap::new();
    for item in items {
        let name = &item.planned.resource.name;
        let switches = || record.switched.iter().filter(|of| of.switch.item_name() == *name);
        let all_done = switches().next().is_some() && switches().all(|of| of.state == SwitchState::Done);
        let source = &item.planned.resource.target;
        let noun = kinds::of(source).noun();
        if item.created.is_none() || !all_done || record.live().contains(name) {
            continue;
        }
        if let Some(rename) = switches().find(|of| matches!(of.switch.action, SwitchAction::Rename)) {
            found.extend(side_name(rename).map(|side| ((noun, side, None), source)));
            continue;
        }
        let changed = record.followed.iter().filter(|change| change.resource == *name);
        let named = changed.filter_map(|change| match &change.place {
            DescriptorField::Resource(_) => kinds::copy_identifier(item).map(|_| (noun, change.from.clone(), None)),
            DescriptorField::Root(_) => {
                let (system, directory) = restored_inside(item)?;
                let apart = is_apart(&change.from, directory?);
                apart.then(|| ("directory", change.from.clone(), Some(system.to_owned())))
            }
            DescriptorField::Probe(_)
            | DescriptorField::Switch(_)
            | DescriptorField::ProbeSecret(_)
            | DescriptorField::Login(_)
            | DescriptorField::HookSecret(_) => None,
        });
        let before = found.len();
        found.extend(named.map(|name| (name, source)));
        // Only its switch names a table that a pattern found, as `<resource>.<table>`.
        if name.contains('.') && found.len() == before {
            found.insert((noun, source.identifier().to_owned(), None), source);
        }
    }
    let in_use = in_use(record, items);
    found.retain(|(what, name, system), _| system.is_some() || !in_use.contains(&(*what, name.as_str())));
    let removable = found.into_iter().map(|((_, name, system), source)| match system {
        Some(file_system) => Removable::Directory {
            file_system,
            directory: format!("/{}", name.trim_start_matches('/')),
        },
        None => Removable::Resource(source.renamed(&name)),
    });
    removable.collect()
}

/// The file system and directory of a copy in the file system of its source.
fn restored_inside(item: &RestoreItem) -> Option<(&str, Option<&str>)> {
    kinds::directory(item).filter(|_| kinds::copy_identifier(item).is_none())
}

/// The side name of what had the name; `None` if nothing had it.
fn side_name(rename: &SwitchRecord) -> Option<String> {
    let before = &rename.before;
    before["old"].as_str()?;
    before["side"].as_str().map(str::to_owned)
}

/// Whether neither directory contains the other, and the old one is not the root.
fn is_apart(old: &str, new: &str) -> bool {
    let parts = |path: &str| -> Vec<String> {
        path.split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (old, new) = (parts(old), parts(new));
    !old.is_empty() && !old.starts_with(&new) && !new.starts_with(&old)
}

/// The names of the copies, the names in the updated descriptor, and what was not switched.
fn in_use<'a>(record: &'a RestoreRecord, items: &'a [RestoreItem]) -> BTreeSet<(&'static str, &'a str)> {
    let mut in_use = BTreeSet::new();
    let live = record.live();
    for item in items {
        let planned = &item.planned.resource;
        let what = kinds::of(&planned.target).noun();
        in_use.extend(kinds::copy_identifier(item).map(|name| (what, name)));
        // The file system that contains the copy's directory.
        in_use.extend(restored_inside(item).map(|(file_system, _)| (what, file_system)));
        let switched = record.switched.iter().any(|of| of.switch.item_name() == planned.name);
        if live.contains(&planned.name) || !switched {
            in_use.insert((what, planned.target.identifier()));
        }
        let follows = |change: &&DescriptorChange| change.resource == planned.name && change.back_at.is_none();
        let followed = record.followed.iter().filter(follows);
        in_use.extend(
            followed
                .filter(|change| matches!(change.place, DescriptorField::Resource(_)))
                .map(|change| (what, change.to.as_str())),
        );
    }
    in_use
}

#[cfg(test)]
mod tests;
