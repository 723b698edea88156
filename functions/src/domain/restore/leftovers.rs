//! What earlier restores left, according to the catalog alone: their copies, since when, of what size, at what cost, and whether
//! anything in the catalog speaks against their removal; and what their cut-overs replaced.

mod copies;
mod past;
mod replaced;
mod summary;
#[cfg(test)]
mod tests;

pub use copies::{Leftover, Obstacle, RestoreLeftovers, leftovers};
pub use past::PastRestore;
pub use replaced::{Replaced, replaced};
pub use summary::{LeftoverSummary, OLD_DAYS, summary};
