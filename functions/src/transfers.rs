//! Jobs that move data ourselves (the machine `transfer`), and the functions that reach databases and the stack's archive
//! (`database-access`, `archive-access`): for kinds and switches, which themselves run where neither can be reached.

mod answers;
#[cfg(test)]
mod tests;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionError;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use aws_sdk_sfn::types::ExecutionStatus;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aws::functions::Functions;
use crate::aws::lazy::Lazy;
use crate::aws::{code, failure, timestamp};
use crate::domain::job::Failure;
use crate::domain::transfers::Transfer;
use crate::domain::transfers::archive_access::ArchiveRequest;
use crate::domain::transfers::database_access::{DatabaseAction, DatabaseRequest, ServerAddress};
use crate::error::{Class, Error, Result};

/// Longer than the functions' own timeouts, so that their responses arrive first.
const PATIENCE: Duration = Duration::from_secs(320);

/// What of the stack moves data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferSettings {
    /// ARN of the machine `transfer`.
    pub machine: String,
    /// Name of the archive's bucket.
    pub bucket: String,
}

/// Starts, polls and stops jobs, and calls the two functions.
pub struct Transfers {
    functions: Functions,
    executions: Lazy<Client>,
    settings: TransferSettings,
    /// What to do where the functions may not be called.
    if_denied: Option<&'static str>,
}

/// A job that was started, now or by an earlier call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedTransfer {
    /// ARN of its execution.
    pub execution: String,
    pub started_at: Timestamp,
}

/// What a job has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferState {
    Running,
    Succeeded {
        ended_at: Option<Timestamp>,
    },
    /// The step's own error, or what Step Functions reports.
    Failed(Failure),
    /// Step Functions has no such execution: it was never started, or ended more than 90 days ago.
    Unknown,
}

impl Transfers {
    pub fn new(aws: &SdkConfig, settings: TransferSettings) -> Self {
        Self {
            functions: Functions::new(aws),
            executions: Lazy::new(aws, Client::new),
            settings,
            if_denied: None,
        }
    }

    /// The same, with what to do where the functions may not be called.
    pub fn if_denied(self, advice: &'static str) -> Self {
        Self {
            if_denied: Some(advice),
            ..self
        }
    }

    /// The name of the archive's bucket.
    pub fn bucket(&self) -> &str {
        &self.settings.bucket
    }

    /// The ARN of an object of the archive.
    pub fn object_arn(&self, key: &str) -> String {
        let partition = self.settings.machine.split(':').nth(1).unwrap_or("aws");
        format!("arn:{partition}:s3:::{}/{key}", self.settings.bucket)
    }

    /// The ARN of the execution with a name.
    pub fn execution(&self, name: &str) -> String {
        format!(
            "{}:{name}",
            self.settings.machine.replacen(":stateMachine:", ":execution:", 1)
        )
    }

    /// Starts a job under a name, once. A name that was used within 90 days is that job, whether or not it succeeded (API reference of
    /// `StartExecution`).
    pub async fn start(&self, name: &str, transfer: &Transfer) -> Result<StartedTransfer> {
        let input = serde_json::to_string(transfer)
            .map_err(|error| Error::VerificationFailed(format!("starting {name}: {error}")))?;
        let call = self
            .executions
            .start_execution()
            .state_machine_arn(&self.settings.machine);
        match call.name(name).input(input).send().await {
            Ok(started) => Ok(StartedTransfer {
                started_at: started_time(Some(started.start_date()), name)?,
                execution: started.execution_arn,
            }),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(StartExecutionError::is_execution_already_exists) =>
            {
                let execution = self.execution(name);
                let found = self
                    .executions
                    .describe_execution()
                    .execution_arn(&execution)
                    .send()
                    .await;
                let found = found.map_err(|error| failure("describing execution", &execution, error))?;
                Ok(StartedTransfer {
                    started_at: started_time(Some(found.start_date()), name)?,
                    execution,
                })
            }
            Err(error) => Err(failure("starting a job of the machine", &self.settings.machine, error)),
        }
    }

