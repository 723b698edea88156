//! `holdfast sets`: a deployment's sets, and why each is kept.

use std::collections::BTreeMap;

use holdfast::domain::set::{BackupSet, Point, PointStatus};
use holdfast::error::Error;
use serde::Serialize;

use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::stack::Stack;
use crate::table::Table;
use crate::{clock, format, output, retention_reasons};

/// List a deployment's sets: status, recovery points, size, skew, and why retention keeps them
#[derive(Debug, clap::Args)]
pub struct Sets {
    /// The deployment
    #[arg(value_name = "NAME")]
    deployment: String,
}

/// One set, with the totals of its points.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct SetSummary {
    #[serde(flatten)]
    set: BackupSet,
    points_available: usize,
    points_planned: usize,
    /// Of the points whose size AWS reports.
    size_bytes: u64,
    /// Why retention keeps it, or why the next run deletes it.
    kept: Vec<String>,
}

impl Sets {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = Stack::open(global).await?;
        let name = &self.deployment;
        let mut sets = stack.catalog.sets(name).await?;
        let reasons = match stack.catalog.descriptor(name).await {
            Ok(descriptor) => retention_reasons::reasons(&sets, &descriptor.keep, clock::now()),
            // Without a valid descriptor there is no policy, and nothing expires.
            Err(Error::InvalidInput(_)) => BTreeMap::new(),
            Err(Error::NotFound(_)) if !sets.is_empty() => BTreeMap::new(),
            Err(Error::NotFound(message)) => return Err(Failure::NotFound(message)),
            Err(error) => return Err(error.into()),
        };
        sets.reverse();
        let mut lines = Vec::new();
        for set in sets {
            let points = stack.catalog.points(name, &set.id).await?;
            let kept = reasons.get(&set.id).cloned().unwrap_or_default();
            lines.push(line(set, &points, kept));
        }
        if global.json {
            output::json(&lines)
        } else {
            output::text(&text(name, &lines, &stack.option))
        }
    }
}

fn line(set: BackupSet, points: &[Point], kept: Vec<String>) -> SetSummary {
    SetSummary {
        points_available: points
            .iter()
            .filter(|point| point.status == PointStatus::Available)
            .count(),
        points_planned: set.resources.len().max(points.len()),
        size_bytes: points.iter().filter_map(|point| point.size_bytes).sum(),
        kept,
        set,
    }
}

fn text(deployment: &str, lines: &[SetSummary], option: &str) -> String {
    if lines.is_empty() {
        return format!("No sets yet. Back up now with `holdfast backup{option} {deployment} --watch`.\n");
    }
    let mut table = Table::new(["SET", "STATUS", "STARTED", ">POINTS", ">SIZE", ">SKEW", "KEPT FOR"]);
    for line in lines {
        table.row([
            line.set.id.clone(),
            format::status(line.set.status).to_owned(),
            format::moment(line.set.started_at),
            format!("{} of {}", line.points_available, line.points_planned),
            if line.size_bytes == 0 {
                String::new()
            } else {
                format::bytes(line.size_bytes)
            },
            line.set.skew_seconds.map(format::skew).unwrap_or_default(),
            line.kept.join(", "),
        ]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use holdfast::domain::set::SetStatus;

    use super::*;
    use crate::testing::{point, set};

    #[test]
    fn a_set_shows_how_many_of_its_points_are_there() {
        let mut sealed = set("hubs-2", SetStatus::Sealed, "2025-02-01T00:00:00Z");
        sealed.skew_seconds = Some(3.25);
        let mut done = point("hubs-2", "database", PointStatus::Available, "2025-02-01T00:00:00Z");
        done.size_bytes = Some(1_572_864);
        let going = point("hubs-2", "storage", PointStatus::InProgress, "2025-02-01T00:00:00Z");
        let lines = [
            line(sealed, &[done, going], vec!["last".into(), "daily".into()]),
            line(set("hubs-1", SetStatus::Failed, "2025-01-31T00:00:00Z"), &[], vec![]),
        ];
        assert_eq!(
            text("hubs", &lines, ""),
            "SET     STATUS  STARTED               POINTS     SIZE   SKEW  KEPT FOR\n\
             hubs-2  sealed  2025-02-01 00:00:00Z  1 of 2  1.5 MiB  3.2 s  last, daily\n\
             hubs-1  failed  2025-01-31 00:00:00Z  0 of 2        -      -  -\n"
        );
    }

    #[test]
    fn without_sets_the_next_step_is_told() {
        assert!(text("hubs", &[], " --stack hf").contains("holdfast backup --stack hf hubs --watch"));
    }
}
