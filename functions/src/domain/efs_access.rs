//! What the function that mounts a file system (`efs-access`) is asked, and what it answers. A path is absolute, `/` being
//! the root of the file system; files are regular files; a symbolic link is never followed.

pub mod directory;
pub mod roots;

use serde::{Deserialize, Serialize};

pub use self::directory::ListedDirectory;
use super::set::{Sample, SampledFile};

/// The most entries (files, directories and links) that are looked at in one tree; beyond them a count is not complete.
pub const MOST_ENTRIES: u64 = 200_000;

/// How many files of a file system are sampled: those whose paths have the lowest hashes.
pub const SAMPLED: usize = 40;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum AccessRequest {
    /// Which directories of AWS Backup's restores are at the root? Answered with a [`Listing`].
    List {
        /// How many entries to look at in each at most; 0 counts nothing.
        #[serde(default)]
        most_entries: u64,
    },
    /// How many files are under `root`, and what do a few of them hold? Answered with a [`Sample::Files`].
    Sample {
        #[serde(default = "whole")]
        root: String,
        #[serde(default = "most")]
        most_entries: u64,
        /// How many of them.
        #[serde(default = "sampled")]
        most_files: usize,
        /// How long whoever asks waits. A walk that outlasted it would go on beside the one of the next try.
        #[serde(default = "patient")]
        within_seconds: u64,
    },
    /// Which of these are directories? Answered with [`FoundDirectories`].
    Find { paths: Vec<String> },
    /// How many files are under `root`, and what became of those that were sampled? Answered with [`TreeComparison`].
    Check {
        root: String,
        sampled: Vec<SampledFile>,
        #[serde(default = "most")]
        most_entries: u64,
    },
    /// Removes one directory of a restore at the root, a part of it at a time. Answered with [`RemovalResult`].
    Remove { directory: String },
}

fn whole() -> String {
    "/".into()
}

fn most() -> u64 {
    MOST_ENTRIES
}

fn patient() -> u64 {
    800
}

fn sampled() -> usize {
    SAMPLED
}

/// One answer, as the question's comment says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum AccessResponse {
    Listing(Listing),
    Sample(Sample),
    Found(FoundDirectories),
    Checked(TreeComparison),
    Removed(RemovalResult),
}

/// The directories of restores at the root, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    pub directories: Vec<ListedDirectory>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundDirectories {
    /// Those of the paths that are directories, in their order.
    pub paths: Vec<String>,
}

/// A tree, compared with a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeComparison {
    /// Whether the root that was asked for is there at all.
    pub found: bool,
    pub files: u64,
    pub bytes: u64,
    /// Whether all were counted.
    pub complete: bool,
    /// How many directories of restores are in it, which were not counted.
    #[serde(default)]
    pub restores: u64,
    /// The sampled files that are not as they were.
    pub differing: Vec<DifferingFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferingFile {
    /// As it was sampled.
    pub was: SampledFile,
    /// As it is, without a hash where the sizes differ already; `None` where it is missing, or no regular file.
    pub is: Option<SampledFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovalResult {
    /// Nothing of it is there any more; else ask again.
    pub gone: bool,
}
