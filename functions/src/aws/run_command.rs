//! Run Command of Systems Manager: shell scripts on instances, which hooks and switches send, look for and wait for.
//!
//! `SendCommand` has no token: each command carries a comment of its sender, by which it is found again.
//! Sources: <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html>,
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html> (statuses: a command whose tags match no
//! node ends, too).

use std::collections::BTreeMap;

use aws_types::SdkConfig;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::aws::codes::ErrorMeaning;
use crate::aws::failure_explained;
use crate::aws::lazy::Lazy;
use crate::aws::service::{CallError, Client, SSM};
use crate::error::{Error, Result};

/// AWS's own document for shell scripts on Linux.
const DOCUMENT: &str = "AWS-RunShellScript";
/// The filter for the tag that the policies of `infra/hooks/ssm_command.yaml` and `infra/switches/ssm_command.yaml` ask for: key, value.
const ALLOWING_TAG: (&str, &str) = ("tag:HoldfastHooks", "allowed");
/// The shortest time, in seconds, that a command may wait for its node.
const SHORTEST_DELIVERY: u64 = 30;

/// Sends commands, and looks at them.
pub struct RunCommand {
    ssm: Lazy<Client>,
}

/// Who sends commands, for errors: `quiescing` and `hook maintenance`.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    pub doing: &'a str,
    pub name: &'a str,
}

/// The nodes on which a script runs: those with these ids, or with all of these tags.
#[derive(Debug, Clone, Copy)]
pub struct Nodes<'a> {
    pub instances: &'a [String],
    pub tags: &'a BTreeMap<String, String>,
    /// The same, for a person.
    pub words: &'a str,
}

/// One script to send.
#[derive(Debug, Clone, Copy)]
pub struct Script<'a> {
    pub nodes: Nodes<'a>,
    pub lines: &'a [String],
    /// At most 100 characters.
    pub comment: &'a str,
    /// Seconds that it may wait for its node.
    pub delivery_seconds: u64,
    /// Seconds that it may run.
    pub run_seconds: u64,
}

/// A command that was sent.
pub struct Command(Value);

/// The progress of a command.
#[derive(Debug, PartialEq, Eq)]
pub enum CommandProgress {
    /// How many nodes have run it, as text.
    Running(String),
    Succeeded,
    /// Why it failed, without what follows from that.
    Failed(String),
}

/// Nodes on which no script can run: the field that names them, what is wrong, and what is allowed.
#[derive(Debug, PartialEq, Eq)]
pub struct NodeFault {
    pub field: &'static str,
    pub value: String,
    pub allowed: &'static str,
}

impl Nodes<'_> {
    fn by_tag(&self) -> Vec<Value> {
        let tags = self.tags.iter();
        tags.map(|(key, value)| json!({ "Key": format!("tag:{key}"), "Values": [value] }))
            .collect()
    }
}

impl Command {
    pub fn id(&self) -> &str {
        self.0["CommandId"].as_str().unwrap_or_default()
    }

    pub fn comment(&self) -> &str {
        self.0["Comment"].as_str().unwrap_or_default()
    }

    pub fn is_running(&self) -> bool {
        matches!(self.0["Status"].as_str(), Some("Pending" | "InProgress" | "Cancelling"))
    }

    fn count(&self, member: &str) -> i64 {
        self.0[member].as_i64().unwrap_or(0)
    }
}

