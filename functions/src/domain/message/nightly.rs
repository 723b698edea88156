//! The digest of a nightly run.

mod leftovers;
mod uncovered;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::builder::{MessageParts, RenderedMessage};
use super::facts;
use super::layout::{NextStep, Section};
use super::{Event, Message, Severity, advice, command_options, console_link, words};
use crate::domain::duration::friendly;
use crate::domain::job::Failure;
use crate::domain::machine::Machine;
use crate::domain::restore::leftovers::LeftoverSummary;
use crate::domain::set::{BackupSet, Reason};

/// Up to this many failures, each has a line of its own.
const MANY: usize = 10;
const NAMES_A_LINE: usize = 3;

/// A deployment that a nightly run has to back up, as `list-due-deployments` names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueDeployment {
    pub deployment: String,
    pub execution_name: String,
}

/// What the machine `nightly` reports about one deployment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NightlyResult {
    pub deployment: String,
    /// `sealed` or `failed`.
    pub status: String,
    #[serde(default)]
    pub execution: Option<String>,
    #[serde(default)]
    pub failure: Option<Failure>,
}

impl NightlyResult {
    /// From what Step Functions writes to S3 for a child of the map: its output, or why it has none. `None` if that cannot be read.
    pub fn written(child: &Value) -> Option<Self> {
        let of = |field: &str| serde_json::from_str::<Value>(child[field].as_str()?).ok();
        if let Some(output) = of("Output") {
            return serde_json::from_value(output).ok();
        }
        let text = |field: &str| child[field].as_str().map(str::to_owned);
        Some(Self {
            deployment: of("Input")?["deployment"].as_str()?.to_owned(),
            status: "failed".to_owned(),
            execution: None,
            failure: Some(Failure {
                error: text("Error").or_else(|| text("Status"))?,
                cause: text("Cause").unwrap_or_default(),
            }),
        })
    }
}

/// The outcome of a nightly run for one deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeploymentOutcome {
    pub deployment: String,
    pub sealed: bool,
    /// Error and message, unless it is sealed.
    pub reason: Option<Reason>,
    /// ARN of its own execution, if known.
    pub execution: Option<String>,
}

/// A whole nightly run.
#[derive(Debug, Clone, Copy)]
pub struct NightlyRun<'a> {
    /// ARN of the `nightly` execution.
    pub execution: &'a str,
    pub started_at: Timestamp,
    pub now: Timestamp,
    /// See [`outcomes`].
    pub outcomes: &'a [DeploymentOutcome],
    /// The newest sealed set of each deployment that has one.
    pub newest_sealed: &'a BTreeMap<String, BackupSet>,
    /// The old copies of earlier restores, of each deployment that has some.
    pub leftovers: &'a BTreeMap<String, LeftoverSummary>,
    /// What is named like a deployment's resources and is in no set, of each deployment that has some: one text for each warning.
    pub uncovered: &'a BTreeMap<String, Vec<String>>,
    /// The error that stopped the machine.
    pub failure: Option<&'a Reason>,
}

/// One outcome for each deployment that was due: one that the machine does not report is not sealed.
pub fn outcomes(due: &[DueDeployment], results: &[NightlyResult]) -> Vec<DeploymentOutcome> {
    let result_of = |deployment: &str| results.iter().find(|result| result.deployment == deployment);
    due.iter()
        .map(|due| result_of(&due.deployment).map_or_else(|| not_reported(due), outcome))
        .collect()
}

fn not_reported(due: &DueDeployment) -> DeploymentOutcome {
    let message = format!("its execution {} reported nothing", due.execution_name);
    let reason = Reason {
        subject: due.deployment.clone(),
        error: "NotReported".to_owned(),
        message,
    };
    DeploymentOutcome {
        deployment: due.deployment.clone(),
        sealed: false,
        reason: Some(reason),
        execution: None,
    }
}

