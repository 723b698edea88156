//! Samples a few files of a tree: the same ones, in whichever order they are found.

use std::collections::BinaryHeap;
use std::path::Path;

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::tree::{inside, read, walk};
use crate::domain::set::{Sample, SampledFile};
use crate::error::{Error, Result};

/// A larger file is not read, in bytes: 40 files of this size take a minute.
pub const LARGEST: u64 = 64 << 20;

pub fn sample(mount: &Path, root: &str, most_entries: u64, most_files: usize, until: Instant) -> Result<Sample> {
    let top = inside(mount, root)?.ok_or_else(|| {
        Error::NotFound(format!(
            "sampling the files under {root}: the file system has no such directory"
        ))
    })?;
    let mut lowest: BinaryHeap<([u8; 32], String)> = BinaryHeap::new();
    let count = walk(&top, most_entries, Some(until), |path, bytes| {
        // A name that is not UTF-8 is only counted.
        let Some(path) = path.to_str().filter(|_| bytes <= LARGEST) else {
            return;
        };
        let path = format!("/{path}");
        lowest.push((Sha256::digest(&path).into(), path));
        if lowest.len() > most_files {
            lowest.pop();
        }
    })?;
    let mut sampled = Vec::new();
    for (_, path) in lowest.into_sorted_vec() {
        if Instant::now() > until {
            break;
        }
        // A file deleted meanwhile is not part of the sample.
        if let Some((bytes, sha256)) = read(&top.join(&path[1..]))? {
            sampled.push(SampledFile { path, bytes, sha256 });
        }
    }
    Ok(Sample::Files {
        files: count.files,
        bytes: count.bytes,
        complete: count.complete,
        sampled,
        roots: Vec::new(),
        missing: Vec::new(),
    })
}
