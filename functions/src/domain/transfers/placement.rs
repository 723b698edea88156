//! Where a job that moves data runs.

use serde::{Deserialize, Serialize};

/// Where a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// A Lambda function: 15 minutes, 10 GB.
    Function,
    /// A Fargate task: the same program, as long as it takes.
    Task,
}

impl Placement {
    /// The placement of this name; `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "function" => Some(Placement::Function),
            "task" => Some(Placement::Task),
            _ => None,
        }
    }
}
