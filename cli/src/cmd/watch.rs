//! `holdfast watch`: the progress of an execution, until it ends.

use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::stack::Stack;
use crate::{run_id, watch};

/// Watch a backup or a restore until it ends, and exit with its result
///
/// On a terminal, shows a table that is kept up to date, otherwise one line per change. Stopping the command does not stop the run.
#[derive(Debug, clap::Args)]
pub struct Watch {
    /// Id of a restore or a set, ARN of its execution, or ARN of an execution that undoes a restore
    #[arg(value_name = "RUN")]
    run: String,
}

impl Watch {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = Stack::open(global).await?;
        let known = self.known(&stack).await?;
        let execution = match &known {
            Some(execution) => execution.clone(),
            None => watch::execution_arn(&self.run, &stack.backup_machine),
        };
        let is_of = |machine: &String| watch::restore::is_one(&execution, machine);
        let watching = async {
            if is_of(&stack.restore_machine) {
                return watch::restore::follow(&stack, &execution, global.json).await;
            }
            if is_of(&stack.undo_restore_machine) || is_of(&stack.undo_cut_over_machine) {
                let output = watch::restore::output(&stack, &execution).await?;
                return watch::restore::print_output(&output, global.json);
            }
            watch::follow(&stack, &execution, global.json).await
        };
        let watched = watch::interruptible(&stack, &execution, watching).await;
        watched.map_err(|failure| match (failure, known) {
            (Failure::NotFound(_), Some(_)) => forgotten(&self.run, &stack.option),
            (failure, _) => failure,
        })
    }

    /// The execution of a run in the catalog.
    async fn known(&self, stack: &Stack) -> Result<Option<String>> {
        let Some(deployment) = run_id::deployment(&self.run) else {
            return Ok(None);
        };
        if let Some(restore) = stack.catalog.restore(&deployment, &self.run).await? {
            return Ok(Some(restore.execution));
        }
        let run = stack.catalog.run(&deployment, &self.run).await?;
        Ok(run.map(|run| run.execution))
    }
}

/// The failure for a run that is in the catalog and no longer in Step Functions.
fn forgotten(run: &str, option: &str) -> Failure {
    let deployment = run_id::deployment(run).unwrap_or_default();
    Failure::NotFound(format!(
        "watching {run}: it ended longer ago than Step Functions keeps an execution (90 days, unless yours are fewer). What the \
         catalog has of it: holdfast show{option} {deployment} {run}"
    ))
}
