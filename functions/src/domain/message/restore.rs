//! The messages of restores: of one run of `restore`, and of the runs that undo one.

mod approval;
mod builder;
mod capacity_wait;
mod commands;
mod copies;
mod cut_over;
mod details;
mod early_end;
mod facts;
mod failure;
mod success;
#[cfg(test)]
pub(super) mod tests;
mod undo;

use serde::Serialize;

pub use approval::approval_request;
pub use builder::{RestoreReport, refused};
pub use capacity_wait::waiting;
pub use commands::{approve, reject};
pub use details::full_details;
pub use early_end::{CleanUpAction, restore_ended, restore_hooks_resumed};
pub use undo::{cut_over_undone, restore_undone};

use super::Message;
use super::facts::left_quiesced;
use crate::domain::restore::verdict::VerificationOutcome;
use crate::domain::restore::{About, RestoreStatus};

/// The outcome of a restore, or of its undo, for the machine's last choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RestoreOutcome {
    /// Only a plan was requested.
    Planned,
    /// The copies are verified; the application was not switched to them.
    Verified,
    /// The copies exist, but were not compared; the application was not switched to them.
    Restored,
    /// As `verified`, but something could not be determined.
    Unproven,
    /// The application uses the copies.
    CutOver,
    /// A person said no, or nobody answered in time.
    Rejected,
    Failed,
    /// The application uses again what it used before the restore.
    SwitchedBack,
    /// The copies that the restore created are removed.
    Undone,
}

/// The message of a run of `restore` that reached Notify, its outcome, and whether the execution succeeded.
///
/// It has not if the application is still quiesced: the clean-up of a failed execution tries again to resume it. Nor has it if a hook
/// failed that had to follow the restore, although what was restored is in use.
pub fn restore(restore: &RestoreReport<'_>) -> (Message, RestoreOutcome, bool) {
    let (message, outcome, succeeded) = message_and_outcome(restore);
    let complete = left_quiesced(restore.run).is_none() && restore.failed_follow_up().is_none();
    (message, outcome, succeeded && complete)
}

fn message_and_outcome(restore: &RestoreReport<'_>) -> (Message, RestoreOutcome, bool) {
    let Some(record) = restore.record else {
        let message = match restore.unreadable {
            Some(_) => failure::unknown(restore),
            None => failure::not_started(restore),
        };
        return (message, RestoreOutcome::Failed, false);
    };
    let plan = &record.plan;
    let refused = restore.refused();
    match record.status {
        RestoreStatus::Planned if plan.dry_run && restore.failure.is_none() => {
            (success::planned(restore, record), RestoreOutcome::Planned, true)
        }
        RestoreStatus::Planned | RestoreStatus::Failed if restore.stopped_planning() => {
            (failure::not_started(restore), RestoreOutcome::Failed, false)
        }
        RestoreStatus::Planned | RestoreStatus::Failed if refused == Some(About::Plan) => {
            (failure::rejected(restore, record), RestoreOutcome::Rejected, false)
        }
        // A requested cut-over did not take place: whoever waits for it must be notified of a failure.
        RestoreStatus::Restored if restore.stopped_switching(record) => {
            (cut_over::switched_back(restore, record), RestoreOutcome::Failed, false)
        }
        RestoreStatus::Restored => {
            let proof = record.verification.as_ref().map(|verification| verification.outcome);
            let message = success::restored(restore, record, refused == Some(About::CutOver));
            match proof {
                _ if refused.is_some() => (message, RestoreOutcome::Rejected, true),
                Some(VerificationOutcome::Verified) => (message, RestoreOutcome::Verified, true),
                Some(VerificationOutcome::Unproven) => (message, RestoreOutcome::Unproven, true),
                // A copy that failed its verification is reported as a failure.
                Some(VerificationOutcome::Failed) => (failure::failed(restore, record), RestoreOutcome::Failed, false),
                None => (message, RestoreOutcome::Restored, true),
            }
        }
        RestoreStatus::CutOver => (cut_over::cut_over(restore, record), RestoreOutcome::CutOver, true),
        RestoreStatus::Switching => (cut_over::stuck(restore, record), RestoreOutcome::Failed, false),
        RestoreStatus::SwitchedBack => (cut_over::switched_back(restore, record), RestoreOutcome::Failed, false),
        RestoreStatus::Planned | RestoreStatus::Running | RestoreStatus::Undone | RestoreStatus::Failed => {
            (failure::failed(restore, record), RestoreOutcome::Failed, false)
        }
    }
}
