//! What on-call is told: what happened, what it means, and what to do next, for somebody who was asleep a minute ago.

mod advice;
mod backup;
#[cfg(test)]
mod catalogue;
mod chat;
mod composing;
mod ended;
mod event;
mod facts;
mod layout;
mod nightly;
mod placing;
mod restore;
#[cfg(test)]
mod tests;
pub(super) mod words;

pub use backup::{Backup, backup};
pub use chat::chat;
pub use composing::{Message, console_link};
pub use ended::{Ended, brought_back, ended};
pub use event::{Event, Severity};
pub use nightly::{Due, Night, NightlyResult, Outcome, nightly, outcomes};
pub use restore::{
    Aftermath, Restore, RestoreOutcome, approve, asked, cut_over_undone, refused, reject, restore,
    restore_brought_back, restore_ended, restore_undone, shown, waiting,
};
