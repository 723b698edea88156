//! The digest of a night.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::advice::next_step;
use super::facts;
use super::{Event, Message, Severity, console_link, words};
use crate::domain::duration::in_words;
use crate::domain::job::Failure;
use crate::domain::set::{BackupSet, Reason};

/// A deployment that a night was to back up, as `list-due-deployments` names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    pub deployment: String,
    pub execution_name: String,
}

/// What the machine `nightly` says of one deployment.
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

/// What became of one deployment in a night.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    pub deployment: String,
    pub sealed: bool,
    /// Error and message, where it is not sealed.
    pub reason: Option<Reason>,
    /// ARN of its own execution, where known.
    pub execution: Option<String>,
}

/// A whole night.
#[derive(Debug, Clone, Copy)]
pub struct Night<'a> {
    /// ARN of the `nightly` execution.
    pub execution: &'a str,
    pub started_at: Timestamp,
    pub now: Timestamp,
    /// See [`outcomes`].
    pub outcomes: &'a [Outcome],
    /// The newest sealed set of each deployment that has one.
    pub newest_sealed: &'a BTreeMap<String, BackupSet>,
    /// The error that took the machine from its way.
    pub failure: Option<&'a Reason>,
}

/// One outcome for each deployment that was due: also for those of which the machine says nothing, which are not sealed.
pub fn outcomes(due: &[Due], results: &[NightlyResult]) -> Vec<Outcome> {
    let told = |deployment: &str| results.iter().find(|result| result.deployment == deployment);
    due.iter()
        .map(|due| told(&due.deployment).map_or_else(|| silent(due), outcome))
        .collect()
}

fn silent(due: &Due) -> Outcome {
    let message = format!("nothing was heard of its execution {}", due.execution_name);
    let reason = Reason {
        subject: due.deployment.clone(),
        error: "NotReported".to_owned(),
        message,
    };
    Outcome {
        deployment: due.deployment.clone(),
        sealed: false,
        reason: Some(reason),
        execution: None,
    }
}

/// The cause of a failed child is its own description, as JSON, with `Error`, `Cause` and `ExecutionArn`.
fn outcome(result: &NightlyResult) -> Outcome {
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
    Outcome {
        deployment: result.deployment.clone(),
        sealed,
        reason: (!sealed).then_some(reason),
        execution: result.execution.clone().or_else(|| text("ExecutionArn")),
    }
}

/// One message for a whole night: the failed first.
pub fn nightly(night: &Night<'_>) -> Message {
    let total = night.outcomes.len();
    let failed: Vec<&Outcome> = night.outcomes.iter().filter(|outcome| !outcome.sealed).collect();
    let sealed: Vec<&Outcome> = night.outcomes.iter().filter(|outcome| outcome.sealed).collect();
    let severity = match (night.failure, failed.len(), total) {
        (Some(_), _, _) | (None, 1.., _) => Severity::Critical,
        (None, 0, 0) => Severity::Warning,
        (None, 0, _) => Severity::Info,
    };
    let subject = words::subject(&subject(night, &failed, &sealed));
    let mut happened: Vec<String> = night
        .failure
        .iter()
        .map(|failure| facts::reasons(std::slice::from_ref(*failure)))
        .collect();
    if total == 0 {
        happened.push("No enabled deployment was found: nothing was backed up.".to_owned());
    }
    let lines = failed.iter().chain(&sealed).map(|outcome| line(night, outcome));
    happened.push(words::listed(lines.collect(), facts::LISTED * 3));
    let steps = steps(night, &failed);
    let link = console_link(night.execution);
    let numbered: Vec<String> = (1..)
        .zip(&steps)
        .map(|(number, step)| format!("{number}. {step}"))
        .collect();
    let text = format!(
        "{subject}\n\nWhat happened, and what it means\n{}\n\nWhat to do next\n{}\n\nThe night's execution, begun {}:\n{link}\n",
        words::part(&happened.join("\n"), facts::HAPPENED),
        words::part(&numbered.join("\n"), facts::STEPS),
        words::time(night.started_at)
    );
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
        "reasons": facts::reasons_json(night.failure.map(std::slice::from_ref).unwrap_or_default()),
        "next_steps": steps,
    });
    let json = words::fit(json, &["next_steps", "deployments", "reasons"], facts::JSON);
    Message {
        subject,
        text,
        json,
        event: Event::Nightly,
        severity,
    }
}

fn subject(night: &Night<'_>, failed: &[&Outcome], sealed: &[&Outcome]) -> String {
    let date = night.started_at.strftime("%Y-%m-%d");
    let total = words::count(night.outcomes.len(), "deployment");
    match (night.failure, failed) {
        (Some(failure), _) => format!(
            "Holdfast: THE NIGHT OF {date} BROKE OFF ({}: {})",
            failure.subject, failure.error
        ),
        (None, []) if sealed.is_empty() => format!("Holdfast: night of {date}: nothing to back up"),
        (None, []) => format!("Holdfast: night of {date}: {total} backed up"),
        (None, failed) => {
            let names: Vec<&str> = failed.iter().map(|outcome| outcome.deployment.as_str()).collect();
            format!(
                "Holdfast: night of {date}: {} of {total} FAILED: {}",
                failed.len(),
                names.join(", ")
            )
        }
    }
}

fn line(night: &Night<'_>, outcome: &Outcome) -> String {
    let newest = match night.newest_sealed.get(&outcome.deployment) {
        Some(set) => {
            let age = in_words(facts::seconds_since(facts::holds(set), night.now));
            format!("newest sealed set {}, {age} old", set.id)
        }
        None => "NO SEALED SET AT ALL".to_owned(),
    };
    let name = words::name(&outcome.deployment);
    match &outcome.reason {
        None => format!("  - {name}: sealed; {newest}"),
        Some(reason) => format!(
            "  - {name}: FAILED, {}: {}; {newest}",
            words::name(&reason.error),
            words::line(&reason.message)
        ),
    }
}

fn steps(night: &Night<'_>, failed: &[&Outcome]) -> Vec<String> {
    let mut steps: Vec<String> = night
        .failure
        .iter()
        .map(|failure| {
            next_step(
                &words::name(&failure.error),
                &words::name(&failure.subject),
                "a deployment",
            )
        })
        .collect();
    for outcome in failed.iter().take(facts::LISTED) {
        let name = words::name(&outcome.deployment);
        let place = outcome
            .execution
            .as_deref()
            .map(|arn| format!(" ({})", console_link(&words::line(arn))))
            .unwrap_or_default();
        steps.push(format!(
            "{name}: read its own message{place}, then back up again: holdfast backup {name} --watch"
        ));
    }
    if steps.is_empty() && night.outcomes.is_empty() {
        steps.push("Describe a deployment and apply it: holdfast discover, holdfast apply FILE".to_owned());
    }
    if steps.is_empty() {
        steps.push("Nothing. To see all sets: holdfast deployments".to_owned());
    }
    steps
}
