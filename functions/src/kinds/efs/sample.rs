//! Counts and samples the files in use just before a file system is backed up.

use std::time::Duration;

use serde_json::Value;

use crate::access::Access;
use crate::domain::efs_access::SAMPLED;
use crate::domain::efs_access::roots::{self, DirectoriesInUse, WHOLE};
use crate::domain::set::{CountedRoot, Sample, SampledFile};
use crate::error::Result;

/// How long a backup waits for the files of a sample, so that directories which finish in time are included when others take
/// longer.
const PATIENCE: Duration = Duration::from_secs(45);

/// The minimum number of files that are sampled per directory.
const FEWEST: usize = 8;

/// `None` if no function mounts the file system.
pub async fn sample(access: &Access, file_system: &str, configuration: &Value) -> Result<Option<Sample>> {
    let in_use = DirectoriesInUse::captured(configuration).unwrap_or_default();
    let live: Vec<String> = in_use.live(configuration).into_iter().map(|live| live.path).collect();
    let Some(listing) = access.list(file_system, 0).await? else {
        return Ok(None);
    };
    let there = match live.is_empty() {
        true => Vec::new(),
        false => access.find(file_system, &live).await?.unwrap_or_default(),
    };
    let missing = live.iter().filter(|path| !there.contains(path)).cloned().collect();
    let covered = roots::covered(&there, !listing.directories.is_empty());
    let each = SAMPLED.div_ceil(covered.len()).max(FEWEST);
    let mut counted = Vec::new();
    let mut files = Vec::new();
    let until = tokio::time::Instant::now() + PATIENCE;
    for path in covered {
        let left = until.duration_since(tokio::time::Instant::now());
        let sampling = access.sample(file_system, &path, each, left);
        let (root, sampled) = match tokio::time::timeout_at(until, sampling).await {
            Ok(sampled) => match sampled? {
                Some(sample) => of(path, sample),
                None => return Ok(None),
            },
            // A backup does not wait for it.
            Err(_) => {
                tracing::warn!(
                    file_system,
                    path,
                    "not sampled: it takes longer than {} s",
                    PATIENCE.as_secs()
                );
                (uncounted(path), Vec::new())
            }
        };
        counted.push(root);
        files.extend(sampled);
    }
    Ok(Some(Sample::Files {
        files: counted.iter().map(|root| root.files).sum(),
        bytes: counted.iter().map(|root| root.bytes).sum(),
        complete: counted.iter().all(|root| root.complete),
        sampled: files,
        roots: counted,
        missing,
    }))
}

/// A root's count and files, whose paths are relative to the file system's root.
fn of(path: String, sample: Sample) -> (CountedRoot, Vec<SampledFile>) {
    let Sample::Files {
        files,
        bytes,
        complete,
        mut sampled,
        ..
    } = sample
    else {
        return (uncounted(path), Vec::new());
    };
    if path != WHOLE {
        for file in &mut sampled {
            file.path.insert_str(0, &path);
        }
    }
    let root = CountedRoot {
        path,
        files,
        bytes,
        complete,
    };
    (root, sampled)
}

fn uncounted(path: String) -> CountedRoot {
    CountedRoot {
        path,
        files: 0,
        bytes: 0,
        complete: false,
    }
}
