//! Whether an execution still runs: what a lease is worth.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionError;
use aws_sdk_sfn::types::ExecutionStatus;

use crate::aws::failure;
use crate::error::Result;

/// Whether the execution of this ARN is still running; one that nobody knows any more is not.
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
