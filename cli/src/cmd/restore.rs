//! `holdfast restore`: starts the machine `restore` for one deployment.

mod checks;

use std::io::{BufRead, IsTerminal, Write};

use holdfast::domain::message::console_link;
use holdfast::domain::restore::request::RequestedMoment;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::backup::{execution_name, start_execution};
use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::stack::Stack;
use crate::time_argument::TimeArgument;
use crate::{clock, output, watch};

/// Restore a deployment: next to the live resources, verified, then (if requested) cut over
#[derive(Debug, clap::Args)]
pub struct Restore {
    /// The deployment
    #[arg(value_name = "NAME")]
    deployment: String,
    /// This set [default: the newest sealed one]
    #[arg(long, value_name = "ID", group = "what")]
    set: Option<String>,
    /// The newest sealed set captured entirely before this time, such as an incident's: 2026-11-20T02:15:00Z, "2h ago", or
    /// local time, "2026-11-20 03:15"
    #[arg(long, value_name = "TIME", group = "what", value_parser = TimeArgument::parse)]
    before: Option<TimeArgument>,
    /// The whole deployment as of this time, written in the same way
    #[arg(long, value_name = "TIME", group = "what", value_parser = TimeArgument::parse)]
    at: Option<TimeArgument>,
    /// Only these resources, separated by commas
    #[arg(long, value_name = "RESOURCES", value_delimiter = ',', conflicts_with = "except")]
    only: Vec<String>,
    /// All resources except these, separated by commas
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
    /// The class of the instances of a cluster's copy, if the captured one is no longer available
    #[arg(long = "instance-class", value_name = "RESOURCE=CLASS", value_parser = pair)]
    instance_classes: Vec<(String, String)>,
    /// The certificate authority of the instances of a cluster's copy, if the captured one is retired
    #[arg(long = "ca-certificate", value_name = "RESOURCE=AUTHORITY", value_parser = pair)]
    ca_certificates: Vec<(String, String)>,
    /// Whether the application is switched to the copies once they are verified
    #[arg(long, value_parser = ["yes", "no", "ask"])]
    cut_over: Option<String>,
    /// Wait for `holdfast approve` once the plan is made
    #[arg(long)]
    approval: bool,
    /// First back up the deployment as it is now
    #[arg(long)]
    safety_backup: bool,
    /// What happens to the copies of a failed restore
    #[arg(long, value_parser = ["undo", "keep"])]
    on_failure: Option<String>,
    /// `retained`: from what AWS retained of deleted resources, without a set
    #[arg(long, value_parser = ["catalog", "retained"])]
    source: Option<String>,
    /// Make the plan, print it, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Show its progress until it has ended
    #[arg(long)]
    watch: bool,
    /// Do not ask for the deployment's name
    #[arg(long)]
    yes: bool,
}

impl Restore {
    pub async fn run(&self, global: &Global) -> Result<()> {
        // A mistyped argument is reported at once, not by a failed execution, which would also notify on-call.
        let (now, zone) = (clock::now(), clock::zone());
        let request = self.request(now, zone.as_ref())?;
        let checked = checks::checked(&request, now)?;
        self.print_interpretation(&checked.wanted, zone.as_ref());
        let stack = Stack::open_to_change(global).await?;
        let name = &self.deployment;
        let descriptor = stack.descriptor(name).await?;
        checks::check_catalog(&stack, &checked, &descriptor).await?;
        let switches = !descriptor.cut_over.is_empty() && self.cut_over.as_deref() != Some("no");
        if switches && !self.dry_run && !self.yes {
            confirm(name)?;
        }
        let doing = ("starting the restore of deployment", name.as_str());
        let execution_name = execution_name(name, clock::now());
        let execution = start_execution(&stack, &stack.restore_machine, &execution_name, &request, doing).await?;
        let console = console_link(&execution);
        if global.json {
            output::json_line(&json!({ "deployment": name, "execution": execution, "console": console }))?;
        } else {
            output::text(&format!("Restore of {name} started: {execution}\n{console}\n"))?;
        }
        if self.dry_run {
            return plan(&stack, &execution, global.json).await;
        }
        if self.watch {
            let watching = watch::restore::follow(&stack, &execution, global.json);
            return watch::interruptible(&stack, &execution, watching).await;
        }
        match global.json {
            true => Ok(()),
            false => output::text(&format!("Watch it: holdfast watch{} {execution}\n", stack.option)),
        }
    }

