//! `holdfast deployments`: what is protected, and how fresh its newest sealed set is.

use holdfast::domain::set::{BackupSet, RunRecord, SetStatus};
use holdfast::error::Error;
use jiff::Timestamp;
use serde::Serialize;

use crate::failure::Result;
use crate::global::Global;
use crate::stack::Stack;
use crate::table::Table;
use crate::{clock, format, output};

/// List deployments: enabled or not, resources, newest sealed set and its age, last run
#[derive(Debug, clap::Args)]
pub struct Deployments {}

/// One deployment in the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct DeploymentSummary {
    deployment: String,
    enabled: bool,
    /// Names of its resources; `None` if the descriptor in the catalog is no longer valid.
    resources: Option<Vec<String>>,
    newest_sealed: Option<SealedSummary>,
    last_run: Option<LastRun>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct SealedSummary {
    set: String,
    /// The earliest capture time in it.
    captured_at: Timestamp,
    /// Seconds since then: the writes that a restore would lose.
    age_seconds: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct LastRun {
    set: String,
    execution: String,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
    outcome: RunOutcome,
    warnings: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum RunOutcome {
    Running,
    Sealed,
    Failed,
}

impl Deployments {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = Stack::open(global).await?;
        let now = clock::now();
        let mut standings = Vec::new();
        for (deployment, enabled) in stack.catalog.deployments().await? {
            let resources = match stack.catalog.descriptor(&deployment).await {
                Ok(descriptor) => Some(descriptor.resources.into_keys().collect()),
                Err(Error::InvalidInput(_)) => None,
                // Deleted since it was listed.
                Err(Error::NotFound(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let sets = stack.catalog.sets(&deployment).await?;
            let runs = stack.catalog.runs(&deployment).await?;
            standings.push(DeploymentSummary {
                deployment,
                enabled,
                resources,
                newest_sealed: newest_sealed(&sets, now),
                last_run: last_run(&sets, &runs),
            });
        }
        stack.schedule.warn(now);
        if global.json {
            output::json(&standings)
        } else {
            output::text(&text(&standings, now, &stack.option))
        }
    }
}

fn newest_sealed(sets: &[BackupSet], now: Timestamp) -> Option<SealedSummary> {
    let newest = sets
        .iter()
        .filter(|set| set.status == SetStatus::Sealed)
        .max_by_key(|set| set.started_at)?;
    let captured_at = newest.captured_from.unwrap_or(newest.started_at);
    let age_seconds = format::seconds_between(captured_at, now).max(0.0);
    Some(SealedSummary {
        set: newest.id.clone(),
        captured_at,
        age_seconds,
    })
}

fn last_run(sets: &[BackupSet], runs: &[RunRecord]) -> Option<LastRun> {
    let backups = runs.iter().filter(|run| run.purpose.is_backup());
    let run = backups.max_by_key(|run| run.started_at)?;
    let status = sets.iter().find(|set| set.id == run.id).map(|set| set.status);
    let outcome = match (status, run.ended_at) {
        (Some(SetStatus::Sealed | SetStatus::Expiring), _) => RunOutcome::Sealed,
        (_, None) => RunOutcome::Running,
        // May be a run that could not start, which has no set.
        (_, Some(_)) => RunOutcome::Failed,
    };
    Some(LastRun {
        set: run.id.clone(),
        execution: run.execution.clone(),
        started_at: run.started_at,
        ended_at: run.ended_at,
        outcome,
        warnings: run.warnings.len(),
    })
}

fn text(standings: &[DeploymentSummary], now: Timestamp, option: &str) -> String {
    if standings.is_empty() {
        return format!(
            "No deployments yet. Write a descriptor (`holdfast discover` helps) and run `holdfast apply{option} FILE`.\n"
        );
    }
    let mut table = Table::new([
        "DEPLOYMENT",
        "ENABLED",
        ">RESOURCES",
        "NEWEST SEALED SET",
        ">AGE",
        "LAST RUN",
    ]);
    for standing in standings {
        let sealed = standing.newest_sealed.as_ref();
        table.row([
            standing.deployment.clone(),
            if standing.enabled { "yes" } else { "no" }.to_owned(),
            standing
                .resources
                .as_ref()
                .map_or("invalid".to_owned(), |resources| resources.len().to_string()),
            sealed.map_or("none".to_owned(), |sealed| sealed.set.clone()),
            sealed
                .map(|sealed| format::duration(sealed.age_seconds))
                .unwrap_or_default(),
            standing.last_run.as_ref().map(|run| run.text(now)).unwrap_or_default(),
        ]);
    }
    table.to_string()
}

impl LastRun {
    fn text(&self, now: Timestamp) -> String {
        let ended = self.ended_at.unwrap_or(self.started_at);
        let text = match self.outcome {
            RunOutcome::Running => format!("running for {}", format::span(self.started_at, now)),
            RunOutcome::Sealed => format!("sealed {} ago", format::span(ended, now)),
            RunOutcome::Failed => format!("failed {} ago", format::span(ended, now)),
        };
        match self.warnings {
            0 => text,
            some => format!("{text}, {}", format::count(some, "warning")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{at, run, set};

    #[test]
    fn each_deployment_has_one_line_with_its_newest_sealed_set() {
        let now = at("2025-02-02T00:00:00Z");
        let sets = [
            set("hubs-1", SetStatus::Sealed, "2025-01-31T00:00:00Z"),
            set("hubs-2", SetStatus::Sealed, "2025-02-01T00:00:00Z"),
            set("hubs-3", SetStatus::Failed, "2025-02-01T22:00:00Z"),
        ];
        let runs = [
            run("hubs-2", "2025-02-01T00:00:00Z", None),
            run("hubs-3", "2025-02-01T22:00:00Z", Some("2025-02-01T23:00:00Z")),
        ];
        let standings = [
            DeploymentSummary {
                deployment: "hubs".into(),
                enabled: true,
                resources: Some(vec!["a".into(), "b".into()]),
                newest_sealed: newest_sealed(&sets, now),
                last_run: last_run(&sets, &runs),
            },
            DeploymentSummary {
                deployment: "other".into(),
                enabled: false,
                resources: None,
                newest_sealed: None,
                last_run: None,
            },
        ];
        assert_eq!(
            text(&standings, now, ""),
            "DEPLOYMENT  ENABLED  RESOURCES  NEWEST SEALED SET  AGE  LAST RUN\n\
             hubs        yes              2  hubs-2             1 d  failed 1 h ago\n\
             other       no         invalid  none                 -  -\n"
        );
    }

    #[test]
    fn a_run_without_an_end_is_running_and_one_without_a_set_failed() {
        let going = run("hubs-1", "2025-02-01T00:00:00Z", None);
        assert_eq!(
            last_run(&[], std::slice::from_ref(&going)).unwrap().outcome,
            RunOutcome::Running
        );
        let refused = run("hubs-2", "2025-02-01T01:00:00Z", Some("2025-02-01T01:00:02Z"));
        assert_eq!(last_run(&[], &[going, refused]).unwrap().outcome, RunOutcome::Failed);
    }

    #[test]
    fn without_deployments_the_next_step_is_told() {
        assert!(text(&[], at("2025-01-01T00:00:00Z"), "").contains("holdfast apply FILE"));
    }
}
