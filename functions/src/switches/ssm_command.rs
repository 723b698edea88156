//! `ssm_command`: a script runs on instances by Run Command, so that what runs there reads what the switches before it wrote. Switched
//! back after those, the script `undo` runs. Whether it had an effect is the script's exit code: Holdfast observes nothing else there.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_config::SdkConfig;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::fact_texts::FactTexts;
use super::facts::{self, Facts};
use super::switch::{SwitchDriver, fault, wrong_action};
use crate::aws::run_command::{Command, CommandProgress, Nodes, RunCommand, Script, Sender};
use crate::domain::descriptor::{Fact, SsmCommand, Switch, SwitchAction};
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::reference::Reference;
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::switch_progress::SwitchProgress;
use crate::error::{Error, Fault, Result};

#[cfg(test)]
mod tests;

/// Seconds that a command may wait for its instance, and that its script may run: together less than a switch may take.
const DELIVERY_SECONDS: u64 = 5 * 60;
const RUN_SECONDS: u64 = 20 * 60;

/// The comment's action.
const APPLY: &str = "cut-over";
const REVERT: &str = "undo-cut-over";

pub struct SsmCommandSwitch {
    commands: RunCommand,
    texts: FactTexts,
    facts: Facts,
}

/// What a switch names.
#[derive(Clone, Copy)]
struct Named<'a> {
    switch: &'a str,
    script: &'a SsmCommand,
    values: &'a BTreeMap<String, Fact>,
}

/// One of the two scripts, as it is sent.
struct Sending<'a> {
    doing: &'a str,
    comment: String,
    lines: &'a [String],
}

impl SsmCommandSwitch {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            commands: RunCommand::from_config(aws),
            texts: FactTexts::from_config(aws),
            facts: Facts::from_config(aws),
        }
    }

    async fn sent(&self, named: Named<'_>, doing: &str, run: &Run, item: &RestoreItem) -> Result<Vec<Command>> {
        let name = format!("switch {}", named.switch);
        self.commands
            .sent(since(run, item), Sender { doing, name: &name })
            .await
    }

    /// The progress of a command.
    async fn progress(&self, named: Named<'_>, doing: &str, command: &Command) -> Result<SwitchProgress> {
        let (name, words) = (format!("switch {}", named.switch), named.script.target());
        let sender = Sender { doing, name: &name };
        Ok(
            match self.commands.progress(command, nodes(named, &words), sender).await? {
                CommandProgress::Running(progress) => underway(progress, command.id()),
                CommandProgress::Succeeded => SwitchProgress::Done(json!({ "command": command.id() })),
                CommandProgress::Failed(why) => {
                    SwitchProgress::Failed(format!("{why}, and run the script there by hand"))
                }
            },
        )
    }

    /// Sends a script with these variables.
    async fn send(&self, named: Named<'_>, sending: &Sending<'_>, values: &[(&str, String)]) -> Result<SwitchProgress> {
        let (name, words) = (format!("switch {}", named.switch), named.script.target());
        let lines = lines(sending.lines, values);
        let script = Script {
            nodes: nodes(named, &words),
            lines: &lines,
            comment: &sending.comment,
            delivery_seconds: DELIVERY_SECONDS,
            run_seconds: RUN_SECONDS,
        };
        let sender = Sender {
            doing: sending.doing,
            name: &name,
        };
        let id = self.commands.send(script, sender).await?;
        Ok(underway(format!("command {id} to run on {words}"), &id))
    }

    /// The variables of the script that cuts over.
    async fn new_values<'a>(
        &self,
        switch: &Switch,
        named: Named<'a>,
        item: &RestoreItem,
    ) -> Result<Vec<(&'a str, String)>> {
        let mut values = Vec::new();
        for (name, fact) in named.values {
            values.push((name.as_str(), self.texts.new_value(switch, *fact, item, "").await?));
        }
        Ok(values)
    }
}

/// The variables of the script that switches back, as they were observed.
fn old_values<'a>(named: Named<'a>, before: &Value) -> Result<Vec<(&'a str, String)>> {
    let old = |(name, _): (&'a String, &Fact)| {
        let value = before["values"][name].as_str().ok_or_else(|| {
            Error::NotFound(format!(
                "switching {} back: what {name} was before is not known: the resource did not exist, or had none. Run its undo by hand on {}",
                named.switch,
                named.script.target()
            ))
        })?;
        Ok((name.as_str(), value.to_owned()))
    };
    named.values.iter().map(old).collect()
}

/// The script: it ends at the first line that fails, and has the variables in its environment.
fn lines(script: &[String], values: &[(&str, String)]) -> Vec<String> {
    let exports = values
        .iter()
        .map(|(name, value)| format!("export {name}={}", quoted(value)));
    let begin = std::iter::once("set -e".to_owned());
    begin.chain(exports).chain(script.iter().cloned()).collect()
}

