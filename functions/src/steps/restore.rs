//! The steps of a restore and of its undo: of the machines `restore`, `undo-restore` and `undo-cut-over`.

pub mod ask_approval;
pub mod check_login;
pub mod compare_resource;
pub mod cut_over;
pub mod follow_restore;
pub mod list_probes;
pub mod plan_restore;
pub mod plan_undo_cut_over;
pub mod restore_resource;
pub mod set_password;
pub mod take_deployment;
pub mod undo_cut_over;
pub mod undo_restore;
pub mod verify_restore;
