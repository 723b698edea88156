//! Asks the catalog, AWS and the switches who uses the copies of restores: before any is removed, and for people who ask what could
//! be.

pub mod lookup;
mod search;

pub use lookup::{AwsUsageLookup, UsageLookup};
pub use search::{Sources, UsageSearch};
