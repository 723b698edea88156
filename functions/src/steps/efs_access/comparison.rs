//! Compares a tree with a sample.

use std::path::Path;

use super::tree::{failed, inside, present, read, walk};
use crate::domain::efs_access::{DifferingFile, TreeComparison};
use crate::domain::set::SampledFile;
use crate::error::Result;

pub fn check(mount: &Path, root: &str, sampled: Vec<SampledFile>, most_entries: u64) -> Result<TreeComparison> {
    let Some(top) = inside(mount, root)?.filter(|top| top.is_dir()) else {
        return Ok(TreeComparison {
            found: false,
            files: 0,
            bytes: 0,
            complete: true,
            restores: 0,
            differing: Vec::new(),
        });
    };
    let count = walk(&top, most_entries, None, |_, _| {})?;
    let mut differing = Vec::new();
    for was in sampled {
        let is = find(mount, root, &was)?;
        if is.as_ref() != Some(&was) {
            differing.push(DifferingFile { was, is });
        }
    }
    Ok(TreeComparison {
        found: true,
        files: count.files,
        bytes: count.bytes,
        complete: count.complete,
        restores: count.restores,
        differing,
    })
}

fn find(mount: &Path, root: &str, was: &SampledFile) -> Result<Option<SampledFile>> {
    let Some(place) = inside(mount, &format!("{}{}", root.trim_end_matches('/'), was.path))? else {
        return Ok(None);
    };
    let metadata = present(std::fs::symlink_metadata(&place))
        .map_err(|error| failed("reading the metadata of", &place, &error))?;
    let Some(metadata) = metadata.filter(std::fs::Metadata::is_file) else {
        return Ok(None);
    };
    let is = |bytes, sha256| SampledFile {
        path: was.path.clone(),
        bytes,
        sha256,
    };
    // A file may have grown too large to read in time; its size already shows that it differs.
    if metadata.len() != was.bytes {
        return Ok(Some(is(metadata.len(), String::new())));
    }
    Ok(read(&place)?.map(|(bytes, sha256)| is(bytes, sha256)))
}
