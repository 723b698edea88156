//! Whose something under a name of ours is. AWS shows the tags of what it has just made late: what has none yet, and can be this
//! run's by its age, is neither taken over nor called somebody else's, but looked at again.

use aws_smithy_types::DateTime;

use super::shared::since;
use crate::domain::job::Run;

/// Whose something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    Ours,
    /// It shows no tags yet.
    Untagged,
    Foreign,
}

/// Of something that has the run's tags (`ours`), or no tag at all, and was made then; AWS leaves that out while it is at it.
pub fn ownership(run: &Run, ours: bool, untagged: bool, made: Option<&DateTime>) -> Ownership {
    let can_be = made.is_none_or(|made| made.as_nanos() >= since(run).as_nanos());
    match (ours, untagged && can_be) {
        (true, _) => Ownership::Ours,
        (false, true) => Ownership::Untagged,
        (false, false) => Ownership::Foreign,
    }
}

/// What is said of something that shows no tags.
pub fn not_tagged_yet(what: &str) -> String {
    format!("{what} is there, and does not show its tags yet")
}