    /// The execution's input: what was typed, without defaults.
    ///
    /// # Errors
    /// `Wrong` if a resource is given twice, and for a local time that does not exist or is ambiguous.
    fn request(&self, now: Timestamp, zone: Option<&TimeZone>) -> Result<Value> {
        let time = |option: &str, when: &Option<TimeArgument>| {
            let moment = when.as_ref().map(|when| when.resolve(now, zone)).transpose();
            moment.map_err(|why| Failure::Wrong(format!("--{option}: {why}")))
        };
        let (before, at) = (time("before", &self.before)?, time("at", &self.at)?);
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
        put("before", json!(before));
        put("at", json!(at));
        put("only", json!(self.only));
        put("except", json!(self.except));
        put("suffix", json!(self.suffix));
        put("names", map("name", &self.names)?);
        put("into", map("into", &self.into)?);
        put("instance_classes", map("instance-class", &self.instance_classes)?);
        put("ca_certificates", map("ca-certificate", &self.ca_certificates)?);
        put("cut_over", json!(self.cut_over));
        put("approval", json!(self.approval.then_some("required")));
        put("safety_backup", json!(self.safety_backup));
        put("on_failure", json!(self.on_failure));
        put("source", json!(self.source));
        put("dry_run", json!(self.dry_run));
        Ok(Value::Object(request))
    }

    /// Prints how a time was interpreted.
    fn print_interpretation(&self, wanted: &RequestedMoment, zone: Option<&TimeZone>) {
        let typed = match wanted {
            RequestedMoment::Before(time) => self.before.as_ref().map(|when| ("before", when, *time)),
            RequestedMoment::At(time) => self.at.as_ref().map(|when| ("at", when, *time)),
            RequestedMoment::Newest | RequestedMoment::Set(_) => None,
        };
        if let Some(words) = typed.and_then(|(field, when, time)| when.interpretation(field, time, zone)) {
            eprintln!("{words}");
        }
    }
}

fn map(option: &str, pairs: &[(String, String)]) -> Result<Value> {
    let mut map = Map::new();
    for (name, value) in pairs {
        if map.insert(name.clone(), json!(value)).is_some() {
            return Err(Failure::Wrong(format!(
                "--{option}: {name} is given twice; expected each resource once"
            )));
        }
    }
    Ok(map.into())
}

fn pair(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write RESOURCE=VALUE".to_owned()),
    }
}

/// Requires the deployment's name to be typed, so that nothing is switched by accident.
///
/// # Errors
/// `Wrong` if something else is typed, or there is no terminal.
fn confirm(deployment: &str) -> Result<()> {
    let refused = |why: &str| {
        Failure::Wrong(format!(
            "restoring {deployment}: {why}. The application will be switched to the copies once they are verified. Give \
             --yes, or --cut-over no to leave it as it is."
        ))
    };
    if !std::io::stdin().is_terminal() {
        return Err(refused("there is no terminal to confirm it"));
    }
    eprint!(
        "The application of {deployment} will be switched to the copies once they are verified.\nType the deployment's name to continue: "
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
    let output = watch::interruptible(stack, execution, watch::restore::output(stack, execution)).await?;
    match json {
        true => output::json_line(&output),
        false => output::text(&format!("{}\n", output["plan"].as_str().unwrap_or_default().trim_end())),
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
            Command::Restore(restore) => {
                let now = "2026-11-29T00:00:00Z".parse().unwrap();
                restore.request(now, Some(&TimeZone::UTC)).unwrap()
            }
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
    fn a_resource_is_named_once() {
        let now = "2026-11-29T00:00:00Z".parse().unwrap();
        let twice = "holdfast restore hubs --name a=x --name a=y";
        let Command::Restore(restore) = Cli::try_parse_from(twice.split(' ')).unwrap().command else {
            panic!("{twice}");
        };
        assert_eq!(restore.request(now, None).unwrap_err().code(), 2);
    }

    #[test]
    fn a_time_may_be_so_long_ago() {
        let line = ["holdfast", "restore", "hubs", "--before", "2h ago"];
        let Command::Restore(restore) = Cli::try_parse_from(line).unwrap().command else {
            panic!("{line:?}");
        };
        let now = "2026-11-29T00:00:00Z".parse().unwrap();
        let expected = json!({"deployment": "hubs", "before": "2026-11-28T22:00:00Z"});
        assert_eq!(restore.request(now, None).unwrap(), expected);
    }

    #[test]
    fn what_nobody_confirms_is_not_done() {
        // Tests have no terminal.
        assert_eq!(confirm("hubs").unwrap_err().code(), 2);
    }
}
