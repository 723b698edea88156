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
use crate::domain::descriptor::{Hook, HookAction};
use crate::domain::hooks::StepFunction;
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
        let name = execution_name(call, undo);
        let execution = format!("{}:{name}", machine.replacen(":stateMachine:", ":execution:", 1));
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

/// At most 80 characters: 53 of the run's id, a hyphen, and 16 of a digest.
fn execution_name(call: Call<'_>, undo: bool) -> String {
    let rest = format!("{}/{}/{}", call.hook.name, call.action(undo), call.attempt);
    format!("{}-{}", call.run.id, &names::digest(&rest)[..16])
}

fn progress(found: &DescribeExecutionOutput, call: Call<'_>, undo: bool) -> Result<HookProgress> {
    let execution = found.execution_arn();
    match found.status() {
        ExecutionStatus::Succeeded => Ok(HookProgress::Done),
        ExecutionStatus::Running | ExecutionStatus::PendingRedrive => {
            Ok(HookProgress::InProgress(format!("execution {execution}")))
        }
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
                 what it shows, then start a new run",
                call.doing(undo),
                call.hook.name
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
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::Value;

    use super::*;
    use crate::domain::hooks::HookPhase;
    use crate::testing::hooks::lists;
    use crate::testing::replay::{Exchange, Replay, answers, cut, refuses};
    use crate::testing::run;

    const MACHINE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-hook-index";

    fn hook() -> Hook {
        let hook = json!({"name": "index", "kind": "step_function", "state_machine": MACHINE, "input": {"table": "t"}});
        lists(json!([hook])).quiesce[0].clone()
    }

    async fn acted(attempt: u32, script: Vec<Exchange>) -> (Result<HookProgress>, Replay) {
        let replay = Replay::new(script);
        let driver = StepFunctionHook::from_config(&replay.config());
        let (hook, run) = (hook(), run());
        let call = Call {
            hook: &hook,
            run: &run,
            phase: HookPhase::AfterRestore,
            before: &Value::Null,
            attempt,
        };
        (driver.act(call).await, replay)
    }

    fn execution(status: &str) -> Exchange {
        let body = json!({
            "executionArn": "arn:x", "stateMachineArn": MACHINE, "status": status, "startDate": 1_795_000_000,
            "error": "IndexFailed", "cause": "two documents too large",
        });
        answers("DescribeExecution", body.to_string())
    }

    #[tokio::test]
    async fn an_execution_is_looked_for_before_it_is_started_and_told_what_to_do() {
        let (progress, replay) = acted(
            0,
            vec![
                refuses("DescribeExecution", 400, "ExecutionDoesNotExist"),
                answers(
                    "StartExecution",
                    r#"{"executionArn": "arn:x", "startDate": 1795000000}"#,
                ),
            ],
        )
        .await;
        assert!(matches!(progress.unwrap(), HookProgress::InProgress(_)));
        let played = replay.played();
        let (looked, started) = (played[0].json(), played[1].json());
        let name = started["name"].as_str().unwrap();
        assert!(
            looked["executionArn"]
                .as_str()
                .unwrap()
                .ends_with(&format!(":execution:holdfast-hook-index:{name}"))
        );
        let input: Value = serde_json::from_str(started["input"].as_str().unwrap()).unwrap();
        assert_eq!(input["action"], "after_restore");
        assert_eq!(input["input"], json!({"table": "t"}));
        assert!(name.len() <= 80);
    }

    #[tokio::test]
    async fn an_execution_is_waited_for_and_its_failure_is_the_hooks() {
        for (status, done) in [
            ("SUCCEEDED", Some(true)),
            ("RUNNING", Some(false)),
            ("FAILED", None),
            ("ABORTED", None),
        ] {
            let (progress, replay) = acted(0, vec![execution(status)]).await;
            assert_eq!(
                progress.as_ref().ok().map(|progress| *progress == HookProgress::Done),
                done
            );
            if let Err(error) = progress {
                assert_eq!(error.name(), "JobFailed");
                assert!(error.to_string().contains("IndexFailed: two documents"), "{error}");
            }
            assert_eq!(replay.played().len(), 1);
        }
    }

    #[tokio::test]
    async fn a_start_whose_answer_was_lost_is_found_again_and_another_attempt_is_another_execution() {
        let none = || refuses("DescribeExecution", 400, "ExecutionDoesNotExist");
        let (lost, first) = acted(0, vec![none(), cut("StartExecution")]).await;
        assert_eq!(lost.unwrap_err().name(), "Unavailable");
        let (again, second) = acted(
            0,
            vec![none(), refuses("StartExecution", 400, "ExecutionAlreadyExists")],
        )
        .await;
        assert!(matches!(again.unwrap(), HookProgress::InProgress(_)));
        let (_, third) = acted(
            1,
            vec![
                none(),
                answers("StartExecution", r#"{"executionArn": "a", "startDate": 1795000000}"#),
            ],
        )
        .await;
        let name = |replay: &Replay| replay.played()[1].json()["name"].clone();
        assert_eq!(name(&first), name(&second));
        assert_ne!(name(&first), name(&third));
    }

    #[tokio::test]
    async fn a_missing_and_an_express_machine_are_faults() {
        let described = |kind: &str| {
            let body = json!({"stateMachineArn": MACHINE, "name": "x", "definition": "{}", "roleArn": "r", "type": kind,
                              "creationDate": 1_795_000_000});
            answers("DescribeStateMachine", body.to_string())
        };
        for (answer, said) in [
            (described("STANDARD"), None),
            (described("EXPRESS"), Some("which is EXPRESS")),
            (
                refuses("DescribeStateMachine", 400, "StateMachineDoesNotExist"),
                Some("does not exist"),
            ),
        ] {
            let replay = Replay::new([answer]);
            let fault = StepFunctionHook::from_config(&replay.config())
                .check(&hook())
                .await
                .unwrap();
            assert_eq!(fault.is_some(), said.is_some());
            assert!(fault.is_none_or(|fault| fault.value.contains(said.unwrap())));
        }
    }
}