    /// What a job has come to.
    pub async fn look(&self, execution: &str) -> Result<TransferState> {
        let found = match self
            .executions
            .describe_execution()
            .execution_arn(execution)
            .send()
            .await
        {
            Ok(found) => found,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeExecutionError::is_execution_does_not_exist) =>
            {
                return Ok(TransferState::Unknown);
            }
            Err(error) => return Err(failure("describing execution", execution, error)),
        };
        let failed = |error: &str, cause: &str| {
            TransferState::Failed(Failure {
                error: found.error().unwrap_or(error).to_owned(),
                cause: found.cause().unwrap_or(cause).to_owned(),
            })
        };
        Ok(match found.status() {
            ExecutionStatus::Succeeded => TransferState::Succeeded {
                ended_at: found.stop_date().and_then(timestamp),
            },
            ExecutionStatus::Failed => failed("JobFailed", "its execution failed without a cause"),
            ExecutionStatus::TimedOut => failed("DeadlineExceeded", "its execution took too long and was ended"),
            ExecutionStatus::Aborted => failed("JobFailed", "its execution was aborted"),
            // An unknown status counts as in progress: the deadline ends it.
            _ => TransferState::Running,
        })
    }

    /// Stops a job that is running. One that has ended, or does not exist, is no error.
    pub async fn stop(&self, execution: &str, cause: &str) -> Result<()> {
        if self.look(execution).await? != TransferState::Running {
            return Ok(());
        }
        let call = self.executions.stop_execution().execution_arn(execution);
        let Err(error) = call.error("JobFailed").cause(cause).send().await else {
            return Ok(());
        };
        // It may have ended meanwhile, which AWS's reference leaves open.
        let refused = failure("stopping execution", execution, error);
        match refused.class() == Class::Final && self.look(execution).await? != TransferState::Running {
            true => Ok(()),
            false => Err(refused),
        }
    }

    /// Asks the function that reaches databases.
    ///
    /// # Errors
    /// The function's own, under their names.
    pub async fn database<A: DeserializeOwned>(&self, server: &ServerAddress, action: DatabaseAction) -> Result<A> {
        let request = DatabaseRequest {
            server: server.clone(),
            action,
        };
        self.invoke("database-access", &request).await
    }

    /// Asks the function that reaches the archive.
    ///
    /// # Errors
    /// The function's own, under their names.
    pub async fn archive<A: DeserializeOwned>(&self, request: &ArchiveRequest) -> Result<A> {
        self.invoke("archive-access", request).await
    }

    async fn invoke<A: DeserializeOwned>(&self, step: &str, request: &impl Serialize) -> Result<A> {
        let function = self.function(step);
        let doing = format!("calling function {function}");
        let unreadable = |error: serde_json::Error| {
            Error::JobFailed(format!(
                "{doing}: {error}. Deploy the stack again, so that its functions have one version"
            ))
        };
        let payload = serde_json::to_vec(request).map_err(unreadable)?;
        let answer = match self.functions.invoke(&function, payload, PATIENCE).await {
            Ok(answer) => answer,
            Err(error) if code(&error) == Some("ResourceNotFoundException") => {
                return Err(Error::NotFound(format!(
                    "{doing}: there is no such function. Deploy the stack again"
                )));
            }
            Err(error) => {
                let failed = failure("calling function", &function, error);
                return Err(match (failed, self.if_denied) {
                    (Error::AccessDenied(text), Some(advice)) => Error::AccessDenied(format!("{text} {advice}")),
                    (failed, _) => failed,
                });
            }
        };
        match answer.function_error {
            Some(_) => Err(answers::error(&doing, &answer.bytes)),
            None => serde_json::from_slice(&answer.bytes).map_err(unreadable),
        }
    }

    /// The name of a step's function in the machine's stack.
    fn function(&self, step: &str) -> String {
        let machine = self.settings.machine.rsplit(':').next().unwrap_or_default();
        format!("{}-{step}", machine.strip_suffix("-transfer").unwrap_or(machine))
    }
}

fn started_time(at: Option<&aws_smithy_types::DateTime>, name: &str) -> Result<Timestamp> {
    at.and_then(timestamp).ok_or_else(|| {
        Error::Unavailable(format!(
            "starting {name}: Step Functions named no time. It is asked again"
        ))
    })
}
