//! `holdfast undo-cut-over` and `holdfast undo-restore`: the ways back.

use holdfast::domain::message::console_link;
use serde_json::json;

use super::answer::deployment_of;
use super::backup::{execution_name, start_execution};
use crate::args::Global;
use crate::failure::Result;
use crate::stack::Stack;
use crate::{clock, out, watch};

/// Switch the application back to what it used before a restore; the copies stay
#[derive(Debug, clap::Args)]
pub struct UndoCutOver {
    #[command(flatten)]
    which: Which,
}

/// Remove what a restore created; never what the application uses
#[derive(Debug, clap::Args)]
pub struct UndoRestore {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, clap::Args)]
struct Which {
    /// Id of the restore
    #[arg(value_name = "RUN")]
    run: String,
    /// Do not wait until it has ended
    #[arg(long)]
    no_wait: bool,
}

impl UndoCutOver {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = Stack::open(global).await?;
        let machine = stack.undo_cut_over_machine.clone();
        self.which
            .undo(&stack, &machine, "switching back restore", global.json)
            .await
    }
}

impl UndoRestore {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = Stack::open(global).await?;
        let machine = stack.undo_restore_machine.clone();
        self.which
            .undo(&stack, &machine, "removing the copies of restore", global.json)
            .await
    }
}

impl Which {
    async fn undo(&self, stack: &Stack, machine: &str, doing: &str, json: bool) -> Result<()> {
        let deployment = deployment_of(&self.run)?;
        stack.catalog.known_restore(&deployment, &self.run).await?;
        let input = json!({ "deployment": deployment, "restore": self.run });
        let name = execution_name(&deployment, clock::now());
        let execution = start_execution(stack, machine, &name, &input, (doing, &self.run)).await?;
        let console = console_link(&execution);
        match json {
            true => out::json_line(&json!({ "restore": self.run, "execution": execution, "console": console }))?,
            false => out::text(&format!("Started {doing} {}: {execution}\n{console}\n", self.run))?,
        }
        if self.no_wait {
            return Ok(());
        }
        let output = watch::restore::output(stack, &execution).await?;
        match json {
            true => out::json_line(&output),
            false => out::text(&format!("{}\n", output["summary"].as_str().unwrap_or("Done."))),
        }
    }
}
