//! `holdfast watch`: the progress of an execution, until it ends.

use crate::args::Global;
use crate::failure::Result;
use crate::stack::Stack;
use crate::watch;

/// Watch a backup or a restore until it ends, and end as it did
///
/// On a terminal a table that is kept up to date, else one line a change. Stopping the command does not stop the run.
#[derive(Debug, clap::Args)]
pub struct Watch {
    /// ARN of an execution of `backup` or `restore`, or the name of one of `backup`
    #[arg(value_name = "EXECUTION")]
    execution: String,
}

impl Watch {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = Stack::open(global).await?;
        let execution = watch::execution_arn(&self.execution, &stack.backup_machine);
        if watch::restore::is_one(&execution, &stack.restore_machine) {
            return watch::restore::follow(&stack, &execution, global.json).await;
        }
        watch::follow(&stack, &execution, global.json).await
    }
}