/// The cause of a failed child is its own description, as JSON, with `Error`, `Cause` and `ExecutionArn`.
fn outcome(result: &NightlyResult) -> DeploymentOutcome {
    let sealed = result.status == "sealed";
    let unexplained = Failure {
        error: "NotReported".to_owned(),
        cause: "its execution gave no reason".to_owned(),
    };
    let failure = result.failure.clone().unwrap_or(unexplained);
    let child: Value = serde_json::from_str(&failure.cause).unwrap_or_default();
    let text = |field: &str| child.get(field).and_then(Value::as_str).map(str::to_owned);
    let reason = Reason {
        subject: result.deployment.clone(),
        error: text("Error").unwrap_or_else(|| failure.error.clone()),
        message: text("Cause")
            .or_else(|| text("Status"))
            .unwrap_or_else(|| failure.message()),
    };
    DeploymentOutcome {
        deployment: result.deployment.clone(),
        sealed,
        reason: (!sealed).then_some(reason),
        execution: result.execution.clone().or_else(|| text("ExecutionArn")),
    }
}

/// One message for a whole nightly run: the failed deployments first.
pub fn nightly(night: &NightlyRun<'_>) -> Message {
    let total = night.outcomes.len();
    let failed: Vec<&DeploymentOutcome> = night.outcomes.iter().filter(|outcome| !outcome.sealed).collect();
    let sealed: Vec<&DeploymentOutcome> = night.outcomes.iter().filter(|outcome| outcome.sealed).collect();
    let severity = match (night.failure, failed.len(), total) {
        (Some(_), _, _) | (None, 1.., _) => Severity::Critical,
        (None, 0, 0) => Severity::Warning,
        (None, 0, _) if !night.uncovered.is_empty() => Severity::Warning,
        (None, 0, _) => Severity::Info,
    };
    let newest = restorable_today(night, &failed);
    let (happened, means) = match (total, failed.len()) {
        _ if night.failure.is_some() => (
            format!(
                "The nightly run failed: {} of {} that were due are known to be sealed.",
                sealed.len(),
                words::count(total, "deployment")
            ),
            "The state of the others is not known here: see the list of deployments.".to_owned(),
        ),
        (0, _) => (
            "No enabled deployment was found: nothing was backed up.".to_owned(),
            String::new(),
        ),
        (_, 0) => (
            format!("{} backed up, each as a sealed set.", words::count(total, "deployment")),
            match night.uncovered.is_empty() {
                true => "Each can be restored as of this night.".to_owned(),
                false => "Each can be restored as of this night, without what is in no set: below.".to_owned(),
            },
        ),
        (_, number) => (
            format!(
                "{number} of {} FAILED, {} were backed up.",
                words::count(total, "deployment"),
                sealed.len()
            ),
            newest,
        ),
    };
    let link = console_link(night.execution);
    let reasons = night.failure.map(std::slice::from_ref).unwrap_or_default();
    let parts = MessageParts {
        event: Event::Nightly,
        severity,
        subject: &subject(night, &failed, &sealed),
        happened: &happened,
        means: &means,
        steps: &steps(night, &failed),
        reasons,
        sections: vec![
            Section::list("Failed, each with a message of its own", failure_lines(night, &failed)),
            uncovered::section(night.uncovered),
            Section::list("Sealed", sealed.iter().map(|outcome| line(night, outcome))),
            leftovers::section(night.leftovers),
        ],
    };
    let all = Some("holdfast deployments".to_owned());
    let RenderedMessage {
        subject,
        text,
        next_steps,
    } = parts.render(night.execution, night.started_at, all);
    let deployments = failed.iter().chain(&sealed).take(facts::LISTED * 3).map(|outcome| {
        json!({
            "deployment": words::name(&outcome.deployment),
            "sealed": outcome.sealed,
            "error": outcome.reason.as_ref().map(|reason| words::name(&reason.error)),
            "execution": outcome.execution.as_deref().map(words::line),
            "newest_sealed": facts::newest_sealed_json(night.newest_sealed.get(&outcome.deployment), night.now),
        })
    });
    let json = json!({
        "event": Event::Nightly,
        "severity": severity,
        "execution": night.execution,
        "console": link,
        "started_at": night.started_at,
        "told_at": night.now,
        "sealed": sealed.len(),
        "failed": failed.len(),
        "deployments": deployments.collect::<Value>(),
        "in_no_set": uncovered::json(night.uncovered),
        "leftovers": leftovers::json(night.leftovers),
        "reasons": facts::reasons_json(reasons),
        "next_steps": next_steps,
    });
    let json = command_options::add_in_json(json, &command_options::of_execution(night.execution));
    let json = words::fit(
        json,
        &["leftovers", "in_no_set", "next_steps", "deployments", "reasons"],
        facts::JSON,
    );
    Message {
        subject,
        text,
        json,
        event: Event::Nightly,
        severity,
    }
}

