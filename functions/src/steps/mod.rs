//! The steps, one file for each Lambda function: Input, Output, and `handle`, which reads from top to bottom. A step never
//! calls a step; shared code is in the layer below, `runs`. `backup` and `restore` have the steps that only those machines
//! run; the others are here.
//!
//! They are two programs, each built once: a function's handler names the step that it runs. `transfers` has the steps in `transfer`,
//! and with them the client of S3, which would make every other function start later; `functions` has all others.

pub mod backup;
pub mod clean_up;
pub mod count_items;
pub mod count_rows;
pub mod efs_access;
pub mod end_run;
pub mod list_due_deployments;
pub mod notify;
pub mod quiesce;
pub mod restore;
pub mod resume;
pub mod transfer;

use aws_config::SdkConfig;

use crate::runtime::{self, Handler};

/// One line for each step of a program: its name, which is its function's handler, and its module.
macro_rules! program {
    ($names:ident $find:ident $($name:literal => $($step:ident)::+,)*) => {
        /// The names of the program's steps.
        pub const $names: &[&str] = &[$($name),*];

        /// The step of the program with this name, and what it needs.
        pub fn $find(name: &str, aws: &SdkConfig) -> Option<Handler> {
            match name {
                $($name => Some(runtime::handler($($step)::+::Needs::from_env(aws), $($step)::+::handle)),)*
                _ => None,
            }
        }
    };
}

/// The steps of the program `functions`.
macro_rules! steps {
    ($($line:tt)*) => { program! { NAMES find $($line)* } };
}

/// The steps of the program `transfers`.
macro_rules! transfers {
    ($($line:tt)*) => { program! { TRANSFERS find_transfer $($line)* } };
}

steps! {
    "ask-approval" => restore::ask_approval,
    "check-login" => restore::check_login,
    "clean-up" => clean_up,
    "compare-resource" => restore::compare_resource,
    "count-items" => count_items,
    "count-rows" => count_rows,
    "cut-over" => restore::cut_over,
    "efs-access" => efs_access,
    "end-run" => end_run,
    "follow-restore" => restore::follow_restore,
    "list-due-deployments" => list_due_deployments,
    "list-probes" => restore::list_probes,
    "notify" => notify,
    "plan-backup" => backup::plan_backup,
    "plan-restore" => restore::plan_restore,
    "plan-undo-cut-over" => restore::plan_undo_cut_over,
    "poll-status" => backup::poll_status,
    "prune-sets" => backup::prune_sets,
    "quiesce" => quiesce,
    "resume" => resume,
    "seal-set" => backup::seal_set,
    "set-password" => restore::set_password,
    "take-deployment" => restore::take_deployment,
    "undo-cut-over" => restore::undo_cut_over,
    "undo-restore" => restore::undo_restore,
    "verify-restore" => restore::verify_restore,
    // Of the kinds.
    "snapshot-cluster" => backup::start_backup,
    "restore-cluster" => restore::restore_resource,
    "back-up-file-system" => backup::start_backup,
    "restore-file-system" => restore::restore_resource,
    "back-up-table" => backup::start_backup,
    "restore-table" => restore::restore_resource,
    "check-secrets" => backup::start_backup,
    "dump-database" => backup::start_backup,
    "restore-database" => restore::restore_resource,
}

transfers! {
    "archive-access" => transfer::archive_access,
    "database-access" => transfer::database_access,
    "export-table" => transfer::export_table,
    "load-dump" => transfer::load_dump,
    "write-dump" => transfer::write_dump,
}
