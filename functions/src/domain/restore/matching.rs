//! Matches the resources, probes and switches of a set with those in today's descriptor by what they *are*: kind and identity, the
//! statement, the thing that is switched. Renames are followed. Anything without a counterpart is a gap: the plan names it, and it
//! makes the outcome unproven, so that a person is asked before anything is switched.

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
