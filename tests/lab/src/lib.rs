//! The lab: an AWS account on this machine, for demonstrations and tests.
//!
//! One front door on one loopback port answers RDS, AWS Backup, EFS and what else MiniStack lacks, and passes
//! everything else on to MiniStack.

pub mod call;
pub mod clock;
pub mod durations;
pub mod faults;
pub mod ids;
pub mod postgres;
pub mod reaper;
pub mod service;
pub mod upstream;
pub mod world;
