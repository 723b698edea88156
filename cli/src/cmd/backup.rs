//! `holdfast backup`: starts the machine `backup` for one deployment.

use holdfast::domain::message::console_link;
use holdfast::domain::request::Request;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::stack::Stack;
use crate::{aws, clock, output, watch};

/// Start a backup of a deployment now
#[derive(Debug, clap::Args)]
pub struct Backup {
    /// The deployment
    #[arg(value_name = "NAME")]
    deployment: String,
    /// Show its progress until it has ended
    #[arg(long)]
    watch: bool,
}

#[derive(Debug, Serialize)]
struct StartedBackup {
    deployment: String,
    execution: String,
    console: String,
}

impl Backup {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let input = json!({ "deployment": self.deployment });
        Request::parse(&input)?;
        let stack = Stack::open_to_change(global).await?;
        self.check(&stack).await?;
        let execution = self.start(&stack, &input, clock::now()).await?;
        let started = StartedBackup {
            deployment: self.deployment.clone(),
            console: console_link(&execution),
            execution,
        };
        match global.json {
            true if self.watch => output::json_line(&started)?,
            true => output::json(&started)?,
            false => output::text(&report(&started, self.watch, &stack.option))?,
        }
        if self.watch {
            watch::interruptible(
                &stack,
                &started.execution,
                watch::follow(&stack, &started.execution, global.json),
            )
            .await
        } else {
            Ok(())
        }
    }

    /// A mistyped name, or a disabled or invalid deployment, is reported at once, not by a failed execution, which would also
    /// notify on-call.
    async fn check(&self, stack: &Stack) -> Result<()> {
        let name = &self.deployment;
        match stack.descriptor(name).await? {
            descriptor if !descriptor.enabled => Err(Failure::NotDone(format!(
                "starting the backup of deployment {name}: it is disabled. Set `enabled: true` in its descriptor and run \
                 `holdfast apply`."
            ))),
            _ => Ok(()),
        }
    }

    async fn start(&self, stack: &Stack, input: &serde_json::Value, now: Timestamp) -> Result<String> {
        let name = execution_name(&self.deployment, now);
        let doing = ("starting the backup of deployment", self.deployment.as_str());
        start_execution(stack, &stack.backup_machine, &name, input, doing).await
    }
}

/// Names an execution, so that a retry of a call whose response was lost starts nothing new: see [`execution_name`].
pub async fn start_execution(
    stack: &Stack,
    machine: &str,
    name: &str,
    input: &serde_json::Value,
    doing: (&str, &str),
) -> Result<String> {
    let answer = aws_sdk_sfn::Client::new(&stack.config)
        .start_execution()
        .state_machine_arn(machine)
        .name(name)
        .input(input.to_string())
        .send()
        .await;
    match answer {
        Ok(started) => Ok(started.execution_arn),
        // An earlier attempt, whose response was lost, started it.
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_execution_already_exists()) =>
        {
            Ok(watch::execution_arn(name, machine))
        }
        Err(error) => Err(aws::failure(doing.0, doing.1, error)),
    }
}

/// Named by us, so that a retry of a call whose response was lost starts nothing new: StartExecution with a taken name
/// returns that execution while it runs with the same input, and ExecutionAlreadyExists otherwise.
pub fn execution_name(deployment: &str, now: Timestamp) -> String {
    format!("{}-{deployment}", now.strftime("%Y%m%d-%H%M%S-%3f"))
}

fn report(started: &StartedBackup, watched: bool, stack: &str) -> String {
    let StartedBackup {
        deployment,
        execution,
        console,
    } = started;
    let next = if watched {
        String::new()
    } else {
        format!("Watch it: holdfast watch{stack} {execution}\n")
    };
    format!("Backup of {deployment} started: {execution}\n{console}\n{next}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_execution_is_named_for_its_moment_and_deployment_within_aws_limit() {
        let now = "2025-01-31T23:05:09.087Z".parse().unwrap();
        assert_eq!(execution_name("hubs-prod", now), "20250131-230509-087-hubs-prod");
        assert!(execution_name(&"a".repeat(32), now).len() <= 80);
    }

    #[test]
    fn what_to_type_next_is_told_unless_it_is_watched() {
        let started = StartedBackup {
            deployment: "hubs".into(),
            execution: "arn:x".into(),
            console: "https://c".into(),
        };
        let text = report(&started, false, " --stack hf");
        assert_eq!(
            text,
            "Backup of hubs started: arn:x\nhttps://c\nWatch it: holdfast watch --stack hf arn:x\n"
        );
        assert_eq!(report(&started, true, ""), "Backup of hubs started: arn:x\nhttps://c\n");
    }
}
