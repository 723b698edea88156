//! `holdfast protect`: turns on what protects a deployment's tables, apart from their backups.

use holdfast::domain::descriptor::Descriptor;
use holdfast::domain::kinds::safeguard::words;
use holdfast::domain::kinds::{Safeguard, is_pattern};
use holdfast::domain::resource::{Resource, Target};
use holdfast::kinds::Kinds;
use serde::Serialize;

use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::output;
use crate::stack::Stack;
use crate::table::Table;

/// Turn on point-in-time recovery and deletion protection of a deployment's tables
///
/// Also of each table that a prefix finds, except the copies of restores. What is on stays as it is, a recovery period
/// included. AWS charges for point-in-time recovery by a table's size. Your own template should turn them on, too, or its
/// next deployment may turn them off.
#[derive(Debug, clap::Args)]
pub struct Protect {
    /// The deployment
    #[arg(value_name = "NAME")]
    deployment: String,
    /// Say what is off, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// A table, and the outcome for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Outcome {
    /// As a run names it.
    resource: String,
    table: String,
    /// What was off: it is on now, except with `--dry-run` or after an error.
    off: Vec<Safeguard>,
    /// What was turned on.
    turned_on: Vec<Safeguard>,
    error: Option<String>,
}

impl Protect {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = match self.dry_run {
            true => Stack::open(global).await?,
            false => Stack::open_to_change(global).await?,
        };
        let descriptor = stack.descriptor(&self.deployment).await?;
        let kinds = Kinds::from_config(&stack.config, &stack.defaults());
        let mut outcomes = Vec::new();
        for resource in tables(&kinds, &descriptor).await? {
            outcomes.push(self.protect(&kinds, &resource).await);
        }
        match global.json {
            true => output::json(&outcomes)?,
            false => output::text(&self.text(&outcomes))?,
        }
        let failed = outcomes.iter().filter(|outcome| outcome.error.is_some()).count();
        match failed {
            0 => Ok(()),
            _ => Err(Failure::NotDone(format!(
                "{failed} of {} tables are not protected; the list says why. Correct that and run the command again: what is on \
                 stays on",
                outcomes.len()
            ))),
        }
    }

    /// A table that cannot be protected does not keep the others from it.
    async fn protect(&self, kinds: &Kinds, resource: &Resource) -> Outcome {
        let kind = kinds.of(&resource.target);
        let table = resource.target.identifier();
        let mut outcome = Outcome {
            resource: resource.name.clone(),
            table: table.to_owned(),
            off: Vec::new(),
            turned_on: Vec::new(),
            error: None,
        };
        match kind.safeguards_off(&resource.target).await {
            Ok(off) => outcome.off = off,
            Err(error) => outcome.error = Some(error.to_string()),
        }
        for safeguard in outcome.off.iter().filter(|_| !self.dry_run) {
            match kind.turn_on(*safeguard, &resource.target).await {
                Ok(()) => outcome.turned_on.push(*safeguard),
                Err(error) => {
                    outcome.error = Some(error.to_string());
                    break;
                }
            }
        }
        outcome
    }

    fn text(&self, outcomes: &[Outcome]) -> String {
        if outcomes.is_empty() {
            return format!("{} has no DynamoDB tables.\n", self.deployment);
        }
        let mut table = Table::new(["TABLE", "RESOURCE", "RESULT"]);
        for outcome in outcomes {
            table.row([outcome.table.clone(), outcome.resource.clone(), self.result(outcome)]);
        }
        table.lines().join("\n") + "\n"
    }

    fn result(&self, outcome: &Outcome) -> String {
        match (&outcome.error, outcome.off.as_slice()) {
            (Some(error), _) if outcome.turned_on.is_empty() => format!("failed: {error}"),
            (Some(error), _) => format!("turned on {}; then failed: {error}", words(&outcome.turned_on)),
            (None, []) => "both are on already".to_owned(),
            (None, off) if self.dry_run => format!("{} off", words(off)),
            (None, _) => format!("turned on {}", words(&outcome.turned_on)),
        }
    }
}

/// The deployment's tables, those of its prefixes included.
async fn tables(kinds: &Kinds, descriptor: &Descriptor) -> Result<Vec<Resource>> {
    let mut tables = Vec::new();
    for resource in descriptor.resources() {
        if is_pattern(&resource.target) {
            let kind = kinds.of(&resource.target);
            let mut found = descriptor.tables(&resource, &kind.matching(&resource.target).await?);
            descriptor.leave_out_copies(&resource.name, &mut found, &kind.copies().await?);
            tables.extend(found);
        } else if matches!(resource.target, Target::DynamoDb { .. }) {
            tables.push(resource);
        }
    }
    Ok(tables)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(off: &[Safeguard], turned_on: &[Safeguard], error: Option<&str>) -> Outcome {
        Outcome {
            resource: "tables.hubs-rooms".to_owned(),
            table: "hubs-rooms".to_owned(),
            off: off.to_vec(),
            turned_on: turned_on.to_vec(),
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn each_table_says_what_was_changed() {
        use Safeguard::{DeletionProtection, PointInTimeRecovery};
        let both = [PointInTimeRecovery, DeletionProtection];
        let protect = |dry_run| Protect {
            deployment: "hubs".to_owned(),
            dry_run,
        };
        for (dry_run, outcome, result) in [
            (false, outcome(&[], &[], None), "both are on already"),
            (
                false,
                outcome(&both, &both, None),
                "turned on point-in-time recovery and deletion protection",
            ),
            (true, outcome(&both[1..], &[], None), "deletion protection off"),
            (
                false,
                outcome(&both, &both[..1], Some("denied")),
                "turned on point-in-time recovery; then failed: denied",
            ),
            (false, outcome(&[], &[], Some("no such table")), "failed: no such table"),
        ] {
            let text = protect(dry_run).text(&[outcome]);
            assert!(text.trim_end().ends_with(result), "{text}");
        }
        assert_eq!(protect(false).text(&[]), "hubs has no DynamoDB tables.\n");
    }
}
