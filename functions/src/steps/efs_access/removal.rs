//! Removes the directory of a restore, and never anything else.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::tree::{failed, inside, present};
use crate::domain::efs_access::{RemovalResult, directory};
use crate::error::{Error, Result};

/// Entries removed in one call: about a minute of EFS's time.
pub const BATCH: u64 = 10_000;

/// Removes a part of the directory with this name at the root; the name may have a leading slash.
///
/// # Errors
/// `InvalidInput` for any name that AWS Backup does not create, and for anything but a directory.
pub fn remove(mount: &Path, name: &str) -> Result<RemovalResult> {
    let refused = || Error::invalid("directory", name, "the name of a directory of a restore at the root");
    let bare = name.strip_prefix('/').unwrap_or(name);
    if directory::read(bare).is_none() {
        return Err(refused());
    }
    let Some(root) = inside(mount, "/")? else {
        return Err(refused());
    };
    let place = root.join(bare);
    match present(fs::symlink_metadata(&place)).map_err(|error| failed("reading the metadata of", &place, &error))? {
        None => return Ok(RemovalResult { gone: true }),
        Some(metadata) if metadata.is_dir() => {}
        Some(_) => return Err(refused()),
    }
    let mut left = BATCH;
    let gone = clear(&place, &mut left).map_err(|error| failed("removing", &place, &error))?;
    Ok(RemovalResult { gone })
}

/// Returns whether nothing is left. A link is removed, not followed.
fn clear(directory: &Path, left: &mut u64) -> io::Result<bool> {
    let Some(entries) = present(fs::read_dir(directory))? else {
        return Ok(true);
    };
    for entry in entries {
        let entry = entry?;
        let Some(kind) = present(entry.file_type())? else {
            continue;
        };
        if *left == 0 {
            return Ok(false);
        }
        if !kind.is_dir() {
            *left -= 1;
            present(fs::remove_file(entry.path()))?;
        } else if !clear(&entry.path(), left)? {
            return Ok(false);
        }
    }
    if *left == 0 {
        return Ok(false);
    }
    *left -= 1;
    match present(fs::remove_dir(directory)) {
        Ok(_) => Ok(true),
        // A listing may skip an entry while others are removed: the next call finds it.
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(false),
        Err(error) => Err(error),
    }
}
