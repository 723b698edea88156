//! An execution that is being watched: each poll asks Step Functions, then the catalog.

use std::collections::BTreeMap;

use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use holdfast::domain::set::Point;
use holdfast::domain::{names, pacing};
use jiff::Timestamp;
use serde_json::Value;

use super::snapshot::RunSnapshot;
use super::{failure_cause, waiting};
use crate::aws;
use crate::failure::{Failure, Result};
use crate::stack::Stack;

/// An execution that is being watched.
pub struct WatchedRun<'a> {
    stack: &'a Stack,
    client: aws_sdk_sfn::Client,
    execution: &'a str,
    deployment: String,
    id: String,
    usual: BTreeMap<String, u64>,
    waiting: waiting::StartDelays,
}

impl<'a> WatchedRun<'a> {
    /// # Errors
    /// `NotFound` if there is no such execution; `Wrong` if it is not one of `backup`.
    pub async fn new(stack: &'a Stack, execution: &'a str) -> Result<WatchedRun<'a>> {
        let client = aws_sdk_sfn::Client::new(&stack.config);
        let description = describe(&client, execution).await?;
        let deployment = deployment(&description, &stack.backup_machine)?;
        let id = names::set_id(&deployment, moment(description.start_date()), execution);
        let waiting = waiting::StartDelays::new(client.clone(), execution);
        Ok(WatchedRun {
            stack,
            client,
            execution,
            deployment,
            id,
            usual: BTreeMap::new(),
            waiting,
        })
    }

    pub async fn look(&mut self) -> Result<RunSnapshot> {
        // The execution first: if it has ended, the catalog has all of its records.
        let description = describe(&self.client, self.execution).await?;
        let catalog = &self.stack.catalog;
        let set = catalog.set(&self.deployment, &self.id).await?;
        let run = catalog.run(&self.deployment, &self.id).await?;
        let points = if set.is_some() {
            catalog.points(&self.deployment, &self.id).await?
        } else {
            Vec::new()
        };
        self.learn_usual(&points).await?;
        let mut look = RunSnapshot {
            execution: self.execution.to_owned(),
            deployment: self.deployment.clone(),
            stack_option: self.stack.option.clone(),
            id: self.id.clone(),
            status: description.status().clone(),
            started_at: moment(description.start_date()),
            stopped_at: description.stop_date().map(moment),
            cause: None,
            set,
            run,
            points,
            usual: self.usual.clone(),
            waits_for: BTreeMap::new(),
        };
        match look.has_ended() {
            true => look.cause = failure_cause::why(&self.client, &description).await,
            false => look.waits_for = self.waiting.look(self.stack, &look).await?,
        }
        Ok(look)
    }

    /// A resource's usual duration changes only when a set is sealed, so it is read once.
    async fn learn_usual(&mut self, points: &[Point]) -> Result<()> {
        for point in points {
            let name = &point.resource.name;
            if !self.usual.contains_key(name) {
                let timing = self.stack.catalog.timing(&self.deployment, name).await?;
                // Zero means "no history".
                self.usual
                    .insert(name.clone(), pacing::usual(&timing.durations).unwrap_or(0));
            }
        }
        Ok(())
    }
}

async fn describe(client: &aws_sdk_sfn::Client, execution: &str) -> Result<DescribeExecutionOutput> {
    let answer = client.describe_execution().execution_arn(execution).send().await;
    answer.map_err(|error| aws::failure("describing execution", execution, error))
}

fn deployment(description: &DescribeExecutionOutput, backup_machine: &str) -> Result<String> {
    let machine = description.state_machine_arn();
    let input = description
        .input()
        .and_then(|input| serde_json::from_str::<Value>(input).ok());
    let deployment = input
        .as_ref()
        .and_then(|input| input.get("deployment")?.as_str().map(str::to_owned));
    match deployment {
        Some(deployment) if machine == backup_machine => Ok(deployment),
        _ => Err(Failure::Wrong(format!(
            "watching execution {}: it is not the backup of one deployment, but an execution of {machine}. Watch an execution \
             of {backup_machine}; `nightly` starts one for each deployment, and `holdfast deployments --json` names the last.",
            description.execution_arn()
        ))),
    }
}

fn moment(at: &aws_smithy_types::DateTime) -> Timestamp {
    Timestamp::new(at.secs(), at.subsec_nanos() as i32).unwrap_or_default()
}
