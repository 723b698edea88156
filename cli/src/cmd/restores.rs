//! `holdfast restores`: a deployment's restores, the newest first.

use holdfast::domain::restore::{RestoreRecord, RestoreStatus};
use serde_json::json;

use crate::args::Global;
use crate::failure::Result;
use crate::stack::Stack;
use crate::table::Table;
use crate::{format, out};

/// List a deployment's restores: what was restored, whether it was verified, what uses it now
#[derive(Debug, clap::Args)]
pub struct Restores {
    /// The deployment
    #[arg(value_name = "NAME")]
    deployment: String,
}

impl Restores {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = Stack::open(global).await?;
        let mut restores = stack.catalog.restores(&self.deployment).await?;
        if restores.is_empty() {
            stack.catalog.descriptor(&self.deployment).await?;
        }
        restores.reverse();
        // A question's token is a key to its answer.
        restores.iter_mut().for_each(|record| record.question = None);
        match global.json {
            true => out::json(&restores),
            false => out::text(&text(&self.deployment, &restores, &stack.option)),
        }
    }
}

fn text(deployment: &str, restores: &[RestoreRecord], option: &str) -> String {
    if restores.is_empty() {
        return format!("No restores yet. See what one would do: holdfast restore{option} {deployment} --dry-run\n");
    }
    let mut table = Table::new([
        "RESTORE",
        "STARTED",
        "STATUS",
        "VERIFIED",
        "OF",
        ">RESOURCES",
        "LEFT OVER",
    ]);
    for record in restores {
        let word = |value: serde_json::Value| value.as_str().unwrap_or_default().replace('_', " ");
        let of = match (record.plan.at, &record.plan.set) {
            (Some(at), _) => format::moment(at),
            (None, Some(set)) => set.clone(),
            (None, None) => "what AWS retained".to_owned(),
        };
        table.row([
            record.id.clone(),
            format::moment(record.started_at),
            if record.plan.dry_run {
                "dry run".to_owned()
            } else if record.status == RestoreStatus::CutOver && !record.live().is_empty() {
                "cut over in part".to_owned()
            } else {
                word(json!(record.status))
            },
            record
                .verification
                .as_ref()
                .map(|found| word(json!(found.outcome)))
                .unwrap_or_default(),
            of,
            record.plan.resources.len().to_string(),
            record
                .left
                .iter()
                .map(|reason| reason.subject.clone())
                .collect::<Vec<_>>()
                .join(", "),
        ]);
    }
    table.lines().join("\n") + "\n"
}
