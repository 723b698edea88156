//! Run Command of Systems Manager, which MiniStack only has over containers. A managed node is a directory `nodes/<id>` in the lab's
//! directory, with its tags in `tags.json`; a command is a real shell script that runs there.
//!
//! Sources: <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html>,
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html>.

mod node;

use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use serde_json::{Value, json};

use self::node::{Node, matching};
use crate::clock::epoch_seconds;
use crate::rest::without_nulls;
use crate::service::{Answer, BoxedFuture, Call, Protocol, Service};
use crate::world::World;

/// An error's code and message.
type Refused = (&'static str, String);

const DOCUMENT: &str = "AWS-RunShellScript";

/// The service, with every command that was sent, the newest last.
pub struct RunCommand {
    world: Arc<World>,
    commands: Arc<Mutex<Vec<Command>>>,
}

struct Command {
    id: String,
    comment: Value,
    sent_at: Timestamp,
    invocations: Vec<Invocation>,
}

struct Invocation {
    node: String,
    /// The exit code, once the script has ended.
    code: Option<i32>,
}

impl Invocation {
    fn status(&self) -> &'static str {
        match self.code {
            None => "InProgress",
            Some(0) => "Success",
            Some(_) => "Failed",
        }
    }
}

impl Command {
    fn describe(&self) -> Value {
        let count = |is: fn(&Invocation) -> bool| self.invocations.iter().filter(|one| is(one)).count();
        let ended = count(|one| one.code.is_some());
        let errors = count(|one| one.code.is_some_and(|code| code != 0));
        // A command whose tags match no node is a success, too.
        let (status, details) = match (self.invocations.len(), errors) {
            (0, _) => ("Success", "NoInstancesInTag"),
            (all, _) if ended < all => ("InProgress", "InProgress"),
            (_, 0) => ("Success", "Success"),
            _ => ("Failed", "Failed"),
        };
        without_nulls(json!({
            "CommandId": self.id, "DocumentName": DOCUMENT, "Comment": self.comment, "Status": status,
            "StatusDetails": details, "RequestedDateTime": epoch_seconds(self.sent_at),
            "TargetCount": self.invocations.len(), "CompletedCount": ended, "ErrorCount": errors,
            "DeliveryTimedOutCount": 0,
        }))
    }
}

impl RunCommand {
    /// The service without any command.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self {
            world,
            commands: Arc::default(),
        }
    }

    fn reply(&self, call: &Call) -> Option<Result<Value, Refused>> {
        let request = call.json().ok()?;
        Some(match call.action.as_str() {
            "SendCommand" => self.send(&request),
            "ListCommands" => self.list(&request),
            "ListCommandInvocations" => self.invocations(&request),
            "DescribeInstanceInformation" => Ok(self.describe_nodes(&request)),
            _ => return None,
        })
    }

    fn send(&self, request: &Value) -> Result<Value, Refused> {
        if request["DocumentName"] != DOCUMENT {
            return Err(("InvalidDocument", "The document does not exist.".to_owned()));
        }
        let nodes = node::all(&self.world.dir);
        let chosen: Vec<Node> = match request["InstanceIds"].as_array() {
            Some(ids) => {
                let known = |id: &Value| nodes.iter().find(|node| *id == node.id.as_str()).cloned();
                let found: Vec<Node> = ids.iter().filter_map(known).collect();
                if found.len() < ids.len() {
                    return Err((
                        "InvalidInstanceId",
                        "Instances not in a valid state for account".to_owned(),
                    ));
                }
                found
            }
            None => matching(nodes, &request["Targets"]),
        };
        let id = crate::ids::uuid();
        let lines: Vec<&str> = request["Parameters"]["commands"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let script = lines.join("\n");
        let command = Command {
            id: id.clone(),
            comment: request["Comment"].clone(),
            sent_at: self.world.clock.now(),
            invocations: chosen
                .iter()
                .map(|node| Invocation {
                    node: node.id.clone(),
                    code: None,
                })
                .collect(),
        };
        let described = command.describe();
        self.commands().push(command);
        for node in chosen {
            let (commands, id, script) = (self.commands.clone(), id.clone(), script.clone());
            let running = self.world.work.begin();
            tokio::spawn(async move {
                let code = node.run(&script).await;
                let mut commands = commands.lock().unwrap_or_else(|e| e.into_inner());
                let sent = commands.iter_mut().find(|command| command.id == id);
                let invocations = sent.into_iter().flat_map(|command| &mut command.invocations);
                for invocation in invocations.filter(|one| one.node == node.id) {
                    invocation.code = Some(code);
                }
                drop(running);
            });
        }
        Ok(json!({ "Command": described }))
    }

    /// The newest first, up to 50 of them at a time.
    fn list(&self, request: &Value) -> Result<Value, Refused> {
        let filter = |key: &str| {
            let filters = request["Filters"].as_array().into_iter().flatten();
            filters
                .into_iter()
                .find(|filter| filter["key"] == key)
                .and_then(|filter| filter["value"].as_str())
        };
        let after = match filter("InvokedAfter") {
            Some(text) => text
                .parse()
                .map_err(|_| ("InvalidFilterKey", format!("{text} is no time")))?,
            None => Timestamp::MIN,
        };
        let commands = self.commands();
        let wanted = commands.iter().rev().filter(|command| {
            command.sent_at >= after
                && filter("DocumentName").is_none_or(|name| name == DOCUMENT)
                && (request["CommandId"].is_null() || request["CommandId"] == command.id.as_str())
        });
        let all: Vec<Value> = wanted.map(Command::describe).collect();
        let from = request["NextToken"]
            .as_str()
            .and_then(|token| token.parse().ok())
            .unwrap_or(0);
        let page: Vec<&Value> = all.iter().skip(from).take(50).collect();
        let next = (all.len() > from + 50).then(|| (from + 50).to_string());
        Ok(without_nulls(json!({ "Commands": page, "NextToken": next })))
    }

    fn invocations(&self, request: &Value) -> Result<Value, Refused> {
        let commands = self.commands();
        let found = commands
            .iter()
            .find(|command| request["CommandId"] == command.id.as_str());
        let Some(command) = found else {
            return Err(("InvalidCommandId", "The specified command ID isn't valid.".to_owned()));
        };
        let invocations = command.invocations.iter().map(|one| {
            json!({
                "CommandId": command.id, "InstanceId": one.node, "Status": one.status(), "StatusDetails": one.status(),
                "CommandPlugins": [{"Name": "aws:runShellScript", "Status": one.status(), "ResponseCode": one.code.unwrap_or(-1)}],
            })
        });
        Ok(json!({ "CommandInvocations": invocations.collect::<Vec<_>>() }))
    }

    fn describe_nodes(&self, request: &Value) -> Value {
        let nodes = matching(node::all(&self.world.dir), &request["Filters"]);
        let described = nodes.iter().map(|node| {
            json!({"InstanceId": node.id, "PingStatus": "Online", "PlatformType": "Linux", "ResourceType": "EC2Instance"})
        });
        json!({ "InstanceInformationList": described.collect::<Vec<_>>() })
    }

    fn commands(&self) -> MutexGuard<'_, Vec<Command>> {
        self.commands.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Service for RunCommand {
    fn answer<'a>(&'a self, call: &'a Call) -> BoxedFuture<'a, Option<Answer>> {
        Box::pin(async move {
            if call.service != "ssm" {
                return None;
            }
            Some(match self.reply(call)? {
                Ok(body) => Answer::json(&body),
                Err((code, message)) => Answer::error(Protocol::Json, 400, code, &message),
            })
        })
    }
}
