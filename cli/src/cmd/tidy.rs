//! `holdfast tidy`: what earlier restores left, and the removal of what nothing uses.

mod checks;
mod findings;
mod text;
mod verdict;

use std::io::{BufRead, IsTerminal, Write};

use aws_sdk_sfn::types::ExecutionStatus;
use holdfast::domain::restore::leftovers::{leftovers, replaced};
use serde_json::json;

use self::checks::Checks;
use self::findings::{Findings, Removal};
use self::verdict::RestoreVerdict;
use super::backup::{execution_name, start_execution};
use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::stack::Stack;
use crate::{aws, clock, output, watch};

/// List what earlier restores left, with its cost, and remove what nothing uses
///
/// The copies of a restore are removed together, by the machine `undo-restore`, which checks again that nothing uses them. They
/// stay until a newer set is sealed. What a cut-over replaced is listed with the command that removes it; it is yours, and
/// Holdfast never removes it.
#[derive(Debug, clap::Args)]
pub struct Tidy {
    /// The deployment
    #[arg(value_name = "NAME")]
    deployment: String,
    /// List everything, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for the deployment's name
    #[arg(long)]
    yes: bool,
}

impl Tidy {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = match self.dry_run {
            true => Stack::open(global).await?,
            false => Stack::open_to_change(global).await?,
        };
        let found = self.find(&stack).await?;
        let removable: Vec<&RestoreVerdict> = found.restores.iter().filter(|of| of.is_removable()).collect();
        if !global.json {
            let name = &self.deployment;
            output::text(&text::text(name, &found, &stack.option, clock::now(), self.dry_run))?;
        }
        let mut removed = Vec::new();
        if !self.dry_run && !removable.is_empty() {
            self.ensure_idle(&stack).await?;
            if !self.yes {
                self.confirm(&removable, &stack.option)?;
            }
            for of in removable {
                removed.push(self.remove(&stack, of, global.json).await?);
            }
        }
        if global.json {
            output::json(&text::json(&found, &removed))?;
        }
        let failed: Vec<&str> = removed
            .iter()
            .filter(|outcome| !outcome.error.is_empty())
            .map(|outcome| outcome.restore.as_str())
            .collect();
        match failed.as_slice() {
            [] => Ok(()),
            some => Err(Failure::NotDone(format!(
                "the copies of {} were not all removed; the reason is above, and in the message to on-call. Run the command again \
                 once it is mended: what is removed stays removed",
                some.join(" and ")
            ))),
        }
    }

    async fn find(&self, stack: &Stack) -> Result<Findings> {
        let name = &self.deployment;
        let past = stack.catalog.past_restores(name).await?;
        if past.is_empty() {
            // An unknown deployment is an error, not an empty list.
            stack.catalog.descriptor(name).await?;
        }
        let sets = stack.catalog.sets(name).await?;
        let now = clock::now();
        let (found, old) = (leftovers(&past, &sets, now), replaced(&past));
        if found.is_empty() && old.is_empty() {
            return Ok(Findings {
                restores: Vec::new(),
                replaced: Vec::new(),
            });
        }
        let checks = Checks::begin(stack).await?;
        let mut search = checks.search().await?;
        let (mut restores, mut still) = (Vec::new(), Vec::new());
        for left in found {
            let of = past.iter().find(|of| of.record.id == left.restore);
            let Some(of) = of else { continue };
            restores.push(checks.restore(name, &mut search, left, of, now).await?);
        }
        for old in old {
            still.extend(checks.replaced(&mut search, old).await?);
        }
        Ok(Findings {
            restores,
            replaced: still,
        })
    }

    /// A deployment has one run at a time: a removal that cannot begin would fail, and notify on-call.
    ///
    /// # Errors
    /// `NotDone` while a run of the deployment is in progress.
    async fn ensure_idle(&self, stack: &Stack) -> Result<()> {
        let name = &self.deployment;
        let Some(lease) = stack.catalog.lease(name).await? else {
            return Ok(());
        };
        let client = aws_sdk_sfn::Client::new(&stack.config);
        let described = client.describe_execution().execution_arn(&lease.execution).send().await;
        let described = described.map_err(|error| aws::failure("describing execution", &lease.execution, error))?;
        match described.status() {
            ExecutionStatus::Running | ExecutionStatus::PendingRedrive => Err(Failure::NotDone(format!(
                "tidying {name}: run {} is in progress, and a deployment has one run at a time. Nothing was removed. Wait for its end: \
                 holdfast watch{} {}",
                lease.set, stack.option, lease.execution
            ))),
            _ => Ok(()),
        }
    }

    /// Requires the deployment's name to be typed.
    ///
    /// # Errors
    /// `Wrong` if something else is typed, or there is no terminal.
    fn confirm(&self, removable: &[&RestoreVerdict], option: &str) -> Result<()> {
        let name = &self.deployment;
        let refused = |why: &str| {
            Failure::Wrong(format!(
                "tidying {name}: {why}. Nothing was removed. If that is meant: holdfast tidy{option} {name} --yes"
            ))
        };
        if !std::io::stdin().is_terminal() {
            return Err(refused("there is no terminal to confirm it"));
        }
        eprint!("{}", text::question(name, removable));
        let _ = std::io::stderr().flush();
        let mut line = String::new();
        match std::io::stdin().lock().read_line(&mut line) {
            Ok(_) if line.trim() == name => Ok(()),
            _ => Err(refused("its name was not typed")),
        }
    }

    /// Removes one restore's copies: one execution after the other, since a deployment has one run at a time.
    async fn remove(&self, stack: &Stack, of: &RestoreVerdict, json: bool) -> Result<Removal> {
        let (name, restore) = (&self.deployment, &of.left.restore);
        let input = json!({ "deployment": name, "restore": restore });
        let execution = execution_name(name, clock::now());
        let doing = ("removing the copies of restore", restore.as_str());
        let execution = start_execution(stack, &stack.undo_restore_machine, &execution, &input, doing).await?;
        if !json {
            output::text(&format!("\nRemoving the copies of restore {restore}: {execution}\n"))?;
        }
        let ended = watch::interruptible(stack, &execution, watch::restore::output(stack, &execution)).await;
        let (summary, error) = match ended {
            Ok(output) => (output["summary"].as_str().unwrap_or("Done.").to_owned(), String::new()),
            Err(Failure::NotDone(why)) => (String::new(), why),
            Err(other) => return Err(other),
        };
        if !json {
            output::text(&format!("{summary}{error}\n"))?;
        }
        Ok(Removal {
            restore: restore.clone(),
            execution,
            error,
        })
    }
}
