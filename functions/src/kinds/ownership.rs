//! Who created a resource that has one of Holdfast's names. AWS shows the tags of a new resource with a delay: an untagged resource
//! that is young enough to be this run's is neither adopted nor refused, but described again later.

use aws_smithy_types::DateTime;

use super::shared::since;
use crate::domain::job::Run;

/// Who created a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    Ours,
    /// It does not show any tags yet.
    Untagged,
    Foreign,
}

/// For a resource that has the run's tags (`ours`), or no tags at all (`untagged`), and that was created at `created`. AWS may omit
/// that time while it creates the resource.
pub fn ownership(run: &Run, ours: bool, untagged: bool, created: Option<&DateTime>) -> Ownership {
    let can_be = created.is_none_or(|created| created.as_nanos() >= since(run).as_nanos());
    match (ours, untagged && can_be) {
        (true, _) => Ownership::Ours,
        (false, true) => Ownership::Untagged,
        (false, false) => Ownership::Foreign,
    }
}

/// The message about a resource that does not show its tags yet.
pub fn not_tagged_yet(what: &str) -> String {
    format!("{what} is there, and does not show its tags yet")
}
