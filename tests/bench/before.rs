//! The figures of commit 8e363f8, which some targets are based on: none may get worse by more than is allowed.

use crate::runs::Count;

/// One run of the bench's deployment, each of its jobs taking 30 minutes.
pub const FIRST_NIGHT: Count = of(546, 176);
pub const NIGHT: Count = of(114, 32);
/// Without cutting over.
pub const FIRST_RESTORE: Count = of(859, 219);
/// With its cut-over.
pub const RESTORE: Count = of(933, 244);

const fn of(transitions: usize, invocations: usize) -> Count {
    Count {
        transitions,
        invocations,
    }
}
