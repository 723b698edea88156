//! Starting a state machine from a step.

use async_trait::async_trait;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use serde_json::Value;

use crate::aws::failure;
use crate::error::Result;

/// State machines that can be started.
#[async_trait]
pub trait Machines: Send + Sync {
    /// Starts an execution with this name, once: one that already exists or existed counts as started.
    async fn start(&self, machine: &str, name: &str, input: &Value) -> Result<()>;
}

/// AWS Step Functions.
pub struct Sfn {
    pub client: Client,
}

#[async_trait]
impl Machines for Sfn {
    async fn start(&self, machine: &str, name: &str, input: &Value) -> Result<()> {
        let started = self
            .client
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
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::testing::replay::{Replay, answers, refuses};

    const MACHINE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-undo-restore";

    #[tokio::test]
    async fn an_execution_is_started_once() {
        let replay = Replay::new([
            answers("StartExecution", r#"{"executionArn": "arn", "startDate": 1795000000}"#),
            refuses("StartExecution", 400, "ExecutionAlreadyExists"),
            refuses("StartExecution", 400, "StateMachineDoesNotExist"),
        ]);
        let machines = Sfn {
            client: Client::new(&replay.config()),
        };
        let input = json!({"deployment": "hubs-prod", "restore": "r"});
        machines.start(MACHINE, "r-clean-up", &input).await.unwrap();
        machines.start(MACHINE, "r-clean-up", &input).await.unwrap();
        let error = machines.start(MACHINE, "r-clean-up", &input).await.unwrap_err();
        assert!(error.to_string().contains(MACHINE), "{error}");
        let request = &replay.played()[0];
        assert_eq!(request.json()["name"], "r-clean-up");
        assert_eq!(request.json()["input"], input.to_string());
    }
}