fn subject(night: &NightlyRun<'_>, failed: &[&DeploymentOutcome], sealed: &[&DeploymentOutcome]) -> String {
    let date = night.started_at.strftime("%Y-%m-%d");
    let total = words::count(night.outcomes.len(), "deployment");
    match (night.failure, failed) {
        (Some(failure), _) => format!(
            "Holdfast: THE NIGHTLY RUN OF {date} FAILED ({}: {})",
            failure.subject, failure.error
        ),
        (None, []) if sealed.is_empty() => {
            format!("Holdfast: nightly run of {date}: NOTHING WAS BACKED UP, no deployment is enabled")
        }
        (None, []) => format!("Holdfast: nightly run of {date}: {total} backed up"),
        (None, failed) => {
            let names: Vec<&str> = failed.iter().map(|outcome| outcome.deployment.as_str()).collect();
            format!(
                "Holdfast: nightly run of {date}: {} of {total} FAILED: {}",
                failed.len(),
                names.join(", ")
            )
        }
    }
}

fn line(night: &NightlyRun<'_>, outcome: &DeploymentOutcome) -> String {
    let newest = match night.newest_sealed.get(&outcome.deployment) {
        Some(set) => {
            let age = friendly(facts::seconds_since(facts::holds(set), night.now));
            format!("newest sealed set {}, {age} old", set.id)
        }
        None => "NO SEALED SET AT ALL".to_owned(),
    };
    let name = words::name(&outcome.deployment);
    match &outcome.reason {
        None => format!("{name}: {newest}"),
        Some(reason) => format!(
            "{name}: {}: {}; {newest}",
            words::name(&reason.error),
            words::line(&reason.message)
        ),
    }
}

/// One line for each; if there are many, only names with their errors.
fn failure_lines(night: &NightlyRun<'_>, failed: &[&DeploymentOutcome]) -> Vec<String> {
    if failed.len() <= MANY {
        return failed.iter().map(|outcome| line(night, outcome)).collect();
    }
    let named = |outcome: &&DeploymentOutcome| {
        let error = outcome.reason.as_ref().map(|reason| words::name(&reason.error));
        format!("{} ({})", words::name(&outcome.deployment), error.unwrap_or_default())
    };
    let line = |outcomes: &[&DeploymentOutcome]| outcomes.iter().map(named).collect::<Vec<_>>().join(", ");
    failed.chunks(NAMES_A_LINE).map(line).collect()
}

/// Which of those that failed could be restored today.
fn restorable_today(night: &NightlyRun<'_>, failed: &[&DeploymentOutcome]) -> String {
    let without = failed
        .iter()
        .filter(|outcome| !night.newest_sealed.contains_key(&outcome.deployment))
        .count();
    match without {
        0 => "Each of them has an older sealed set, which can be restored.".to_owned(),
        1 => "ONE OF THEM HAS NO SEALED SET AT ALL: there is nothing to restore it from.".to_owned(),
        number => format!("{number} OF THEM HAVE NO SEALED SET AT ALL: there is nothing to restore them from."),
    }
}

fn steps(night: &NightlyRun<'_>, failed: &[&DeploymentOutcome]) -> Vec<NextStep> {
    let failure = night.failure.map(std::slice::from_ref).unwrap_or_default();
    let mut steps = advice::steps(Machine::Nightly, failure, "a deployment");
    if let Some(first) = failed.first() {
        let name = words::name(&first.deployment);
        let others = match failed.len() {
            1 => String::new(),
            _ => format!(", first of {name}"),
        };
        steps.push(NextStep::run(
            format!("Read the message of each that failed{others}, do what it says, then back up again"),
            format!("holdfast backup {name} --watch"),
        ));
    }
    steps.extend(uncovered::step(night.uncovered));
    if steps.is_empty() {
        steps.push(match night.outcomes.is_empty() {
            true => NextStep::run(
                "See which deployments exist, and which are enabled. If there is none yet: `holdfast discover`, then `holdfast \
                 apply FILE`",
                "holdfast deployments",
            ),
            false => NextStep::run("Nothing. To see all sets", "holdfast deployments"),
        });
    }
    steps
}

#[cfg(test)]
mod tests;
