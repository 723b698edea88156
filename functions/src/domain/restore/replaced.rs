//! What nothing live uses any more once a restore is cut over, by its exact name: what a person may remove when content.

use std::collections::BTreeSet;

use crate::domain::descriptor::CutOverAction;
use crate::domain::kinds::{self, efs};
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::following::{Followed, Place};
use crate::domain::restore::item::{Item, Made};
use crate::domain::restore::switching::{SwitchState, Switched};

/// What may be removed, in words: `cluster hubs-db`, `directory /uploads of file system fs-1`. Only what every switch of its
/// resource has left, and what neither the descriptor nor a copy bears the name of; of what cannot be told, nothing.
pub fn removable(record: &RestoreRecord, items: &[Item]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for item in items {
        let name = &item.planned.resource.name;
        let of_it = || record.switched.iter().filter(|of| of.switch.item_name() == *name);
        let left = of_it().next().is_some() && of_it().all(|of| of.state == SwitchState::Done);
        let Some(made) = item.made.as_ref().filter(|_| left && !record.live().contains(name)) else {
            continue;
        };
        if let Some(renamed) = of_it().find(|of| matches!(of.switch.action, CutOverAction::Rename)) {
            found.extend(side(renamed).map(|side| ("cluster", side, None)));
            continue;
        }
        let noun = kinds::of(&item.planned.resource.target).noun();
        let changed = record.followed.iter().filter(|change| change.resource == *name);
        let named = changed.filter_map(|change| match &change.place {
            Place::Resource(_) => made.identifier().map(|_| (noun, change.from.clone(), None)),
            Place::Root(_) => {
                let (system, directory) = restored_inside(made)?;
                let apart = is_apart(&change.from, directory?);
                apart.then(|| ("directory", change.from.clone(), Some(system.to_owned())))
            }
            Place::Probe(_) | Place::Switch(_) | Place::ProbeSecret(_) | Place::Login(_) => None,
        });
        let before = found.len();
        found.extend(named);
        // What a pattern finds, as `<resource>.<table>`, is named by its switch alone.
        if name.contains('.') && found.len() == before {
            found.insert((noun, item.planned.resource.target.identifier().to_owned(), None));
        }
    }
    let in_use = in_use(record, items);
    found.retain(|(what, name, system)| system.is_some() || !in_use.contains(&(*what, name.as_str())));
    let words = |(what, name, system): (&str, String, Option<String>)| match system {
        Some(system) => format!("directory /{} of file system {system}", name.trim_start_matches('/')),
        None => format!("{what} {name}"),
    };
    found.into_iter().map(words).collect()
}

/// File system and directory of a copy that lies in the file system of its source.
fn restored_inside(made: &Made) -> Option<(&str, Option<&str>)> {
    efs::directory(made).filter(|_| made.identifier().is_none())
}

/// The side name of the old cluster; none where there was no old one.
fn side(renamed: &Switched) -> Option<String> {
    let before = &renamed.before;
    before["old"].as_str()?;
    before["side"].as_str().map(str::to_owned)
}

/// Whether neither directory lies in the other, and it is not the root.
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

/// What the copies are called, what the descriptor names since, and what was not switched.
fn in_use<'a>(record: &'a RestoreRecord, items: &'a [Item]) -> BTreeSet<(&'static str, &'a str)> {
    let mut in_use = BTreeSet::new();
    let live = record.live();
    for item in items {
        let planned = &item.planned.resource;
        let what = kinds::of(&planned.target).noun();
        in_use.extend(item.made.as_ref().and_then(Made::identifier).map(|name| (what, name)));
        // The file system itself, in which the copy is a directory.
        if let Some(Made::Directory { file_system, .. }) = &item.made {
            in_use.insert(("file system", file_system));
        }
        let switched = record.switched.iter().any(|of| of.switch.item_name() == planned.name);
        if live.contains(&planned.name) || !switched {
            in_use.insert((what, planned.target.identifier()));
        }
        let follows = |change: &&Followed| change.resource == planned.name && change.back_at.is_none();
        let followed = record.followed.iter().filter(follows);
        in_use.extend(
            followed
                .filter(|change| matches!(change.place, Place::Resource(_)))
                .map(|change| (what, change.to.as_str())),
        );
    }
    in_use
}

#[cfg(test)]
mod tests;
