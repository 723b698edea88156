//! Whose account a lab plays, and in which Region.

/// The account that everything in a lab belongs to.
pub const ACCOUNT: &str = "000000000000";

/// The Region that a lab plays.
pub const REGION: &str = "us-east-1";
