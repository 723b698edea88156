//! The hook that runs shell commands on instances by Run Command, and waits until they have succeeded on each.
//!
//! `SendCommand` has no token: each command carries its run, hook, action and attempt as a comment, by which it is found again.
//! Sources: <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html>,
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html> (statuses: a command whose tags match no
//! node ends, too).

use async_trait::async_trait;
use aws_types::SdkConfig;
use serde_json::{Value, json};

use super::driver::{Call, HookDriver, HookProgress, fault, wrong_action};
use crate::aws::codes::ErrorMeaning;
use crate::aws::failure_explained;
use crate::aws::service::{CallError, Client, SSM};
use crate::domain::descriptor::{Hook, HookAction, SsmCommand};
use crate::domain::names;
use crate::error::{Error, Fault, Result};

/// AWS's own document for shell scripts on Linux.
const DOCUMENT: &str = "AWS-RunShellScript";
/// The shortest time, in seconds, that a command may wait for its node.
const SHORTEST_DELIVERY: u64 = 30;

/// Runs commands.
pub struct SsmCommandHook {
    ssm: Client,
}

impl SsmCommandHook {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            ssm: Client::new(aws, SSM),
        }
    }

    async fn advance(&self, call: Call<'_>, undo: bool) -> Result<HookProgress> {
        let sent = self.sent(call, undo).await?;
        let mut after = None;
        if undo {
            // Its own work has to end first, whichever attempt it is of; and an undo from before it undoes nothing of it.
            let acts: Vec<String> = (0..=call.attempt)
                .map(|attempt| comment(Call { attempt, ..call }, false, None))
                .collect();
            let mut acts = sent
                .iter()
                .filter(|command| acts.iter().any(|act| command["Comment"] == act.as_str()));
            if let Some(running) = acts.clone().find(|command| is_running(command)) {
                return Ok(HookProgress::InProgress(format!("command {} to end", id_of(running))));
            }
            after = acts.next().map(id_of);
        }
        let wanted = comment(call, undo, after);
        match sent.iter().find(|command| command["Comment"] == wanted.as_str()) {
            Some(command) => self.progress(command, call, undo).await,
            None => {
                let id = self.send(call, undo, &wanted).await?;
                Ok(HookProgress::InProgress(format!("command {id}")))
            }
        }
    }

    /// The commands that this run sent, the newest first.
    async fn sent(&self, call: Call<'_>, undo: bool) -> Result<Vec<Value>> {
        let since = call.run.started_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let (mut sent, mut token) = (Vec::new(), Value::Null);
        loop {
            let input = json!({
                "Filters": [{"key": "InvokedAfter", "value": since}, {"key": "DocumentName", "value": DOCUMENT}],
                "NextToken": token,
            });
            let listed = self.ssm.call("ListCommands", input).await;
            let mut listed = listed.map_err(|error| failed("looking for the commands of", call, undo, error))?;
            sent.extend(listed.take_list("Commands"));
            token = listed.take_token("NextToken");
            if token.is_null() {
                return Ok(sent);
            }
        }
    }

    async fn send(&self, call: Call<'_>, undo: bool, comment: &str) -> Result<String> {
        let command = command_of(call.hook)?;
        let lines = if undo { &command.undo } else { &command.commands };
        let targets: Vec<Value> = command
            .tags
            .iter()
            .map(|(key, value)| json!({ "Key": format!("tag:{key}"), "Values": [value] }))
            .collect();
        let input = json!({
            "DocumentName": DOCUMENT,
            "InstanceIds": (!command.instances.is_empty()).then_some(&command.instances),
            "Targets": (!targets.is_empty()).then_some(targets),
            "Comment": comment,
            "TimeoutSeconds": call.hook.timeout_seconds.max(SHORTEST_DELIVERY),
            // One failure must not keep the command from the other nodes.
            "MaxErrors": "100%",
            "MaxConcurrency": "100%",
            "Parameters": {"commands": lines, "executionTimeout": [call.hook.timeout_seconds.to_string()]},
        });
        // Whether it was sent is looked up before it is sent again.
        let sent = self.ssm.clone().without_retries().call("SendCommand", input).await;
        let mut sent = sent.map_err(|error| failed("sending the command of", call, undo, error))?;
        let id = sent.take("Command")["CommandId"].as_str().map(str::to_owned);
        id.ok_or_else(|| {
            Error::Unavailable(format!(
                "{}: sending the command of hook {}: the response names no command; it is looked for again",
                call.doing(undo),
                call.hook.name
            ))
        })
    }

    async fn progress(&self, command: &Value, call: Call<'_>, undo: bool) -> Result<HookProgress> {
        let id = command["CommandId"].as_str().unwrap_or_default();
        let count = |member: &str| command[member].as_i64().unwrap_or(0);
        let status = command["Status"].as_str().unwrap_or_default();
        if is_running(command) {
            let (done, all) = (count("CompletedCount"), count("TargetCount"));
            return Ok(HookProgress::InProgress(format!(
                "command {id}: {done} of {all} instances have run it"
            )));
        }
        let (doing, name) = (call.doing(undo), &call.hook.name);
        if count("TargetCount") == 0 {
            let target = command_of(call.hook)?.target();
            return Err(Error::JobFailed(format!(
                "{doing}: command {id} of hook {name} reached no instance: Systems Manager knows none of {target}. Check that its \
                 agent runs there, then start a new run"
            )));
        }
        let failures = count("ErrorCount") + count("DeliveryTimedOutCount");
        if status == "Success" && failures == 0 && count("CompletedCount") == count("TargetCount") {
            return Ok(HookProgress::Done);
        }
        let told = self.first_failure(id, call, undo).await?;
        let details = command["StatusDetails"].as_str().unwrap_or(status);
        Err(Error::JobFailed(format!(
            "{doing}: command {id} of hook {name} ended as {details}{told}. See its output in the Systems Manager console (Run \
             Command), correct it, then start a new run"
        )))
    }

    /// Where it failed, and how. Not the output, which may contain anything.
    async fn first_failure(&self, id: &str, call: Call<'_>, undo: bool) -> Result<String> {
        let input = json!({ "CommandId": id, "Details": true });
        let listed = self.ssm.call("ListCommandInvocations", input).await;
        let mut listed = listed.map_err(|error| failed("looking at the command of", call, undo, error))?;
        let invocations = listed.take_list("CommandInvocations");
        let failed = invocations.iter().find(|invocation| invocation["Status"] != "Success");
        Ok(failed.map_or_else(String::new, |invocation| {
            let node = invocation["InstanceId"].as_str().unwrap_or("an instance");
            let details = invocation["StatusDetails"].as_str().unwrap_or("failed");
            match invocation["CommandPlugins"][0]["ResponseCode"].as_i64() {
                Some(code) if code >= 0 => format!(": {node}: {details}, exit code {code}"),
                _ => format!(": {node}: {details}"),
            }
        }))
    }
}

