//! `holdfast watch`: the progress of an execution, until it ends.

use crate::args::Global;
use crate::failure::Result;
use crate::stack::Stack;
use crate::{run_id, watch};

/// Watch a backup or a restore until it ends, and end as it did
///
/// On a terminal a table that is kept up to date, else one line a change. Stopping the command does not stop the run.
#[derive(Debug, clap::Args)]
pub struct Watch {
    /// Id of a restore or a set, ARN of its execution, or ARN of what takes a restore back
    #[arg(value_name = "RUN")]
    run: String,
}

impl Watch {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = Stack::open(global).await?;
        let execution = self.execution(&stack).await?;
        let is_of = |machine: &String| watch::restore::is_one(&execution, machine);
        let watching = async {
            if is_of(&stack.restore_machine) {
                return watch::restore::follow(&stack, &execution, global.json).await;
            }
            if is_of(&stack.undo_restore_machine) || is_of(&stack.undo_cut_over_machine) {
                let output = watch::restore::output(&stack, &execution).await?;
                return watch::restore::tell_output(&output, global.json);
            }
            watch::follow(&stack, &execution, global.json).await
        };
        watch::interruptible(&stack, &execution, watching).await
    }

    /// The execution of a run that the catalog knows; else what was typed is one, or the name of one of `backup`.
    async fn execution(&self, stack: &Stack) -> Result<String> {
        if let Some(deployment) = run_id::deployment(&self.run) {
            if let Some(restore) = stack.catalog.restore(&deployment, &self.run).await? {
                return Ok(restore.execution);
            }
            if let Some(run) = stack.catalog.run(&deployment, &self.run).await? {
                return Ok(run.execution);
            }
        }
        Ok(watch::execution_arn(&self.run, &stack.backup_machine))
    }
}
