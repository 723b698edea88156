//! Decisions without side effects: nothing here waits, asks AWS, reads a clock or uses randomness; `now` is an argument.

pub mod catalog_rebuild;
pub mod descriptor;
pub mod duration;
pub mod efs_access;
pub mod failure;
pub mod job;
pub mod kinds;
pub mod machine;
pub mod message;
pub mod names;
pub mod nearest;
pub mod pacing;
pub mod poll_schedule;
pub mod probe;
pub mod reference;
pub mod request;
pub mod resource;
pub mod restore;
pub mod retention;
pub mod seal;
pub mod set;
pub mod skipped_times;
pub mod start_delays;
pub mod switches;
pub mod transfers;
pub mod usage;