impl SsmCommandHook {
    /// What Systems Manager knows of the instances; a page may be empty although more follow.
    async fn nodes(&self, hook: &Hook, filters: &Value) -> Result<Vec<Value>> {
        let (mut nodes, mut token) = (Vec::new(), Value::Null);
        loop {
            let input = json!({ "Filters": filters, "MaxResults": 50, "NextToken": token });
            let page = self.ssm.call("DescribeInstanceInformation", input).await;
            let mut page = page.map_err(|error| refused("looking for the instances of hook", &hook.name, error))?;
            nodes.extend(page.take_list("InstanceInformationList"));
            token = page.take_token("NextToken");
            if token.is_null() {
                return Ok(nodes);
            }
        }
    }
}

#[async_trait]
impl HookDriver for SsmCommandHook {
    /// Whether every node is there, and its agent answers.
    async fn check(&self, hook: &Hook) -> Result<Option<Fault>> {
        let command = command_of(hook)?;
        let filters: Vec<Value> = match command.instances.is_empty() {
            false => vec![json!({ "Key": "InstanceIds", "Values": command.instances })],
            true => command
                .tags
                .iter()
                .map(|(key, value)| json!({ "Key": format!("tag:{key}"), "Values": [value] }))
                .collect(),
        };
        let nodes = self.nodes(hook, &Value::Array(filters)).await?;
        let field = if command.instances.is_empty() {
            "tags"
        } else {
            "instances"
        };
        if nodes.len() < command.instances.len().max(1) {
            let value = format!("{}, of which Systems Manager knows {},", command.target(), nodes.len());
            let allowed = "managed nodes: instances with the SSM agent and a role for it";
            return Ok(Some(fault(hook, field, value, allowed)));
        }
        let silent = nodes.iter().find(|node| node["PingStatus"] != "Online");
        Ok(silent.map(|node| {
            let id = node["InstanceId"].as_str().unwrap_or_default();
            let status = node["PingStatus"].as_str().unwrap_or("silent");
            fault(
                hook,
                field,
                format!("{id}, which is {status},"),
                "managed nodes that are online",
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

fn failed(doing: &str, call: Call<'_>, undo: bool, error: CallError) -> Error {
    refused(&format!("{}: {doing} hook", call.doing(undo)), &call.hook.name, error)
}

fn command_of(hook: &Hook) -> Result<&SsmCommand> {
    match &hook.action {
        HookAction::SsmCommand(command) => Ok(command),
        _ => Err(wrong_action("ssm_command", hook)),
    }
}

fn is_running(command: &Value) -> bool {
    matches!(
        command["Status"].as_str(),
        Some("Pending" | "InProgress" | "Cancelling")
    )
}

fn id_of(command: &Value) -> &str {
    command["CommandId"].as_str().unwrap_or_default()
}

/// At most 100 characters: 53 of the run's id, and 16 of a digest. `after` is the command that an undo follows.
fn comment(call: Call<'_>, undo: bool, after: Option<&str>) -> String {
    let after = after.unwrap_or_default();
    let rest = format!("{}/{}/{}/{after}", call.hook.name, call.action(undo), call.attempt);
    format!("holdfast {} {}", call.run.id, &names::digest(&rest)[..16])
}

/// What a denied call means for this kind of hook.
fn refused(doing: &str, what: &str, error: CallError) -> Error {
    failure_explained(doing, what, error, |meaning| {
        (meaning == ErrorMeaning::AccessDenied).then_some("the instances need the tag HoldfastHooks=allowed")
    })
}

#[cfg(test)]
mod tests;