/// A text as one word of a shell, of which nothing is replaced.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn nodes<'a>(named: Named<'a>, words: &'a str) -> Nodes<'a> {
    Nodes {
        instances: &named.script.instances,
        tags: &named.script.tags,
        words,
    }
}

/// At most 100 characters: 53 of the restore's id, and 16 of a digest. `run` is the run that sends it: each undo sends its own.
fn comment(switch: &str, item: &RestoreItem, action: &str, run: &str) -> String {
    let rest = format!("switch {switch}/{action}/{run}");
    format!("holdfast {} {}", item.restore, &names::digest(&rest)[..16])
}

/// Since when a command of this restore may have been sent.
fn since(run: &Run, item: &RestoreItem) -> Timestamp {
    item.started_at.map_or(run.started_at, |at| at.min(run.started_at))
}

fn underway(phase: String, command: &str) -> SwitchProgress {
    SwitchProgress::Underway {
        phase,
        noted: json!({ "command": command }),
    }
}

/// What to do where a command is recorded that Systems Manager does not list yet: never send it again.
fn not_listed(command: &str) -> SwitchProgress {
    underway(format!("Systems Manager to list command {command}"), command)
}

#[async_trait]
impl SwitchDriver for SsmCommandSwitch {
    async fn preflight(&self, _: &Run, switch: &Switch, item: &RestoreItem) -> Result<Vec<Fault>> {
        let named = of(switch)?;
        let lacking = named.values.iter().filter_map(|(name, fact)| {
            let field = format!("values.{name}");
            facts::check(switch, &field, *fact, item)
        });
        let mut faults: Vec<Fault> = lacking.collect();
        let (name, words) = (format!("switch {}", switch.name), named.script.target());
        let found = self.commands.check(nodes(named, &words), &name).await?;
        faults.extend(found.map(|found| fault(switch, found.field, found.value, found.allowed)));
        Ok(faults)
    }

    /// It has no value of its own.
    async fn reference(&self, _: &Switch, _: &Target) -> Result<Reference> {
        Ok(Reference::Unrelated)
    }

    async fn ready(&self, _: &Run, switch: &Switch, item: &RestoreItem) -> Result<()> {
        self.new_values(switch, of(switch)?, item).await.map(drop)
    }

    /// The facts of the resource as it is now. A master secret is only its ARN.
    async fn observe(&self, _: &Run, switch: &Switch, item: &RestoreItem) -> Result<Value> {
        let mut values = serde_json::Map::new();
        for (name, fact) in of(switch)?.values {
            let present = self.facts.present(*fact, &item.planned.resource.target).await?;
            let text = present.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            values.insert(name.clone(), json!(text));
        }
        Ok(json!({ "values": values }))
    }

    async fn apply(
        &self,
        run: &Run,
        switch: &Switch,
        item: &RestoreItem,
        _: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress> {
        let (named, doing) = (of(switch)?, "switching");
        let sending = Sending {
            doing,
            comment: comment(named.switch, item, APPLY, &item.restore),
            lines: &named.script.commands,
        };
        let sent = self.sent(named, doing, run, item).await?;
        if let Some(command) = sent.iter().find(|command| command.comment() == sending.comment) {
            return self.progress(named, doing, command).await;
        }
        match noted["command"].as_str() {
            Some(command) => Ok(not_listed(command)),
            None => {
                let values = self.new_values(switch, named, item).await?;
                self.send(named, &sending, &values).await
            }
        }
    }

    /// Its own script has to end first. If that was never sent, there is nothing to undo.
    async fn revert(
        &self,
        run: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        after: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress> {
        let (named, doing) = (of(switch)?, "switching back");
        let sent = self.sent(named, doing, run, item).await?;
        let applied = comment(named.switch, item, APPLY, &item.restore);
        let applied = sent.iter().find(|command| command.comment() == applied);
        if let Some(running) = applied.filter(|command| command.is_running()) {
            return Ok(SwitchProgress::Underway {
                phase: format!("command {} to end", running.id()),
                noted: noted.clone(),
            });
        }
        let sending = Sending {
            doing,
            comment: comment(named.switch, item, REVERT, &run.id),
            lines: &named.script.undo,
        };
        if let Some(command) = sent.iter().find(|command| command.comment() == sending.comment) {
            return self.progress(named, doing, command).await;
        }
        if let Some(command) = noted["command"].as_str() {
            return Ok(not_listed(command));
        }
        if applied.is_none() && after["command"].is_null() {
            return Ok(SwitchProgress::Done(json!({})));
        }
        self.send(named, &sending, &old_values(named, before)?).await
    }
}

fn of(switch: &Switch) -> Result<Named<'_>> {
    match &switch.action {
        SwitchAction::SsmCommand { script, values } => Ok(Named {
            switch: &switch.name,
            script,
            values,
        }),
        _ => Err(wrong_action("ssm_command", switch)),
    }
}
