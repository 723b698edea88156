//! What steps ask of Step Functions: whether the execution that holds a deployment still runs.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionError;
use aws_sdk_sfn::types::ExecutionStatus;

use crate::aws::failure;
use crate::error::Result;

#[async_trait]
pub trait Executions: Send + Sync {
    /// Whether the execution of this ARN is still running; one that nobody knows any more is not.
    async fn is_running(&self, execution: &str) -> Result<bool>;
}

/// Step Functions' own.
pub struct StepFunctions(aws_sdk_sfn::Client);

impl StepFunctions {
    pub fn new(aws: &SdkConfig) -> Self {
        Self(aws_sdk_sfn::Client::new(aws))
    }
}

#[async_trait]
impl Executions for StepFunctions {
    async fn is_running(&self, execution: &str) -> Result<bool> {
        match self.0.describe_execution().execution_arn(execution).send().await {
            Ok(found) => Ok(matches!(
                found.status(),
                ExecutionStatus::Running | ExecutionStatus::PendingRedrive
            )),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeExecutionError::is_execution_does_not_exist) =>
            {
                Ok(false)
            }
            Err(error) => Err(failure("looking up execution", execution, error)),
        }
    }
}
