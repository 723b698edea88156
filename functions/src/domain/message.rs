//! The messages to on-call: what happened, what it means, and what to do next, for somebody who was asleep a minute ago.

mod advice;
mod backup;
mod builder;
#[cfg(test)]
mod catalogue;
mod chat;
mod command_options;
mod early_end;
mod event;
mod facts;
#[cfg(test)]
mod generated_document;
mod layout;
mod nightly;
mod restore;
#[cfg(test)]
mod tests;
pub(super) mod words;

pub use backup::{BackupReport, backup};
pub use builder::{Message, console_link};
pub use chat::chat;
pub use command_options::add_in_text as add_command_options;
pub use early_end::{EarlyEnd, ended, hooks_resumed};
pub use event::{Event, Severity};
pub use nightly::{DeploymentOutcome, DueDeployment, NightlyResult, NightlyRun, nightly, outcomes};
pub use restore::{
    CleanUpAction, RestoreOutcome, RestoreReport, approval_request, approve, cut_over_undone, full_details, refused,
    reject, restore, restore_ended, restore_hooks_resumed, restore_undone, waiting,
};
