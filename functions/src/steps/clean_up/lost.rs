//! An execution that ended without a word, and what on-call is told of it.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::taking_back::Taken;
use crate::catalog::Catalog;
use crate::domain::job::Run;
use crate::domain::machine::{Activity, Machine};
use crate::domain::message::{self, Ended};
use crate::domain::set::Reason;
use crate::error::Result;
use crate::runs::execution_input::{Caught, restore_of};
use crate::runs::notifying::{Execution, Known, Topic, tell, tell_once};

/// What EventBridge's event says of an execution.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    pub execution_arn: String,
    pub state_machine_arn: String,
    pub status: String,
    /// Milliseconds since 1970.
    pub start_date: i64,
    /// The execution's input as JSON text; absent where it was too large for an event, which ours never is.
    #[serde(default)]
    pub input: Option<String>,
    #[serde(default)]
    pub error: Option<String>,
    #[serde(default)]
    pub cause: Option<String>,
}

/// An execution that ended without a word.
pub struct Lost<'a> {
    pub catalog: &'a Catalog,
    pub topic: &'a dyn Topic,
    /// ARN of the stack's on-call topic.
    pub stacks_topic: &'a str,
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

    async fn known(&self, run: Option<&Run>) -> Result<Known> {
        let Some(run) = run else {
            return Ok(Known::default());
        };
        match self.is_backup() {
            true => Known::of(self.catalog, run).await,
            false => Known::of_restore(self.catalog, run, restore_of(self.machine, self.request, run)).await,
        }
    }

    pub async fn tell(&self, run: Option<&Run>, lease_released: bool, taken: Taken) -> Result<()> {
        let known = self.known(run).await?;
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
        tell_once(
            self.catalog,
            self.topic,
            self.stacks_topic,
            &known,
            run,
            &message,
            self.now,
        )
        .await
    }

    /// On-call had been told that the application is at rest.
    pub async fn tell_of_return(&self, run: &Run) -> Result<()> {
        let known = self.known(Some(run)).await?;
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
        tell(self.topic, known.topic.as_deref(), self.stacks_topic, &message).await
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
