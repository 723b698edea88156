//! `holdfast rebuild-catalog`: finds a lost catalog's sealed sets by the tags and names of their recovery points.

use holdfast::catalog_rebuild::{RebuildOutcome, RebuiltSet, rebuild};
use holdfast::kinds::Kinds;
use serde_json::{Value, json};

use crate::failure::Result;
use crate::global::Global;
use crate::stack::Stack;
use crate::table::Table;
use crate::{format, output};

/// Find the sealed sets of a lost catalog by the tags of their recovery points
///
/// Apply the descriptors first. Existing entries of the catalog are never changed. Probe counts, samples and secrets'
/// versions were in the catalog alone: a restore of such a set is unproven at best.
#[derive(Debug, clap::Args)]
pub struct RebuildCatalog {
    /// The deployment [default: all]
    #[arg(value_name = "NAME")]
    deployment: Option<String>,
}

impl RebuildCatalog {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = Stack::open_to_change(global).await?;
        let kinds = Kinds::from_config(&stack.config, &stack.defaults());
        let rebuilt = rebuild(&stack.catalog, &kinds, self.deployment.as_deref()).await?;
        match global.json {
            true => output::json(&rebuilt.iter().map(as_json).collect::<Vec<_>>()),
            false => output::text(&text(&rebuilt, &stack.option)),
        }
    }
}

fn as_json(rebuilt: &RebuiltSet) -> Value {
    let found = &rebuilt.found;
    let (outcome, without, why) = match &rebuilt.outcome {
        RebuildOutcome::Sealed { without_configuration } => ("sealed", without_configuration.as_slice(), None),
        RebuildOutcome::AlreadyRecorded => ("known", [].as_slice(), None),
        RebuildOutcome::Skipped(why) => ("left", [].as_slice(), Some(why)),
    };
    json!({
        "deployment": found.deployment, "set": found.set, "started_at": found.started_at,
        "recovery_points": found.points.len(), "outcome": outcome, "without_configuration": without, "why": why,
    })
}

fn text(rebuilt: &[RebuiltSet], stack: &str) -> String {
    if rebuilt.is_empty() {
        return "No recovery point in this account and Region has the tags or the name of a set.\n".to_owned();
    }
    let mut table = Table::new(["SET", "STARTED", ">RECOVERY POINTS", "IN THE CATALOG", "REMARKS"]);
    let mut written = None;
    for RebuiltSet { found, outcome } in rebuilt {
        let (state, remark) = match outcome {
            RebuildOutcome::Sealed { without_configuration } => {
                written = Some(&found.deployment);
                ("found again", remark(without_configuration))
            }
            RebuildOutcome::AlreadyRecorded => ("known before", String::new()),
            RebuildOutcome::Skipped(why) => ("left out", why.clone()),
        };
        table.row([
            found.set.clone(),
            format::moment(found.started_at),
            found.points.len().to_string(),
            state.to_owned(),
            remark,
        ]);
    }
    let next = written
        .map(|deployment| format!("\nSee what a restore would do: holdfast restore{stack} {deployment} --dry-run\n"))
        .unwrap_or_default();
    table.lines().join("\n") + "\n" + &next
}

/// What a set lacks because sources were deleted.
fn remark(without_configuration: &[String]) -> String {
    match without_configuration {
        [] => String::new(),
        names => format!(
            "restored with AWS's defaults, since the source was deleted: {}",
            names.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use holdfast::domain::catalog_rebuild::{Completeness, FoundSet};

    use super::*;

    fn rebuilt(set: &str, outcome: RebuildOutcome) -> RebuiltSet {
        let found = FoundSet {
            deployment: "hubs".into(),
            set: set.into(),
            started_at: jiff::Timestamp::UNIX_EPOCH,
            points: Vec::new(),
            state: Completeness::Complete,
        };
        RebuiltSet { found, outcome }
    }

    #[test]
    fn it_is_told_what_was_found_what_lacks_and_what_to_type_next() {
        let sealed = RebuildOutcome::Sealed {
            without_configuration: vec!["database".into()],
        };
        let told = text(
            &[
                rebuilt("one", sealed),
                rebuilt("two", RebuildOutcome::Skipped("it is torn".into())),
            ],
            " --stack hf",
        );
        for part in [
            "found again",
            "the source was deleted: database",
            "left out",
            "it is torn",
            "holdfast restore --stack hf hubs --dry-run",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!text(&[rebuilt("one", RebuildOutcome::AlreadyRecorded)], "").contains("--dry-run"));
        assert!(text(&[], "").starts_with("No recovery point"));
    }
}
