//! The messages of restores: of one run of `restore`, and of what takes one back.

mod asking;
mod breaking_off;
mod commands;
mod composing;
mod copies;
mod cutting_over;
mod facts;
mod failing;
mod showing;
mod succeeding;
#[cfg(test)]
pub(super) mod tests;
mod undoing;
mod waiting;

use serde::Serialize;

pub use asking::asked;
pub use breaking_off::{Aftermath, restore_brought_back, restore_ended};
pub use commands::{approve, reject};
pub use composing::{Restore, refused};
pub use showing::shown;
pub use undoing::{cut_over_undone, restore_undone};
pub use waiting::waiting;

use super::Message;
use super::facts::left_quiesced;
use crate::domain::restore::verdict::Outcome;
use crate::domain::restore::{About, RestoreStatus};

/// What a restore, or what takes one back, came to; as the machine's last choice sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RestoreOutcome {
    /// Only a plan was asked for.
    Planned,
    /// The copies are proven, and stand beside what was there.
    Verified,
    /// The copies stand beside what was there; nothing was compared.
    Restored,
    /// As `verified`, but something could not be told.
    Unproven,
    /// The application uses the copies.
    CutOver,
    /// A person said no, or nobody said anything in time.
    Rejected,
    Failed,
    /// The application uses again what it used before the restore.
    SwitchedBack,
    /// What the restore made is removed.
    Undone,
}

/// The message of a run of `restore` that reached Notify, what it came to, and whether the execution succeeded.
///
/// One that leaves the application at rest has not: the clean-up of a failed execution tries again to bring it back.
pub fn restore(restore: &Restore<'_>) -> (Message, RestoreOutcome, bool) {
    let (message, outcome, succeeded) = judged(restore);
    (message, outcome, succeeded && left_quiesced(restore.run).is_none())
}

fn judged(restore: &Restore<'_>) -> (Message, RestoreOutcome, bool) {
    let Some(record) = restore.record else {
        let message = match restore.unreadable {
            Some(_) => failing::unknown(restore),
            None => failing::not_started(restore),
        };
        return (message, RestoreOutcome::Failed, false);
    };
    let plan = &record.plan;
    let refused = restore.refused();
    match record.status {
        RestoreStatus::Planned if plan.dry_run && restore.failure.is_none() => {
            (succeeding::planned(restore, record), RestoreOutcome::Planned, true)
        }
        RestoreStatus::Planned | RestoreStatus::Failed if restore.stopped_planning() => {
            (failing::not_started(restore), RestoreOutcome::Failed, false)
        }
        RestoreStatus::Planned | RestoreStatus::Failed if refused == Some(About::Plan) => {
            (failing::rejected(restore, record), RestoreOutcome::Rejected, false)
        }
        // The application was to be switched, and was not: whoever waits for it has to hear of a failure.
        RestoreStatus::Restored if restore.stopped_switching(record) => (
            cutting_over::switched_back(restore, record),
            RestoreOutcome::Failed,
            false,
        ),
        RestoreStatus::Restored => {
            let proof = record.verification.as_ref().map(|verification| verification.outcome);
            let message = succeeding::beside(restore, record, refused == Some(About::CutOver));
            match proof {
                _ if refused.is_some() => (message, RestoreOutcome::Rejected, true),
                Some(Outcome::Verified) => (message, RestoreOutcome::Verified, true),
                Some(Outcome::Unproven) => (message, RestoreOutcome::Unproven, true),
                // Nobody keeps a copy that failed as restored: it is told as what it is.
                Some(Outcome::Failed) => (failing::failed(restore, record), RestoreOutcome::Failed, false),
                None => (message, RestoreOutcome::Restored, true),
            }
        }
        RestoreStatus::CutOver => (cutting_over::cut_over(restore, record), RestoreOutcome::CutOver, true),
        RestoreStatus::Switching => (cutting_over::stuck(restore, record), RestoreOutcome::Failed, false),
        RestoreStatus::SwitchedBack => (
            cutting_over::switched_back(restore, record),
            RestoreOutcome::Failed,
            false,
        ),
        RestoreStatus::Planned | RestoreStatus::Running | RestoreStatus::Undone | RestoreStatus::Failed => {
            (failing::failed(restore, record), RestoreOutcome::Failed, false)
        }
    }
}
