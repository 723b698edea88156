//! `holdfast watch`: the progress of an execution, until it ends.

use crate::args::Global;
use crate::failure::Result;
use crate::stack::Stack;
use crate::watch;

/// Watch a backup until it ends, and end as it did
///
/// On a terminal a table that is kept up to date, else one line a change. Stopping the command does not stop the backup.
#[derive(Debug, clap::Args)]
pub struct Watch {
    /// ARN or name of an execution of the machine `backup`
    #[arg(value_name = "EXECUTION")]
    execution: String,
}

impl Watch {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = Stack::open(global).await?;
        let execution = watch::execution_arn(&self.execution, &stack.backup_machine);
        watch::follow(&stack, &execution, global.json).await
    }
}
