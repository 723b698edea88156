//! The steps that only the machine `backup` runs.

pub mod back_up_file_system;
pub mod back_up_table;
pub mod check_secrets;
pub mod plan_backup;
pub mod poll_status;
pub mod prune_sets;
pub mod seal_set;
pub mod snapshot_cluster;
