//! The layer below the steps, which they share: starting backups and restores, closing a run, notifying on-call, resuming an
//! application.

pub mod approvals;
pub mod archive;
pub mod closing;
pub mod database;
pub mod descriptor_updates;
pub mod execution_input;
pub mod executions;
pub mod hooks;
pub mod jobs;
pub mod live_directories;
pub mod needs;
pub mod notifying;
pub mod planning;
pub mod protecting;
pub mod restoring;
pub mod resuming;
pub mod starting;
pub mod state_machines;
pub mod switching;
pub mod task_failures;
