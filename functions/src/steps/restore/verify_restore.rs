//! `verify-restore`: decides from all counts, comparisons and logins whether a restore is verified, and records what
//! infrastructure as code has to change.

use aws_config::SdkConfig;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::domain::descriptor::{Descriptor, Probe};
use crate::domain::job::{Failure, JobStatus, Run};
use crate::domain::kinds::{self, Stateful, data_expires};
use crate::domain::restore::item::{ItemStatus, RestoreItem, RestoreJob};
use crate::domain::restore::login::{LoginJob, checks};
use crate::domain::restore::plan::Destination;
use crate::domain::restore::verdict::{self, Check, Finding, VerificationOutcome};
use crate::domain::restore::{RestoreRecord, RestoreStatus, infrastructure, kept_copies, stages};
use crate::domain::set::{ProbeResult, Reason};
use crate::error::Result;
use crate::runtime;

pub struct Needs {
    pub catalog: Catalog,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
        })
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub run: Run,
    /// The results of the resources' restores.
    #[serde(default)]
    pub jobs: Vec<RestoreJob>,
    /// The counts in the copies.
    #[serde(default)]
    pub probes: Vec<ProbeResult>,
    /// The results of the comparisons; one that could not be made has a failure.
    #[serde(default)]
    pub comparisons: Vec<Comparison>,
    /// The results of the logins to the copies.
    #[serde(default)]
    pub logins: Vec<LoginJob>,
    pub now: Timestamp,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Comparison {
    /// The resource, or only its name once it was compared.
    pub resource: serde_json::Value,
    #[serde(default)]
    pub failure: Option<Failure>,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Output {
    pub outcome: VerificationOutcome,
    /// Whether the copies are kept although the verification failed.
    pub keep: bool,
}

/// # Errors
/// `NotFound` for a restore that is not recorded.
pub async fn handle(needs: &Needs, input: Input) -> Result<Output> {
    let Input {
        run,
        jobs,
        probes,
        comparisons,
        logins,
        now,
    } = input;
    let catalog = &needs.catalog;
    let record = catalog.known_restore(&run.deployment, &run.id).await?;
    let descriptor = catalog.planned_by(&run).await?;
    let items = catalog.items(&run.deployment, &run.id).await?;
    let expected = match &record.plan.set {
        Some(set) => catalog
            .set(&run.deployment, set)
            .await?
            .map(|set| set.probes)
            .unwrap_or_default(),
        None => Vec::new(),
    };
    let mut checks: Vec<Check> = items
        .iter()
        .flat_map(|item| of_item(item, &jobs, &comparisons))
        .collect();
    checks.extend(checks::checks(&descriptor, &items, &logins));
    // The set's counts are valid only for its own time.
    let comparable = record.plan.at.is_none();
    let counted = verdict::counted(&record.plan.matching, expected, probes);
    let exact = |probe: &str| agrees_exactly(&descriptor, probe, &items, record.plan.at_rest);
    checks.extend(verdict::probes(&counted.expected, &counted.actual, exact, comparable));
    checks.extend(counted.checks);
    let verification = verdict::verify(checks, now);

    let outcome = verification.outcome;
    let keep = kept_copies::keeps(&items, &verification.checks);
    let logged_in: Vec<_> = logins.into_iter().flat_map(|job| job.logins).collect();
    let reasons: Vec<Reason> = items.iter().filter_map(|item| failed(item, &jobs)).collect();
    let sources = infrastructure::infrastructure(
        &descriptor,
        &items,
        record.plan.cut_over,
        &infrastructure::StateAddresses::default(),
    );
    let note = |record: &mut RestoreRecord| {
        record.verification = Some(verification.clone());
        record.logins.clone_from(&logged_in);
        record.reasons.clone_from(&reasons);
        record.infrastructure = Some(sources.clone());
        if outcome != VerificationOutcome::Failed
            && matches!(record.status, RestoreStatus::Planned | RestoreStatus::Running)
        {
            record.status = RestoreStatus::Restored;
        }
    };
    catalog.change_restore(&run.deployment, &run.id, note).await?;
    if outcome == VerificationOutcome::Verified {
        record_durations(catalog, &run, &items).await?;
    }
    tracing::info!(deployment = %run.deployment, restore = %run.id, ?outcome, "verified");
    Ok(Output { outcome, keep })
}

/// Whether a probe's count in the copy has to be that of the set. Expiring items disappear from a copy too, so that a lower count of them
/// proves nothing; nor does one that depends on the time. A count that is part of the backup is of the very data that was backed up,
/// whatever the application wrote meanwhile.
fn agrees_exactly(descriptor: &Descriptor, probe: &str, items: &[RestoreItem], at_rest: bool) -> bool {
    let probe = descriptor.probes.get(probe);
    if probe.is_some_and(Probe::depends_on_time) {
        return false;
    }
    let name = probe.map(Probe::item_name);
    let item = items
        .iter()
        .find(|item| Some(&item.planned.resource.name) == name.as_ref());
    let Some(item) = item else { return at_rest };
    let target = &item.planned.resource.target;
    let in_backup = kinds::stateful(target).is_some_and(Stateful::counts_in_backup);
    (at_rest || in_backup) && !data_expires(target, &item.configuration)
}

/// The checks of one resource: those of its comparison, or why there are none.
fn of_item(item: &RestoreItem, jobs: &[RestoreJob], comparisons: &[Comparison]) -> Vec<Check> {
    let name = &item.planned.resource.name;
    if let Some(reason) = failed(item, jobs) {
        return vec![Check {
            name: name.clone(),
            finding: Finding::Different,
            detail: format!("it was not restored: {}: {}", reason.error, reason.message),
        }];
    }
    if let Some(checks) = &item.checks {
        return checks.clone();
    }
    let why = comparisons
        .iter()
        .find(|comparison| comparison.is_of(name))
        .and_then(|comparison| comparison.failure.as_ref());
    vec![Check {
        name: name.clone(),
        finding: Finding::Unproven,
        detail: match why {
            Some(failure) => format!("it could not be compared: {}: {}", failure.error, failure.message()),
            None => "it was not compared".to_owned(),
        },
    }]
}

/// Why a resource was not restored; `None` if it was. For a step that was killed, only the machine has an error.
fn failed(item: &RestoreItem, jobs: &[RestoreJob]) -> Option<Reason> {
    let name = &item.planned.resource.name;
    let job = jobs.iter().find(|job| job.resource.name == *name);
    let of_job = job
        .filter(|job| job.status == JobStatus::Failed)
        .and_then(|job| job.failure.as_ref());
    let failure = item.failure.as_ref().or(of_job);
    let makes_nothing = item.planned.destination == Destination::Nothing;
    if item.status == ItemStatus::Restored || (makes_nothing && failure.is_none()) {
        return None;
    }
    Some(Reason {
        subject: name.clone(),
        error: failure.map_or("JobFailed", |failure| &failure.error).to_owned(),
        message: failure.map_or("its restore did not end".to_owned(), Failure::message),
    })
}

/// Records how long each resource took, for the next plan.
async fn record_durations(catalog: &Catalog, run: &Run, items: &[RestoreItem]) -> Result<()> {
    for item in items {
        if let (Some(started_at), Some(finished_at)) = (item.started_at, item.finished_at)
            && let Ok(seconds) = u64::try_from(finished_at.duration_since(started_at).as_secs())
        {
            let name = stages::timing(&item.planned.resource.name, None);
            catalog.add_timing(&run.deployment, &name, &run.id, seconds).await?;
        }
    }
    Ok(())
}

impl Comparison {
    fn is_of(&self, name: &str) -> bool {
        self.resource == name || self.resource["name"] == name
    }
}

#[cfg(test)]
mod tests;
