//! Executions of the stack's state machines: start, wait, inspect.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::aws::{Aws, text};
use crate::wait::until;

/// How an execution ended.
#[derive(Debug, Clone)]
pub struct Ended {
    pub arn: String,
    /// AWS's status: `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`.
    pub status: String,
    pub output: Value,
    pub error: String,
    pub cause: String,
}

/// Starts an execution; returns its ARN.
pub async fn start(aws: &Aws, machine: &str, input: &Value) -> Result<String> {
    let answer = aws
        .json(
            "states",
            "AWSStepFunctions.StartExecution",
            json!({ "stateMachineArn": machine, "input": input.to_string() }),
        )
        .await?;
    Ok(text(&answer, "/executionArn")?.to_owned())
}

/// Waits for the end of an execution.
pub async fn ended(aws: &Aws, execution: &str, limit: Duration) -> Result<Ended> {
    until(&format!("{execution} ends"), limit, || now(aws, execution)).await
}

/// How an execution has ended; `None` while it runs.
pub async fn now(aws: &Aws, execution: &str) -> Result<Option<Ended>> {
    let answer = aws
        .json(
            "states",
            "AWSStepFunctions.DescribeExecution",
            json!({ "executionArn": execution }),
        )
        .await?;
    let status = text(&answer, "/status")?;
    if status == "RUNNING" {
        return Ok(None);
    }
    let field = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Some(Ended {
        arn: execution.to_owned(),
        status: status.to_owned(),
        output: serde_json::from_str(&field("output")).unwrap_or(Value::Null),
        error: field("error"),
        cause: field("cause"),
    }))
}

/// Starts an execution and waits for its end.
pub async fn run(aws: &Aws, machine: &str, input: &Value, limit: Duration) -> Result<Ended> {
    let execution = start(aws, machine, input).await?;
    ended(aws, &execution, limit).await
}

/// The whole event history of an execution.
pub async fn history(aws: &Aws, execution: &str) -> Result<Vec<Value>> {
    let mut events = Vec::new();
    let mut token = Value::Null;
    loop {
        let mut request = json!({ "executionArn": execution, "maxResults": 1000, "includeExecutionData": true });
        if !token.is_null() {
            request["nextToken"] = token;
        }
        let answer = aws
            .json("states", "AWSStepFunctions.GetExecutionHistory", request)
            .await?;
        events.extend(answer["events"].as_array().cloned().unwrap_or_default());
        token = answer["nextToken"].clone();
        if token.is_null() {
            return Ok(events);
        }
    }
}
