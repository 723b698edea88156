//! The account and the Region that a lab emulates.

/// The account of everything in a lab.
pub const ACCOUNT: &str = "000000000000";

/// The Region of a lab.
pub const REGION: &str = "us-east-1";
