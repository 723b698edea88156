//! An execution that ended before its Notify, and the message about it.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::rollback::Rollback;
use crate::catalog::Catalog;
use crate::domain::job::Run;
use crate::domain::machine::{Activity, Machine};
use crate::domain::message::{self, EarlyEnd};
use crate::domain::set::Reason;
use crate::error::Result;
use crate::runs::execution_input::{Caught, restore_of};
use crate::runs::notifying::{Execution, RunFacts, Topic, send, send_once};

/// The detail of EventBridge's event about an execution.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    pub execution_arn: String,
    pub state_machine_arn: String,
    pub status: String,
    /// Milliseconds since 1970.
    pub start_date: i64,
    /// The execution's input as JSON text; absent if too large for an event, which Holdfast's never is.
    #[serde(default)]
    pub input: Option<String>,
    #[serde(default)]
    pub error: Option<String>,
    #[serde(default)]
    pub cause: Option<String>,
}

/// An execution that ended before its Notify.
pub struct EndedExecution<'a> {
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

impl EndedExecution<'_> {
    /// Whether it was a backup; otherwise it was about a restore.
    fn is_backup(&self) -> bool {
        self.machine.activity() == Activity::BackUp
    }

    async fn read_facts(&self, run: Option<&Run>) -> Result<RunFacts> {
        let Some(run) = run else {
            return Ok(RunFacts::default());
        };
        match self.is_backup() {
            true => RunFacts::of(self.catalog, run).await,
            false => RunFacts::of_restore(self.catalog, run, restore_of(self.machine, self.request, run)).await,
        }
    }

    pub async fn notify(&self, run: Option<&Run>, lease_released: bool, rollback: Rollback) -> Result<()> {
        let known = self.read_facts(run).await?;
        let of = Execution {
            arn: &self.detail.execution_arn,
            started_at: self.started_at,
            now: self.now,
            run,
        };
        // If the machine could not notify on-call, its cause has all errors that it caught, as JSON.
        let all_caught = caught(self.detail).map(|caught| {
            let reason = caught.reason();
            format!("{}: {}: {}", reason.subject, reason.error, reason.message)
        });
        let ended = EarlyEnd {
            status: &self.detail.status,
            cause: all_caught.as_deref().or(self.detail.cause.as_deref()),
            lease_released,
        };
        let message = match self.is_backup() {
            true => message::ended(&known.backup(&of, None), &ended),
            false => {
                let why = rollback.why();
                message::restore_ended(
                    &known.restore(&of, None),
                    self.machine,
                    &ended,
                    rollback.clean_up_action(why.as_ref()),
                )
            }
        };
        send_once(
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

    /// For a run about which on-call was notified earlier, while the application was at rest.
    pub async fn notify_resumed(&self, run: &Run) -> Result<()> {
        let known = self.read_facts(Some(run)).await?;
        let of = Execution {
            arn: &run.execution,
            started_at: run.started_at,
            now: self.now,
            run: Some(run),
        };
        let message = match self.is_backup() {
            true => message::hooks_resumed(&known.backup(&of, None)),
            false => message::restore_hooks_resumed(&known.restore(&of, None)),
        };
        send(self.topic, known.topic.as_deref(), self.stacks_topic, &message).await
    }
}

/// Why the execution ended: all errors that the machine caught, if it could not notify on-call; otherwise the event's own cause.
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
        "TIMED_OUT" => "the execution timed out",
        _ => "the execution failed",
    };
    Reason {
        subject: machine.name().to_owned(),
        error: detail.error.clone().unwrap_or_else(|| detail.status.clone()),
        message: detail.cause.clone().unwrap_or_else(|| how.to_owned()),
    }
}
