//! `holdfast infrastructure`: what to change in the infrastructure's source after a restore.

use holdfast::domain::restore::infrastructure::{Infrastructure as Sources, StateAddresses, infrastructure};
use holdfast::domain::restore::plan::CutOverMode;

use crate::discover::in_terraform::addresses::addresses;
use crate::discover::in_terraform::location::StateLocation;
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
    /// Take the addresses of what was replaced from this Terraform state of format version 4: a file, - for standard input, or
    /// s3://BUCKET/KEY
    #[arg(long, value_name = "FILE", requires = "terraform")]
    state: Option<StateLocation>,
}

impl Infrastructure {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let deployment = deployment_of(&self.run)?;
        let addresses = match &self.state {
            Some(state) => Some(addresses(&state.to_string(), &state.read(global).await?)?),
            None => None,
        };
        let stack = Stack::open(global).await?;
        let record = stack.catalog.known_restore(&deployment, &self.run).await?;
        let Some(recorded) = &record.infrastructure else {
            return Err(Failure::NotDone(format!(
                "printing the infrastructure of restore {}: its copies were not compared yet, or never; there is nothing to print. \
                 See how far it is: holdfast show{} {deployment} {}",
                self.run, stack.option, self.run
            )));
        };
        let located = match &addresses {
            Some(addresses) => Some(
                self.located(&stack, &deployment, record.plan.cut_over, addresses)
                    .await?,
            ),
            None => None,
        };
        let infrastructure = located.as_ref().unwrap_or(recorded);
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

    /// The same, with the addresses of a state.
    async fn located(
        &self,
        stack: &Stack,
        deployment: &str,
        cut_over: CutOverMode,
        addresses: &StateAddresses,
    ) -> Result<Sources> {
        let descriptor = stack.catalog.described_by(deployment, &self.run).await?;
        let descriptor = descriptor.ok_or_else(|| {
            Failure::NotDone(format!(
                "reading the descriptor of restore {}: it is not in the catalog, or not readable by this version. Run the command \
                 without --state, and fill in the addresses",
                self.run
            ))
        })?;
        let items = stack.catalog.items(deployment, &self.run).await?;
        Ok(infrastructure(&descriptor, &items, cut_over, addresses))
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
