//! `holdfast infrastructure`: what to change in the infrastructure's source after a restore.

use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::output;
use crate::run_id::deployment_of;
use crate::stack::Stack;

/// Print what has to change in the infrastructure's source after a restore, so that its next deployment does not undo it
#[derive(Debug, clap::Args)]
pub struct Infrastructure {
    /// Id of the restore
    #[arg(value_name = "RUN")]
    run: String,
    /// For Terraform: `import` and `removed` blocks
    #[arg(long, required_unless_present = "cloudformation", conflicts_with = "cloudformation")]
    terraform: bool,
    /// For CloudFormation: the resources to import; the steps go to standard error
    #[arg(long)]
    cloudformation: bool,
}

impl Infrastructure {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let deployment = deployment_of(&self.run)?;
        let stack = Stack::open(global).await?;
        let record = stack.catalog.known_restore(&deployment, &self.run).await?;
        let Some(infrastructure) = &record.infrastructure else {
            return Err(Failure::NotDone(format!(
                "printing the infrastructure of restore {}: its copies were not compared yet, or never; there is nothing to print. \
                 See how far it is: holdfast show{} {deployment} {}",
                self.run, stack.option, self.run
            )));
        };
        if global.json {
            return output::json(infrastructure);
        }
        match self.terraform {
            true => output::text(&or_nothing(infrastructure.for_terraform(), NOTHING_OF_TERRAFORM)),
            // Standard output is the file.
            false => {
                eprint!("{}", infrastructure.steps_with_cloudformation());
                output::text(&or_nothing(infrastructure.cloudformation.clone(), "[]\n"))
            }
        }
    }
}

const NOTHING_OF_TERRAFORM: &str = "# Nothing has to change: the restore is inside existing resources.\n";

/// The text, or a file that is valid although nothing has to change.
fn or_nothing(text: String, nothing: &str) -> String {
    match text.is_empty() {
        true => nothing.to_owned(),
        false => text,
    }
}
