//! What a set holds, matched with what the descriptor means today by what it *is*: kind and identity, a statement, the thing
//! that is switched. A rename is followed. What has no counterpart on the other side is a gap: it is named in the plan, it
//! makes the outcome unproven, and so a person is asked before anything is switched.

mod gaps;
mod probes;
mod resources;
mod sides;
mod switches;
#[cfg(test)]
mod tests;

pub use gaps::{Gap, GapKind, Matching, ProbeComparability, ProbePair};
pub use probes::probes;
pub use resources::{CapturedAt, MatchedBy, MatchedResource, resources};
pub use sides::Sides;
pub use switches::switches;
