//! All that was found of earlier restores, and what was removed of it.

use holdfast::domain::restore::leftovers::Replaced;
use serde_json::{Value, json};

use super::verdict::RestoreVerdict;

/// Something that a cut-over replaced and that still exists, as far as that is known, and who uses it nevertheless.
pub struct ReplacedVerdict {
    pub replaced: Replaced,
    pub users: Vec<String>,
    /// What of its existence is not known.
    pub notes: Vec<String>,
    /// The searches for users that could not be made.
    pub unchecked: Vec<String>,
}

impl ReplacedVerdict {
    /// Whether everything was searched, and nobody uses it.
    pub fn is_free(&self) -> bool {
        self.users.is_empty() && self.unchecked.is_empty()
    }
}

/// All that was found.
pub struct Findings {
    pub restores: Vec<RestoreVerdict>,
    pub replaced: Vec<ReplacedVerdict>,
}

/// One execution of `undo-restore`, and why it failed; an empty error if it did not.
pub struct Removal {
    pub restore: String,
    pub execution: String,
    pub error: String,
}

impl Removal {
    /// The same for machines.
    pub fn json(&self) -> Value {
        json!({ "restore": self.restore, "execution": self.execution, "error": self.error })
    }
}
