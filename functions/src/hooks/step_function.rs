//! The hook that executes a state machine of the deployment's owner with `{"action": "quiesce" | "resume" | "after_restore",
//! "deployment": …, "set": …, "hook": …, "input": …}` and waits for its end.
//!
//! The execution's name is a function of the run, the hook, the action and the attempt: an execution that was started by a call
//! whose answer was lost is found again.
//! Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html> (idempotence by name).

use async_trait::async_trait;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::{DescribeExecutionError, DescribeExecutionOutput};
use aws_sdk_sfn::operation::describe_state_machine::DescribeStateMachineError;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use aws_sdk_sfn::types::{ExecutionStatus, StateMachineType};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use serde_json::json;

use super::driver::{Call, HookDriver, HookProgress, fault, wrong_action};
use crate::aws::codes::ErrorMeaning;
use crate::aws::failure_explained;
use crate::aws::lazy::Lazy;
use crate::domain::descriptor::{Hook, HookAction, StepFunction};
use crate::domain::names;
use crate::error::{Error, Fault, Result};

/// Executes state machines.
pub struct StepFunctionHook {
    sfn: Lazy<Client>,
}

/// Maximum length of an execution's own error in a message, in characters.
const WORDS: usize = 500;

impl StepFunctionHook {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            sfn: Lazy::new(aws, Client::new),
        }
    }

    /// Looks for the execution, and starts it if there is none.
    async fn advance(&self, call: Call<'_>, undo: bool) -> Result<HookProgress> {
        let machine = &machine_of(call.hook)?.state_machine;
        let executions = machine.replacen(":stateMachine:", ":execution:", 1);
        let mut after = String::new();
        if undo {
            // Its own work has to end first, whichever attempt it is of; and an undo from before it undoes nothing of it.
            for attempt in (0..=call.attempt).rev() {
                let act = execution_name(Call { attempt, ..call }, false, "");
                let Some(found) = self.describe(&format!("{executions}:{act}"), call, undo).await? else {
                    continue;
                };
                if is_running(&found) {
                    return Ok(HookProgress::InProgress(format!(
                        "execution {} to end",
                        found.execution_arn()
                    )));
                }
                after = act;
                break;
            }
        }
        let name = execution_name(call, undo, &after);
        let execution = format!("{executions}:{name}");
        match self.describe(&execution, call, undo).await? {
            Some(found) => progress(&found, call, undo),
            None => {
                self.start(machine, name, call, undo).await?;
                Ok(HookProgress::InProgress(format!("execution {execution}")))
            }
        }
    }

    async fn describe(&self, execution: &str, call: Call<'_>, undo: bool) -> Result<Option<DescribeExecutionOutput>> {
        let described = self.sfn.describe_execution().execution_arn(execution).send().await;
        match described {
            Ok(found) => Ok(Some(found)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeExecutionError::is_execution_does_not_exist) =>
            {
                Ok(None)
            }
            Err(error) => {
                let what = format!("{execution} of hook {}", call.hook.name);
                Err(refused(
                    &format!("{}: looking at execution", call.doing(undo)),
                    &what,
                    error,
                ))
            }
        }
    }

    async fn start(&self, machine: &str, name: String, call: Call<'_>, undo: bool) -> Result<()> {
        let input = json!({
            "action": call.action(undo),
            "deployment": call.run.deployment,
            "set": call.run.id,
            "hook": call.hook.name,
            "input": machine_of(call.hook)?.input,
        });
        let started = self
            .sfn
            .start_execution()
            .state_machine_arn(machine)
            .name(name)
            .input(input.to_string())
            .send()
            .await;
        match started {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(StartExecutionError::is_execution_already_exists) =>
            {
                Ok(())
            }
            Err(error) => {
                let what = format!("{machine} of hook {}", call.hook.name);
                Err(refused(
                    &format!("{}: executing state machine", call.doing(undo)),
                    &what,
                    error,
                ))
            }
        }
    }
}

#[async_trait]
impl HookDriver for StepFunctionHook {
    async fn check(&self, hook: &Hook) -> Result<Option<Fault>> {
        let machine = &machine_of(hook)?.state_machine;
        let described = self
            .sfn
            .describe_state_machine()
            .state_machine_arn(machine)
            .send()
            .await;
        let found = match described {
            Ok(found) => found,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeStateMachineError::is_state_machine_does_not_exist) =>
            {
                let value = format!("{machine}, which does not exist,");
                return Ok(Some(fault(
                    hook,
                    "state_machine",
                    value,
                    "the ARN of a state machine that exists",
                )));
            }
            Err(error) => {
                let what = format!("{machine} of hook {}", hook.name);
                return Err(refused("looking for state machine", &what, error));
            }
        };
        // The executions of an express one cannot be described.
        let allowed = "a state machine of type STANDARD, whose executions can be looked at";
        Ok((*found.r#type() != StateMachineType::Standard).then(|| {
            fault(
                hook,
                "state_machine",
                format!("{machine}, which is {},", found.r#type()),
                allowed,
            )
        }))
    }

    async fn act(&self, call: Call<'_>) -> Result<HookProgress> {
        self.advance(call, false).await
    }

    async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
        self.advance(call, true).await
    }
}

fn machine_of(hook: &Hook) -> Result<&StepFunction> {
    match &hook.action {
        HookAction::StepFunction(machine) => Ok(machine),
        _ => Err(wrong_action("step_function", hook)),
    }
}

fn is_running(found: &DescribeExecutionOutput) -> bool {
    matches!(
        found.status(),
        ExecutionStatus::Running | ExecutionStatus::PendingRedrive
    )
}

/// `after` is the execution that an undo follows. At most 80 characters: 53 of the run's id, a hyphen, and 16 of a digest.
fn execution_name(call: Call<'_>, undo: bool, after: &str) -> String {
    let rest = format!("{}/{}/{}/{after}", call.hook.name, call.action(undo), call.attempt);
    format!("{}-{}", call.run.id, &names::digest(&rest)[..16])
}

fn progress(found: &DescribeExecutionOutput, call: Call<'_>, undo: bool) -> Result<HookProgress> {
    let execution = found.execution_arn();
    match found.status() {
        _ if is_running(found) => Ok(HookProgress::InProgress(format!("execution {execution}"))),
        ExecutionStatus::Succeeded => Ok(HookProgress::Done),
        status => {
            let told = [found.error(), found.cause()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(": ");
            let told: String = told.chars().take(WORDS).collect();
            let told = if told.is_empty() {
                "no error is given".to_owned()
            } else {
                told
            };
            Err(Error::JobFailed(format!(
                "{}: execution {execution} of hook {} ended as {status}: {told}. Open it in the Step Functions console, correct \
                 what it shows, then {}",
                call.doing(undo),
                call.hook.name,
                call.next(undo)
            )))
        }
    }
}

/// A refused call, with what a denied one means for this kind of hook.
fn refused<E>(doing: &str, what: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    failure_explained(doing, what, error, |meaning| {
        (meaning == ErrorMeaning::AccessDenied)
            .then_some("its name has to match the stack's parameter HookStateMachinePattern")
    })
}

#[cfg(test)]
mod tests;
