//! Requests to `archive-access`, the function that changes what is in the archive's bucket, and its responses.

use serde::{Deserialize, Serialize};

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum ArchiveRequest {
    /// Deletes what is under a prefix, which ends with a slash, as much of it as one call can. Returns an [`ArchiveDeletion`].
    Delete { prefix: String },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveDeletion {
    /// Whether all of it is deleted; if not, request it again.
    pub gone: bool,
}
