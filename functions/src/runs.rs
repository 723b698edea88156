//! What the steps share, a floor below them: starting and restoring, closing a run, telling on-call, bringing an application
//! back.

pub mod approvals;
pub mod closing;
pub mod database;
pub mod descriptor_updates;
pub mod execution_input;
pub mod executions;
pub mod jobs;
pub mod live_directories;
pub mod needs;
pub mod notifying;
pub mod planning;
pub mod probe;
pub mod restoring;
pub mod resuming;
pub mod starting;
pub mod state_machines;
pub mod switching;
