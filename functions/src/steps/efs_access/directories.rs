//! Finds which of the given paths are directories.

use std::path::Path;

use super::tree::inside;
use crate::domain::efs_access::FoundDirectories;
use crate::error::Result;

pub fn find(mount: &Path, paths: Vec<String>) -> Result<FoundDirectories> {
    let mut found = FoundDirectories::default();
    for path in paths {
        if inside(mount, &path)?.is_some_and(|place| place.is_dir()) {
            found.paths.push(path);
        }
    }
    Ok(found)
}
