//! Whether an execution is still running, and so whether its lease is valid.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionError;
use aws_sdk_sfn::types::ExecutionStatus;

use crate::aws::failure;
use crate::aws::lazy::Lazy;
use crate::error::Result;

/// Whether the execution with this ARN is still running; an unknown one is not.
pub async fn is_running(executions: &Client, execution: &str) -> Result<bool> {
    match executions.describe_execution().execution_arn(execution).send().await {
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

/// The part of Step Functions that a step needs to check on executions.
#[async_trait]
pub trait Executions: Send + Sync {
    /// As [`is_running`].
    async fn is_running(&self, execution: &str) -> Result<bool>;
}

pub struct StepFunctionsExecutions {
    client: Lazy<Client>,
}

impl StepFunctionsExecutions {
    pub fn new(aws: &SdkConfig) -> Self {
        Self {
            client: Lazy::new(aws, Client::new),
        }
    }
}

#[async_trait]
impl Executions for StepFunctionsExecutions {
    async fn is_running(&self, execution: &str) -> Result<bool> {
        is_running(&self.client, execution).await
    }
}
