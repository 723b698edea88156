//! The steps, one file a Lambda function: Input, Output, and `handle`, which reads from top to bottom. A step never
//! calls a step; what several share lies below, in `runs`.
//!
//! All of them are one program, which is built once: a function's handler says which step it serves.

pub mod ask_approval;
pub mod back_up_file_system;
pub mod back_up_table;
pub mod check_login;
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
pub mod resume;
pub mod seal_set;
pub mod set_password;
pub mod snapshot_cluster;
pub mod take_deployment;
pub mod undo_cut_over;
pub mod undo_restore;
pub mod verify_restore;

use aws_config::SdkConfig;

use crate::runtime::{self, Handler};

/// One line a step: its name, which is the handler of its function, and its module.
macro_rules! steps {
    ($($name:literal => $step:ident,)*) => {
        /// The names of all steps.
        pub const NAMES: &[&str] = &[$($name),*];

        /// The step of a name, with what it needs.
        pub fn find(name: &str, aws: &SdkConfig) -> Option<Handler> {
            match name {
                $($name => Some(runtime::handler($step::Needs::from_env(aws), $step::handle)),)*
                _ => None,
            }
        }
    };
}

steps! {
    "ask-approval" => ask_approval,
    "back-up-file-system" => back_up_file_system,
    "back-up-table" => back_up_table,
    "check-login" => check_login,
    "check-secrets" => check_secrets,
    "clean-up" => clean_up,
    "compare-resource" => compare_resource,
    "count-items" => count_items,
    "count-rows" => count_rows,
    "cut-over" => cut_over,
    "efs-access" => efs_access,
    "end-run" => end_run,
    "list-due-deployments" => list_due_deployments,
    "list-probes" => list_probes,
    "notify" => notify,
    "plan-backup" => plan_backup,
    "plan-restore" => plan_restore,
    "plan-undo-cut-over" => plan_undo_cut_over,
    "poll-status" => poll_status,
    "prune-sets" => prune_sets,
    "quiesce" => quiesce,
    "restore-cluster" => restore_cluster,
    "restore-file-system" => restore_file_system,
    "restore-table" => restore_table,
    "resume" => resume,
    "seal-set" => seal_set,
    "set-password" => set_password,
    "snapshot-cluster" => snapshot_cluster,
    "take-deployment" => take_deployment,
    "undo-cut-over" => undo_cut_over,
    "undo-restore" => undo_restore,
    "verify-restore" => verify_restore,
}
