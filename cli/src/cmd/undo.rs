//! `holdfast undo-cut-over` and `holdfast undo-restore`.

use std::io::{BufRead, IsTerminal, Write};

use holdfast::domain::message::console_link;
use holdfast::domain::restore::request::UndoRequest;
use holdfast::domain::usage::{RestoredCopy, UsageCheck};
use serde_json::{Value, json};

use super::backup::{execution_name, start_execution};
use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::run_id::deployment_of;
use crate::stack::Stack;
use crate::{clock, output, watch};

/// Switch the application back to what it used before a restore; the copies stay
#[derive(Debug, clap::Args)]
pub struct UndoCutOver {
    #[command(flatten)]
    which: UndoArguments,
}

/// Remove what a restore created, unless it is in use
#[derive(Debug, clap::Args)]
pub struct UndoRestore {
    #[command(flatten)]
    which: UndoArguments,
    /// The deployment's name, instead of typing it when asked
    #[arg(long, value_name = "DEPLOYMENT")]
    yes: Option<String>,
    /// Skip this check for users, after checking yourself: descriptors, switches, services, access_points or activity
    #[arg(long, value_name = "LOOK", value_parser = look)]
    without: Vec<UsageCheck>,
}

fn look(word: &str) -> std::result::Result<UsageCheck, String> {
    serde_json::from_value(Value::from(word))
        .map_err(|_| "expected descriptors, switches, services, access_points or activity".to_owned())
}

#[derive(Debug, clap::Args)]
struct UndoArguments {
    /// Id of the restore
    #[arg(value_name = "RUN")]
    run: String,
    /// Do not wait until it has ended
    #[arg(long)]
    no_wait: bool,
}

impl UndoCutOver {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let request = self.which.request()?;
        let stack = Stack::open_to_change(global).await?;
        let machine = stack.undo_cut_over_machine.clone();
        let input = known_restore(&stack, &request).await?;
        self.which
            .undo(&stack, &machine, "switching back restore", input, global.json)
            .await
    }
}

impl UndoRestore {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let request = self.which.request()?;
        let stack = Stack::open_to_change(global).await?;
        let machine = stack.undo_restore_machine.clone();
        let mut input = known_restore(&stack, &request).await?;
        let deployment = request.deployment;
        let items = stack.catalog.items(&deployment, &self.which.run).await?;
        let copies: Vec<String> = items
            .iter()
            .filter_map(RestoredCopy::of)
            .map(|copy| copy.to_string())
            .collect();
        let stdin = std::io::stdin();
        match (&self.yes, stdin.is_terminal()) {
            (Some(given), _) => confirm_deployment(&deployment, given)?,
            (None, true) => {
                eprint!("{}", question(&self.which.run, &deployment, &copies));
                let _ = std::io::stderr().flush();
                let mut typed = String::new();
                let read = stdin.lock().read_line(&mut typed);
                read.map_err(|error| {
                    Failure::Wrong(format!("reading the deployment's name: {error}. Nothing was removed"))
                })?;
                confirm_deployment(&deployment, typed.trim())?;
            }
            (None, false) => {
                return Err(Failure::Wrong(format!(
                    "removing what restore {} created: there is no terminal to confirm it. Nothing was removed. If that is meant: holdfast \
                     undo-restore{} {} --yes {deployment}",
                    self.which.run, stack.option, self.which.run
                )));
            }
        }
        if !self.without.is_empty() {
            input["without"] = json!(self.without);
        }
        self.which
            .undo(&stack, &machine, "removing the copies of restore", input, global.json)
            .await
    }
}

/// The question before anything is removed.
fn question(restore: &str, deployment: &str, copies: &[String]) -> String {
    let listed: String = copies.iter().map(|copy| format!("  {copy}\n")).collect();
    format!(
        "This permanently removes what restore {restore} created:\n{listed}Type the deployment's name ({deployment}) to continue: "
    )
}

/// # Errors
/// `Wrong` for any other name.
fn confirm_deployment(deployment: &str, given: &str) -> Result<()> {
    match given == deployment {
        true => Ok(()),
        false => Err(Failure::Wrong(format!(
            "removing what a restore of {deployment} created: {given:?} is not the deployment's name. Nothing was removed"
        ))),
    }
}

/// The input of the execution, if the restore exists.
async fn known_restore(stack: &Stack, request: &UndoRequest) -> Result<Value> {
    let (deployment, restore) = (&request.deployment, &request.restore);
    stack.catalog.known_restore(deployment, restore).await?;
    Ok(json!({ "deployment": deployment, "restore": restore }))
}

impl UndoArguments {
    /// The request as the machine's first step parses it.
    ///
    /// # Errors
    /// `Wrong` if it is not a restore's id.
    fn request(&self) -> Result<UndoRequest> {
        let deployment = deployment_of(&self.run)?;
        Ok(UndoRequest::parse(
            &json!({ "deployment": deployment, "restore": self.run }),
        )?)
    }

    async fn undo(&self, stack: &Stack, machine: &str, doing: &str, input: Value, json: bool) -> Result<()> {
        let deployment = deployment_of(&self.run)?;
        let name = execution_name(&deployment, clock::now());
        let execution = start_execution(stack, machine, &name, &input, (doing, &self.run)).await?;
        let console = console_link(&execution);
        match json {
            true => output::json_line(&json!({ "restore": self.run, "execution": execution, "console": console }))?,
            false => output::text(&format!("Started {doing} {}: {execution}\n{console}\n", self.run))?,
        }
        if self.no_wait {
            return Ok(());
        }
        let output = watch::interruptible(stack, &execution, watch::restore::output(stack, &execution)).await?;
        watch::restore::print_output(&output, json)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    #[test]
    fn only_the_deployments_own_name_lets_anything_be_removed() {
        assert!(confirm_deployment("hubs-prod", "hubs-prod").is_ok());
        for other in ["", "hubs", "hubs-prod ", "HUBS-PROD", "yes", "y"] {
            let refused = confirm_deployment("hubs-prod", other).unwrap_err();
            assert_eq!(refused.code(), 2, "{other}");
            assert!(refused.to_string().contains("Nothing was removed"), "{refused}");
        }
    }

    #[test]
    fn the_question_names_all_that_goes() {
        let asked = question("hubs-1", "hubs", &["table rooms-r1".into(), "cluster db-r1".into()]);
        for part in ["hubs-1", "table rooms-r1", "cluster db-r1", "(hubs)"] {
            assert!(asked.contains(part), "{asked}");
        }
    }

    #[test]
    fn a_look_is_done_without_by_its_name() {
        let parsed = Cli::try_parse_from([
            "holdfast",
            "undo-restore",
            "r",
            "--without",
            "activity",
            "--without",
            "services",
        ]);
        let Command::UndoRestore(undo) = parsed.unwrap().command else {
            panic!("another command");
        };
        assert_eq!(undo.without, [UsageCheck::Activity, UsageCheck::Services]);
        assert!(Cli::try_parse_from(["holdfast", "undo-restore", "r", "--without", "all"]).is_err());
    }
}
