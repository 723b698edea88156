//! Requests to the function that mounts a file system (`efs-access`), and its responses. Paths are absolute, and `/` is the root
//! of the file system; files are regular files; symbolic links are never followed.

pub mod directory;
pub mod roots;

use serde::{Deserialize, Serialize};

pub use self::directory::ListedDirectory;
use super::set::{Sample, SampledFile};

/// Maximum entries (files, directories and links) that are read in one tree; with more, the count is incomplete.
pub const MOST_ENTRIES: u64 = 200_000;

/// Number of files of a file system that are sampled: those whose paths have the lowest hashes.
pub const SAMPLED: usize = 40;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum AccessRequest {
    /// Lists the directories of AWS Backup's restores at the root. Returns a [`Listing`].
    List {
        /// Maximum entries to read in each; 0 counts nothing.
        #[serde(default)]
        most_entries: u64,
    },
    /// Counts the files under `root`, and samples a few of them. Returns a [`Sample::Files`].
    Sample {
        #[serde(default = "whole")]
        root: String,
        #[serde(default = "most")]
        most_entries: u64,
        /// Number of files to sample.
        #[serde(default = "sampled")]
        most_files: usize,
        /// How long the caller waits. A longer walk would overlap with that of the caller's retry.
        #[serde(default = "within_seconds")]
        within_seconds: u64,
    },
    /// Finds out which of these are directories. Returns [`FoundDirectories`].
    Find { paths: Vec<String> },
    /// Counts the files under `root`, and compares those that were sampled. Returns a [`TreeComparison`].
    Check {
        root: String,
        sampled: Vec<SampledFile>,
        #[serde(default = "most")]
        most_entries: u64,
    },
    /// Removes a part of one directory of a restore at the root. Returns a [`RemovalResult`].
    Remove { directory: String },
}

fn whole() -> String {
    "/".into()
}

fn most() -> u64 {
    MOST_ENTRIES
}

fn within_seconds() -> u64 {
    800
}

fn sampled() -> usize {
    SAMPLED
}

/// A response, of the type that the request documents.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum AccessResponse {
    Listing(Listing),
    Sample(Sample),
    Found(FoundDirectories),
    Checked(TreeComparison),
    Removed(RemovalResult),
}

/// The directories of restores at the root, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    pub directories: Vec<ListedDirectory>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundDirectories {
    /// The requested paths that are directories, in the requested order.
    pub paths: Vec<String>,
}

/// A comparison of a tree with a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeComparison {
    /// Whether the requested root exists.
    pub found: bool,
    pub files: u64,
    pub bytes: u64,
    /// Whether all files were counted.
    pub complete: bool,
    /// Number of directories of restores in it, which were not counted.
    #[serde(default)]
    pub restores: u64,
    /// The sampled files that differ.
    pub differing: Vec<DifferingFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferingFile {
    /// As sampled.
    pub was: SampledFile,
    /// As found, without a hash if the size differs; `None` if it is missing or not a regular file.
    pub is: Option<SampledFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovalResult {
    /// Whether it is completely removed; if not, request it again.
    pub gone: bool,
}
