//! `holdfast restore`: starts the machine `restore` for one deployment.

use std::io::{BufRead, IsTerminal, Write};

use holdfast::domain::message::console_link;
use serde_json::{Map, Value, json};

use super::backup::{execution_name, start_execution};
use crate::args::Global;
use crate::failure::{Failure, Result};
use crate::stack::Stack;
use crate::{clock, out, watch};

/// Restore a deployment: beside what is there, verified, then (where asked for) cut over
#[derive(Debug, clap::Args)]
pub struct Restore {
    /// The deployment
    #[arg(value_name = "NAME")]
    deployment: String,
    /// This set [default: the newest sealed one]
    #[arg(long, value_name = "ID", group = "what")]
    set: Option<String>,
    /// The newest sealed set captured entirely before this time, such as an incident's: 2026-11-20T02:15:00Z
    #[arg(long, value_name = "TIME", group = "what")]
    before: Option<String>,
    /// The whole deployment as of this moment
    #[arg(long, value_name = "TIME", group = "what")]
    at: Option<String>,
    /// Only these resources, separated by commas
    #[arg(long, value_name = "RESOURCES", value_delimiter = ',', conflicts_with = "except")]
    only: Vec<String>,
    /// All resources but these, separated by commas
    #[arg(long, value_name = "RESOURCES", value_delimiter = ',')]
    except: Vec<String>,
    /// Copies are called <name>-SUFFIX
    #[arg(long, value_name = "SUFFIX")]
    suffix: Option<String>,
    /// The name of one resource's copy
    #[arg(long = "name", value_name = "RESOURCE=NAME", value_parser = pair)]
    names: Vec<(String, String)>,
    /// Where a file system's files go
    #[arg(long, value_name = "RESOURCE=directory|file_system", value_parser = pair)]
    into: Vec<(String, String)>,
    /// Whether the application is switched to the copies once they are verified
    #[arg(long, value_parser = ["yes", "no", "ask"])]
    cut_over: Option<String>,
    /// Wait for `holdfast approve` once the plan is made
    #[arg(long)]
    approval: bool,
    /// Back up the deployment as it is now, first
    #[arg(long)]
    safety_backup: bool,
    /// What becomes of copies that fail
    #[arg(long, value_parser = ["undo", "keep"])]
    on_failure: Option<String>,
    /// `retained`: from what AWS kept of deleted resources, without a set
    #[arg(long, value_parser = ["catalog", "retained"])]
    source: Option<String>,
    /// Make the plan, print it, and touch nothing
    #[arg(long)]
    dry_run: bool,
    /// Stay until it has ended, showing its progress
    #[arg(long)]
    watch: bool,
    /// Do not ask for the deployment's name
    #[arg(long)]
    yes: bool,
}

impl Restore {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = Stack::open_to_change(global).await?;
        let name = &self.deployment;
        // Whoever mistypes a name is told at once rather than by a failed execution.
        let descriptor = stack.catalog.descriptor(name).await?;
        let switches = !descriptor.cut_over.is_empty() && self.cut_over.as_deref() != Some("no");
        if switches && !self.dry_run && !self.yes {
            confirm(name)?;
        }
        let request = self.request();
        let doing = ("starting the restore of deployment", name.as_str());
        let execution_name = execution_name(name, clock::now());
        let execution = start_execution(&stack, &stack.restore_machine, &execution_name, &request, doing).await?;
        let console = console_link(&execution);
        if global.json {
            out::json_line(&json!({ "deployment": name, "execution": execution, "console": console }))?;
        } else {
            out::text(&format!("Restore of {name} started: {execution}\n{console}\n"))?;
        }
        if self.dry_run {
            return plan(&stack, &execution, global.json).await;
        }
        if self.watch {
            return watch::restore::follow(&stack, &execution, global.json).await;
        }
        match global.json {
            true => Ok(()),
            false => out::text(&format!("Watch it: holdfast watch{} {execution}\n", stack.option)),
        }
    }

    /// The execution's input: what was typed, and no defaults.
    fn request(&self) -> Value {
        let mut request = Map::from_iter([("deployment".to_owned(), json!(self.deployment))]);
        let mut put = |field: &str, value: Value| {
            let empty = match &value {
                Value::Null | Value::Bool(false) => true,
                Value::Array(list) => list.is_empty(),
                Value::Object(map) => map.is_empty(),
                _ => false,
            };
            if !empty {
                request.insert(field.to_owned(), value);
            }
        };
        put("set", json!(self.set));
        put("before", json!(self.before));
        put("at", json!(self.at));
        put("only", json!(self.only));
        put("except", json!(self.except));
        put("suffix", json!(self.suffix));
        put("names", map(&self.names));
        put("into", map(&self.into));
        put("cut_over", json!(self.cut_over));
        put("approval", json!(self.approval.then_some("required")));
        put("safety_backup", json!(self.safety_backup));
        put("on_failure", json!(self.on_failure));
        put("source", json!(self.source));
        put("dry_run", json!(self.dry_run));
        Value::Object(request)
    }
}

fn map(pairs: &[(String, String)]) -> Value {
    pairs
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect::<Map<_, _>>()
        .into()
}

fn pair(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write RESOURCE=VALUE".to_owned()),
    }
}

/// The name typed out: what is switched for a whole deployment is not switched by a slip.
///
/// # Errors
/// `Wrong` when something else is typed, or nobody is there to type.
fn confirm(deployment: &str) -> Result<()> {
    let refused = |why: &str| {
        Failure::Wrong(format!(
            "restoring {deployment}: {why}. The application will be switched to the copies once they are verified. Give \
             --yes, or --cut-over no to leave it as it is."
        ))
    };
    if !std::io::stdin().is_terminal() {
        return Err(refused("nobody is at the terminal to confirm it"));
    }
    eprint!(
        "The application of {deployment} will be switched to the copies once they are verified.\nType the deployment's name to go on: "
    );
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    match read {
        Ok(_) if line.trim() == deployment => Ok(()),
        _ => Err(refused("its name was not typed")),
    }
}

/// Waits for the plan, and prints it.
async fn plan(stack: &Stack, execution: &str, json: bool) -> Result<()> {
    let output = watch::restore::output(stack, execution).await?;
    match json {
        true => out::json_line(&output),
        false => out::text(&format!("{}\n", output["plan"].as_str().unwrap_or_default().trim_end())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn request(line: &str) -> Value {
        match Cli::try_parse_from(line.split(' ')).unwrap().command {
            Command::Restore(restore) => restore.request(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_typed_is_the_executions_input() {
        assert_eq!(request("holdfast restore hubs"), json!({"deployment": "hubs"}));
        let all = "holdfast restore hubs --before 2026-11-20T02:15:00Z --only a,b --suffix new --name a=x --into b=directory \
                   --cut-over ask --approval --safety-backup --on-failure keep --dry-run";
        assert_eq!(
            request(&all.split_whitespace().collect::<Vec<_>>().join(" ")),
            json!({
                "deployment": "hubs", "before": "2026-11-20T02:15:00Z", "only": ["a", "b"], "suffix": "new",
                "names": {"a": "x"}, "into": {"b": "directory"}, "cut_over": "ask", "approval": "required",
                "safety_backup": true, "on_failure": "keep", "dry_run": true,
            })
        );
    }

    #[test]
    fn what_nobody_confirms_is_not_done() {
        // Tests have no terminal.
        assert_eq!(confirm("hubs").unwrap_err().code(), 2);
    }
}
