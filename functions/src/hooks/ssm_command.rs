//! The hook that runs shell commands on instances by Run Command, and waits until they have succeeded on each.
//!
//! Each command carries its run, hook, action and attempt as a comment, by which it is found again.

use async_trait::async_trait;
use aws_types::SdkConfig;

use super::driver::{Call, HookDriver, HookProgress, fault, wrong_action};
use crate::aws::run_command::{Command, CommandProgress, Nodes, RunCommand, Script, Sender};
use crate::domain::descriptor::{Hook, HookAction, SsmCommand};
use crate::domain::names;
use crate::error::{Error, Fault, Result};

/// Runs commands.
pub struct SsmCommandHook {
    commands: RunCommand,
}

impl SsmCommandHook {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            commands: RunCommand::from_config(aws),
        }
    }

    async fn advance(&self, call: Call<'_>, undo: bool) -> Result<HookProgress> {
        let name = format!("hook {}", call.hook.name);
        let sender = Sender {
            doing: call.doing(undo),
            name: &name,
        };
        let sent = self.commands.sent(call.run.started_at, sender).await?;
        let mut after = None;
        if undo {
            // Its own work has to end first, whichever attempt it is of; and an undo from before it undoes nothing of it.
            let acts: Vec<String> = (0..=call.attempt)
                .map(|attempt| comment(Call { attempt, ..call }, false, None))
                .collect();
            let mut acts = sent
                .iter()
                .filter(|command| acts.iter().any(|act| command.comment() == act));
            if let Some(running) = acts.clone().find(|command| command.is_running()) {
                return Ok(HookProgress::InProgress(format!("command {} to end", running.id())));
            }
            after = acts.next().map(Command::id);
        }
        let wanted = comment(call, undo, after);
        let command = command_of(call.hook)?;
        let words = command.target();
        let nodes = nodes(command, &words);
        match sent.iter().find(|command| command.comment() == wanted) {
            Some(found) => match self.commands.progress(found, nodes, sender).await? {
                CommandProgress::Running(progress) => Ok(HookProgress::InProgress(progress)),
                CommandProgress::Succeeded => Ok(HookProgress::Done),
                CommandProgress::Failed(why) => Err(Error::JobFailed(format!("{why}, then {}", call.next(undo)))),
            },
            None => {
                let script = Script {
                    nodes,
                    lines: if undo { &command.undo } else { &command.commands },
                    comment: &wanted,
                    delivery_seconds: call.hook.timeout_seconds,
                    run_seconds: call.hook.timeout_seconds,
                };
                let id = self.commands.send(script, sender).await?;
                Ok(HookProgress::InProgress(format!("command {id}")))
            }
        }
    }
}

#[async_trait]
impl HookDriver for SsmCommandHook {
    /// Whether every node is there, and its agent answers.
    async fn check(&self, hook: &Hook) -> Result<Option<Fault>> {
        let command = command_of(hook)?;
        let words = command.target();
        let name = format!("hook {}", hook.name);
        let found = self.commands.check(nodes(command, &words), &name).await?;
        Ok(found.map(|found| fault(hook, found.field, found.value, found.allowed)))
    }

    async fn act(&self, call: Call<'_>) -> Result<HookProgress> {
        self.advance(call, false).await
    }

    async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
        self.advance(call, true).await
    }
}

fn nodes<'a>(command: &'a SsmCommand, words: &'a str) -> Nodes<'a> {
    Nodes {
        instances: &command.instances,
        tags: &command.tags,
        words,
    }
}

fn command_of(hook: &Hook) -> Result<&SsmCommand> {
    match &hook.action {
        HookAction::SsmCommand(command) => Ok(command),
        _ => Err(wrong_action("ssm_command", hook)),
    }
}

/// At most 100 characters: 53 of the run's id, and 16 of a digest. `after` is the command that an undo follows.
fn comment(call: Call<'_>, undo: bool, after: Option<&str>) -> String {
    let after = after.unwrap_or_default();
    let rest = format!("{}/{}/{}/{after}", call.hook.name, call.action(undo), call.attempt);
    format!("holdfast {} {}", call.run.id, &names::digest(&rest)[..16])
}

#[cfg(test)]
mod tests;
