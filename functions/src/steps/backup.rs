//! The steps that only the machine `backup` runs.

pub mod plan_backup;
pub mod poll_status;
pub mod prune_sets;
pub mod seal_set;
pub mod start_backup;