impl RunCommand {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            ssm: Lazy::new(aws, |aws| Client::new(aws, SSM)),
        }
    }

    /// The commands that were sent since a time, the newest first.
    pub async fn sent(&self, since: Timestamp, sender: Sender<'_>) -> Result<Vec<Command>> {
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let (mut sent, mut token) = (Vec::new(), Value::Null);
        loop {
            let input = json!({
                "Filters": [{"key": "InvokedAfter", "value": since}, {"key": "DocumentName", "value": DOCUMENT}],
                "NextToken": token,
            });
            let listed = self.ssm.call("ListCommands", input).await;
            let mut listed = listed.map_err(|error| refused("looking for the commands of", sender, error))?;
            sent.extend(listed.take_list("Commands").into_iter().map(Command));
            token = listed.take_token("NextToken");
            if token.is_null() {
                return Ok(sent);
            }
        }
    }

    /// Sends a script; returns the command's id.
    pub async fn send(&self, script: Script<'_>, sender: Sender<'_>) -> Result<String> {
        let (instances, targets) = (script.nodes.instances, script.nodes.by_tag());
        let input = json!({
            "DocumentName": DOCUMENT,
            "InstanceIds": (!instances.is_empty()).then_some(instances),
            "Targets": (!targets.is_empty()).then_some(targets),
            "Comment": script.comment,
            "TimeoutSeconds": script.delivery_seconds.max(SHORTEST_DELIVERY),
            // One failure must not keep the command from the other nodes.
            "MaxErrors": "100%",
            "MaxConcurrency": "100%",
            "Parameters": {"commands": script.lines, "executionTimeout": [script.run_seconds.to_string()]},
        });
        // Whether it was sent is looked up before it is sent again.
        let sent = self.ssm.clone().without_retries().call("SendCommand", input).await;
        let mut sent = sent.map_err(|error| refused("sending the command of", sender, error))?;
        let id = sent.take("Command")["CommandId"].as_str().map(str::to_owned);
        id.ok_or_else(|| {
            Error::Unavailable(format!(
                "{}: sending the command of {}: the response names no command; it is looked for again",
                sender.doing, sender.name
            ))
        })
    }

    /// How far a command is.
    pub async fn progress(&self, command: &Command, nodes: Nodes<'_>, sender: Sender<'_>) -> Result<CommandProgress> {
        let (id, doing, name) = (command.id(), sender.doing, sender.name);
        let (all, completed) = (command.count("TargetCount"), command.count("CompletedCount"));
        if command.is_running() {
            return Ok(CommandProgress::Running(format!(
                "command {id}: {completed} of {all} instances have run it"
            )));
        }
        if all == 0 {
            return Ok(CommandProgress::Failed(format!(
                "{doing}: command {id} of {name} reached no instance: Systems Manager knows none of {}. Check that its agent runs there",
                nodes.words
            )));
        }
        let status = command.0["Status"].as_str().unwrap_or_default();
        let failures = command.count("ErrorCount") + command.count("DeliveryTimedOutCount");
        if status == "Success" && failures == 0 && completed == all {
            return Ok(CommandProgress::Succeeded);
        }
        let place = self.first_failure(id, sender).await?;
        let details = command.0["StatusDetails"].as_str().unwrap_or(status);
        Ok(CommandProgress::Failed(format!(
            "{doing}: command {id} of {name} ended as {details}{place}. See its output in the Systems Manager console (Run Command), \
             correct it"
        )))
    }

    /// Where it failed, and how. Not the output, which may contain anything.
    async fn first_failure(&self, id: &str, sender: Sender<'_>) -> Result<String> {
        let input = json!({ "CommandId": id, "Details": true });
        let listed = self.ssm.call("ListCommandInvocations", input).await;
        let mut listed = listed.map_err(|error| refused("looking at the command of", sender, error))?;
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

    /// Whether every node is there, its agent answers, and Holdfast may send it commands; `None` if so. `name` is the sender's.
    pub async fn check(&self, nodes: Nodes<'_>, name: &str) -> Result<Option<NodeFault>> {
        let (field, filters) = match nodes.instances {
            [] => ("tags", nodes.by_tag()),
            instances => ("instances", vec![json!({ "Key": "InstanceIds", "Values": instances })]),
        };
        let known = self.known(&filters, name).await?;
        if known.len() < nodes.instances.len().max(1) {
            return Ok(Some(NodeFault {
                field,
                value: format!("{}, of which Systems Manager knows {},", nodes.words, known.len()),
                allowed: "managed nodes: instances with the SSM agent and a role for it",
            }));
        }
        let id = |node: &Value| node["InstanceId"].as_str().unwrap_or_default().to_owned();
        if let Some(node) = known.iter().find(|node| node["PingStatus"] != "Online") {
            let status = node["PingStatus"].as_str().unwrap_or("silent");
            return Ok(Some(NodeFault {
                field,
                value: format!("{}, which is {status},", id(node)),
                allowed: "managed nodes that are online",
            }));
        }
        let mut tags = nodes.by_tag();
        tags.push(json!({ "Key": ALLOWING_TAG.0, "Values": [ALLOWING_TAG.1] }));
        let allowed = self.known(&tags, name).await?;
        let is_allowed = |node: &Value| allowed.iter().any(|other| other["InstanceId"] == node["InstanceId"]);
        Ok(known.iter().find(|node| !is_allowed(node)).map(|node| NodeFault {
            field,
            value: format!("{}, without the tag HoldfastHooks=allowed,", id(node)),
            allowed: "managed nodes with the tag HoldfastHooks=allowed, without which Holdfast may send them no command",
        }))
    }

    /// What Systems Manager knows of the instances; a page may be empty although more follow.
    async fn known(&self, filters: &[Value], name: &str) -> Result<Vec<Value>> {
        let (mut nodes, mut token) = (Vec::new(), Value::Null);
        loop {
            let input = json!({ "Filters": filters, "MaxResults": 50, "NextToken": token });
            let page = self.ssm.call("DescribeInstanceInformation", input).await;
            let mut page = page.map_err(|error| explained("looking for the instances of", name, error))?;
            nodes.extend(page.take_list("InstanceInformationList"));
            token = page.take_token("NextToken");
            if token.is_null() {
                return Ok(nodes);
            }
        }
    }
}

fn refused(what: &str, sender: Sender<'_>, error: CallError) -> Error {
    explained(&format!("{}: {what}", sender.doing), sender.name, error)
}

/// What a denied call means.
fn explained(doing: &str, what: &str, error: CallError) -> Error {
    failure_explained(doing, what, error, |meaning| {
        (meaning == ErrorMeaning::AccessDenied).then_some("the instances need the tag HoldfastHooks=allowed")
    })
}
