//! Requests to the function that reads and removes what is in the stack's archive (`archive-access`), and its responses. Folders are
//! keys of the archive's bucket, without a slash at their end.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::DumpFacts;

/// A request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum ArchiveRequest {
    /// Checks that a dump is complete, and that the archive still has it as it was written. Returns [`DumpFacts`].
    VerifyDump { folder: String },
    /// Lists complete dumps below a folder. Returns [`Dumps`].
    ListDumps { folder: String },
    /// Tags a dump of a sealed set with the number of the set's recovery points. Returns null.
    SealDump { folder: String, points: usize },
    /// Deletes a dump of a deployment, or what is left of one. Returns [`Removal`].
    DeleteDump { folder: String, deployment: String },
    /// Deletes all that is in a folder, as much of it as one call can. Returns a [`FolderRemoval`].
    DeleteFolder { folder: String },
}

/// The outcome of the deletion of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderRemoval {
    /// Whether all of it is deleted; if not, request it again.
    pub gone: bool,
}

/// Dumps, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dumps {
    pub dumps: Vec<ListedDump>,
}

/// A complete dump.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListedDump {
    pub folder: String,
    pub deployment: String,
    pub set: String,
    pub resource: String,
    pub database: String,
    pub host: String,
    pub port: u16,
    pub facts: DumpFacts,
    /// When S3 stored its manifest, which is written last.
    pub finished_at: Timestamp,
    /// The number of recovery points of its set, if that was sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<usize>,
}

impl ListedDump {
    /// See [`DumpFacts::captured_by`].
    pub fn captured_at(&self) -> Timestamp {
        self.facts.captured_by(Some(self.finished_at))
    }
}

/// The outcome of a deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    Gone,
    /// It belongs to something else, which the text says.
    NotOurs(String),
    /// A lock, a hold or a missing permission keeps it.
    Kept(String),
}
