//! Jobs that move data without AWS's help: executions of the machine `transfer`, and what they left in the archive's bucket.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionError;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use aws_sdk_sfn::types::ExecutionStatus;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Deletion;
use super::shared::refused;
use crate::access::remote_error;
use crate::aws::functions::Functions;
use crate::aws::lazy::Lazy;
use crate::aws::{failure, timestamp};
use crate::domain::archive_access::{ArchiveDeletion, ArchiveRequest};
use crate::domain::job::Failure;
use crate::error::{Error, Result};

/// Longer than the function's own timeout, so that its response arrives first.
const PATIENCE: Duration = Duration::from_secs(310);

/// What the stack has for such jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferSettings {
    /// ARN of the machine `transfer`.
    pub machine: String,
    /// Name of the archive's bucket.
    pub bucket: String,
    /// Name of the function `archive-access`.
    pub access: String,
}

/// The progress of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum TransferProgress {
    Running,
    Succeeded { ended_at: Option<Timestamp> },
    Failed { reason: String },
}

pub struct Transfers {
    executions: Lazy<Client>,
    functions: Functions,
    settings: Option<TransferSettings>,
}

impl Transfers {
    pub fn new(aws: &SdkConfig, settings: Option<TransferSettings>) -> Self {
        Self {
            executions: Lazy::new(aws, Client::new),
            functions: Functions::new(aws),
            settings,
        }
    }

    /// # Errors
    /// `InvalidInput` if the function has no settings for these jobs.
    pub fn settings(&self) -> Result<&TransferSettings> {
        self.settings.as_ref().ok_or_else(|| {
            Error::invalid(
                "environment.TRANSFER_STATE_MACHINE_ARN",
                "(missing)",
                "a value: it comes from the stack's template; deploy the stack again",
            )
        })
    }

    /// The ARN of an execution of the machine.
    pub fn job(&self, name: &str) -> Result<String> {
        let machine = &self.settings()?.machine;
        Ok(format!(
            "{}:{name}",
            machine.replacen(":stateMachine:", ":execution:", 1)
        ))
    }

    /// Starts a job, once: an execution of this name that exists or existed is this one.
    pub async fn start(&self, name: &str, step: &str, input: Value) -> Result<()> {
        let machine = &self.settings()?.machine;
        let input = json!({ "step": step, "placement": "function", "input": input });
        let started = self
            .executions
            .start_execution()
            .state_machine_arn(machine)
            .name(name)
            .input(input.to_string())
            .send()
            .await;
        match started {
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(StartExecutionError::is_execution_already_exists) =>
            {
                Ok(())
            }
            Err(error) => Err(failure("starting the state machine", machine, error)),
            Ok(_) => Ok(()),
        }
    }

    /// Polls a job once.
    pub async fn poll(&self, job: &str) -> Result<TransferProgress> {
        let found = match self.executions.describe_execution().execution_arn(job).send().await {
            Ok(found) => found,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeExecutionError::is_execution_does_not_exist) =>
            {
                let reason = format!("its execution {job} is not there any more");
                return Ok(TransferProgress::Failed { reason });
            }
            Err(error) => return Err(failure("describing execution", job, error)),
        };
        let failed = |how: &str| {
            let cause = Failure {
                error: found.error().unwrap_or(how).to_owned(),
                cause: found.cause().unwrap_or_default().to_owned(),
            };
            let reason = format!("{}: {} (execution {job})", cause.error, cause.message());
            TransferProgress::Failed { reason }
        };
        Ok(match found.status() {
            ExecutionStatus::Succeeded => TransferProgress::Succeeded {
                ended_at: found.stop_date().and_then(timestamp),
            },
            ExecutionStatus::Failed => failed("failed"),
            ExecutionStatus::Aborted => failed("it was aborted"),
            ExecutionStatus::TimedOut => failed("it timed out"),
            // An unknown status counts as running: the deadline ends it.
            _ => TransferProgress::Running,
        })
    }

    /// Stops a job, unless it has ended.
    pub async fn stop(&self, job: &str, why: &str) -> Result<()> {
        if self.poll(job).await? != TransferProgress::Running {
            return Ok(());
        }
        let stopped = self
            .executions
            .stop_execution()
            .execution_arn(job)
            .cause(why)
            .send()
            .await;
        match stopped {
            Ok(_) => Ok(()),
            // It ended between the two calls.
            Err(_) if self.poll(job).await? != TransferProgress::Running => Ok(()),
            Err(error) => Err(failure("stopping execution", job, error)),
        }
    }

    /// Deletes what jobs left under a prefix of the archive's bucket.
    pub async fn delete(&self, prefix: &str) -> Result<Deletion> {
        let function = &self.settings()?.access;
        let doing = format!("deleting archive {prefix}: calling function");
        let unreadable = |error: serde_json::Error| Error::JobFailed(format!("{doing} {function}: {error}"));
        let request = ArchiveRequest::Delete {
            prefix: prefix.to_owned(),
        };
        let request = serde_json::to_vec(&request).map_err(unreadable)?;
        let answer = match self.functions.invoke(function, request, PATIENCE).await {
            Ok(answer) => answer,
            Err(error) => return refused(failure(&doing, function, error)),
        };
        if answer.function_error.is_some() {
            return refused(remote_error(&format!("{doing} {function}"), &answer.bytes));
        }
        let deletion: ArchiveDeletion = serde_json::from_slice(&answer.bytes).map_err(unreadable)?;
        Ok(match deletion.gone {
            true => Deletion::Gone,
            false => Deletion::Underway,
        })
    }
}
