//! An execution that ended without a word, and what on-call is told of it.

use jiff::Timestamp;
use serde_json::Value;

use super::taking_back::Taken;
use super::{Detail, Needs};
use crate::domain::job::Run;
use crate::domain::machine::{Activity, Machine};
use crate::domain::message::{self, Ended};
use crate::domain::set::Reason;
use crate::error::Result;
use crate::runs::execution_input::{Caught, restore_of};
use crate::runs::notifying::{Execution, Known, tell, tell_once};

/// An execution that ended without a word.
pub struct Lost<'a> {
    pub machine: Machine,
    pub request: &'a Value,
    pub detail: &'a Detail,
    pub started_at: Timestamp,
    pub now: Timestamp,
}

impl Lost<'_> {
    /// Whether it made backups; else it was about a restore.
    fn is_backup(&self) -> bool {
        self.machine.activity() == Activity::BackUp
    }

    async fn known(&self, needs: &Needs, run: Option<&Run>) -> Result<Known> {
        let Some(run) = run else {
            return Ok(Known::default());
        };
        match self.is_backup() {
            true => Known::of(&needs.catalog, run).await,
            false => Known::of_restore(&needs.catalog, run, restore_of(self.machine, self.request, run)).await,
        }
    }

    pub async fn tell(&self, needs: &Needs, run: Option<&Run>, lease_released: bool, taken: Taken) -> Result<()> {
        let known = self.known(needs, run).await?;
        let of = Execution {
            arn: &self.detail.execution_arn,
            started_at: self.started_at,
            now: self.now,
            run,
        };
        // What a machine had caught that could not tell on-call itself comes as JSON.
        let words = caught(self.detail).map(|caught| {
            let reason = caught.reason();
            format!("{}: {}: {}", reason.subject, reason.error, reason.message)
        });
        let ended = Ended {
            status: &self.detail.status,
            cause: words.as_deref().or(self.detail.cause.as_deref()),
            lease_released,
        };
        let message = match self.is_backup() {
            true => message::ended(&known.backup(&of, None), &ended),
            false => {
                let why = taken.why();
                message::restore_ended(
                    &known.restore(&of, None),
                    self.machine,
                    &ended,
                    taken.aftermath(why.as_ref()),
                )
            }
        };
        let topic = needs.topic.as_ref();
        tell_once(
            &needs.catalog,
            topic,
            &needs.stacks_topic,
            &known,
            run,
            &message,
            self.now,
        )
        .await
    }

    /// On-call had been told that the application is at rest.
    pub async fn tell_of_return(&self, needs: &Needs, run: &Run) -> Result<()> {
        let known = self.known(needs, Some(run)).await?;
        let of = Execution {
            arn: &run.execution,
            started_at: run.started_at,
            now: self.now,
            run: Some(run),
        };
        let message = match self.is_backup() {
            true => message::brought_back(&known.backup(&of, None)),
            false => message::restore_brought_back(&known.restore(&of, None)),
        };
        tell(
            needs.topic.as_ref(),
            known.topic.as_deref(),
            &needs.stacks_topic,
            &message,
        )
        .await
    }
}

/// Why it ended, in Step Functions' words where it has any; where it could not tell on-call itself, all that it had caught.
pub fn reasons(machine: Machine, detail: &Detail) -> Vec<Reason> {
    match caught(detail) {
        Some(caught) => caught.reasons(),
        None => vec![reason(machine, detail)],
    }
}

fn caught(detail: &Detail) -> Option<Caught> {
    serde_json::from_str(detail.cause.as_deref()?).ok()
}

fn reason(machine: Machine, detail: &Detail) -> Reason {
    let how = match detail.status.as_str() {
        "ABORTED" => "the execution was aborted",
        "TIMED_OUT" => "the execution ran out of its time",
        _ => "the execution broke off",
    };
    Reason {
        subject: machine.name().to_owned(),
        error: detail.error.clone().unwrap_or_else(|| detail.status.clone()),
        message: detail.cause.clone().unwrap_or_else(|| how.to_owned()),
    }
}
