//! Decisions. Nothing here waits, asks AWS, reads a clock or rolls dice: `now` is an argument.

pub mod job;
pub mod resource;
pub mod set;
