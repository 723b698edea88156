//! The steps, one file a Lambda function: Input, Output, and `handle`, which reads from top to bottom. A step never
//! calls a step; what several share lies in a module of its own.

pub mod ask_approval;
pub mod back_up_file_system;
pub mod back_up_table;
pub mod check_secrets;
pub mod clean_up;
pub mod compare_resource;
pub mod count_items;
pub mod count_rows;
pub mod cut_over;
pub mod efs_access;
pub mod end_run;
pub mod list_due_deployments;
pub mod list_probes;
pub mod notify;
pub mod plan_backup;
pub mod plan_restore;
pub mod plan_undo_cut_over;
pub mod poll_status;
pub mod prune_sets;
pub mod quiesce;
pub mod restore_cluster;
pub mod restore_file_system;
pub mod restore_table;
pub mod restoring;
pub mod resume;
pub mod seal_set;
pub mod snapshot_cluster;
pub mod start;
pub mod undo_cut_over;
pub mod undo_restore;
pub mod verify_restore;

mod ending;
mod executions;
mod jobs;
mod machine;
mod machines;
mod needs;
mod planning;
mod probe;
#[cfg(test)]
pub(crate) mod restored;
mod resuming;
mod switching;
mod telling;
#[cfg(test)]
pub(crate) mod testing;
