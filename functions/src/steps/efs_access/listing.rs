//! Lists the directories that restores created at the root.

use std::path::Path;

use super::tree::{failed, inside, present, walk};
use crate::domain::efs_access::{ListedDirectory, Listing, directory};
use crate::error::{Error, Result};

pub fn list(mount: &Path, most_entries: u64) -> Result<Listing> {
    let missing = || Error::NotFound(format!("listing {}: nothing is mounted there", mount.display()));
    let root = inside(mount, "/")?.ok_or_else(missing)?;
    let entries = std::fs::read_dir(&root).map_err(|error| failed("reading directory", &root, &error))?;
    let mut directories = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| failed("reading directory", &root, &error))?;
        let Some((name, (of, made_at))) = entry
            .file_name()
            .into_string()
            .ok()
            .and_then(|name| Some((name.clone(), directory::read(&name)?)))
        else {
            continue;
        };
        let path = entry.path();
        let kind = present(entry.file_type()).map_err(|error| failed("reading the metadata of", &path, &error))?;
        if !kind.is_some_and(|kind| kind.is_dir()) {
            continue;
        }
        let count = match most_entries {
            0 => None,
            most => Some(walk(&path, most, None, |_, _| {})?),
        };
        directories.push(ListedDirectory {
            name,
            of,
            made_at,
            files: count.map_or(0, |count| count.files),
            bytes: count.map_or(0, |count| count.bytes),
            complete: count.is_some_and(|count| count.complete),
        });
    }
    directories.sort_by(|a, b| (a.made_at, &a.name).cmp(&(b.made_at, &b.name)));
    Ok(Listing { directories })
}
