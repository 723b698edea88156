//! A stateful resource of a deployment, and its backup.

use serde::{Deserialize, Serialize};

pub use crate::domain::kinds::shapes::{RecoveryPoint, Target, Version};

/// One resource of a run: a name, what it is in AWS, and how long its backup may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Unique in the deployment. A table found by a prefix is named `<name>.<table>`.
    pub name: String,
    #[serde(flatten)]
    pub target: Target,
    /// Seconds after which a backup that has not ended has failed.
    pub deadline_seconds: u64,
}
