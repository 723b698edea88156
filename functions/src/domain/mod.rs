//! Decisions. Nothing here waits, asks AWS, reads a clock or rolls dice: `now` is an argument.

pub mod descriptor;
pub mod duration;
pub mod job;
pub mod kinds;
pub mod lead;
pub mod looks;
pub mod machine;
pub mod message;
pub mod mounted;
pub mod names;
pub mod nearest;
pub mod night;
pub mod pacing;
pub mod rebuilding;
pub mod request;
pub mod resource;
pub mod restore;
pub mod retention;
pub mod sealing;
pub mod set;
pub mod turns;
pub mod usage;
