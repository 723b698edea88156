//! `notify`: notifies on-call of what happened, what it means and what to do next, after a backup, a restore, its undo, or a
//! night.

mod results;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::results::{Objects, ResultLocation, S3Objects, read_results};
use crate::catalog::Catalog;
use crate::domain::descriptor::uncovered::told;
use crate::domain::machine::Machine;
use crate::domain::message::{self, DueDeployment, Message, NightlyRun, RestoreOutcome, RestoreReport};
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::leftovers;
use crate::domain::set::{BackupSet, Reason};
use crate::error::{Class, Error, Result};
use crate::runs::execution_input::{Caught, restore_of, run_of};
use crate::runs::notifying::{Execution, RunFacts, Sns, Topic, newest_sealed, send, send_once};
use crate::runtime;

pub struct Needs {
    pub catalog: Catalog,
    pub topic: Arc<dyn Topic>,
    /// ARN of the stack's on-call topic.
    pub stacks_topic: String,
    pub objects: Arc<dyn Objects>,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            topic: Arc::new(Sns::new(aws)),
            stacks_topic: runtime::setting("ONCALL_TOPIC_ARN")?,
            objects: Arc::new(S3Objects::new(aws)),
        })
    }
}

/// The event to notify on-call of.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Input {
    Backup(EndedRun),
    Restore(EndedRun),
    /// A restore that is still running, and waits for capacity that AWS lacks.
    RestoreWaits(EndedRun),
    UndoRestore(EndedRun),
    UndoCutOver(EndedRun),
    Nightly(EndedNight),
}

/// An execution that is about to end, or waits.
#[derive(Debug, Clone, Deserialize)]
pub struct EndedRun {
    /// The execution's input, which may be anything if planning failed.
    pub request: Value,
    pub execution: String,
    pub started_at: Timestamp,
    pub failure: Option<Caught>,
    pub now: Timestamp,
}

#[derive(Debug, Clone, Deserialize)]
pub struct EndedNight {
    pub execution: String,
    pub started_at: Timestamp,
    #[serde(default)]
    pub due: Vec<DueDeployment>,
    /// Where the deployments' results are, a [`ResultLocation`]; a result that cannot be read counts as not reported.
    #[serde(default)]
    pub results: Value,
    pub failure: Option<Caught>,
    pub now: Timestamp,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Output {
    /// Whether all is well: the set is sealed, or every set of the night.
    pub sealed: bool,
    /// Whether the execution did what was requested.
    pub succeeded: bool,
    /// The outcome of a restore, or of its undo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<RestoreOutcome>,
    /// For the execution's own cause.
    pub summary: String,
}

pub async fn handle(needs: &Needs, input: Input) -> Result<Output> {
    match input {
        Input::Backup(ended) => notify_of_backup(needs, ended).await,
        Input::Restore(ended) => notify_of_restore(needs, Machine::Restore, message::restore, ended).await,
        Input::RestoreWaits(waiting) => notify_of_wait(needs, waiting).await,
        Input::UndoRestore(ended) => {
            notify_of_restore(needs, Machine::UndoRestore, message::restore_undone, ended).await
        }
        Input::UndoCutOver(ended) => {
            notify_of_restore(needs, Machine::UndoCutOver, message::cut_over_undone, ended).await
        }
        Input::Nightly(night) => notify_of_night(needs, night).await,
    }
}

async fn notify_of_backup(needs: &Needs, input: EndedRun) -> Result<Output> {
    let run = run_of(&input.request, &input.execution, input.started_at);
    let known = match &run {
        Some(run) => RunFacts::of(&needs.catalog, run).await?,
        None => RunFacts::default(),
    };
    let failure = input.failure.as_ref().map(Caught::reason);
    let of = Execution {
        arn: &input.execution,
        started_at: input.started_at,
        now: input.now,
        run: run.as_ref(),
    };
    let message = message::backup(&known.backup(&of, failure.as_ref()));
    let topic = needs.topic.as_ref();
    send_once(
        &needs.catalog,
        topic,
        &needs.stacks_topic,
        &known,
        run.as_ref(),
        &message,
        input.now,
    )
    .await?;
    Ok(Output {
        sealed: known.is_sealed(),
        succeeded: known.is_sealed(),
        result: None,
        summary: message.cause(),
    })
}

/// `compose` returns the message, the outcome, and whether the execution succeeded.
async fn notify_of_restore(
    needs: &Needs,
    machine: Machine,
    compose: fn(&RestoreReport<'_>) -> (Message, RestoreOutcome, bool),
    input: EndedRun,
) -> Result<Output> {
    let run = run_of(&input.request, &input.execution, input.started_at);
    let known = match &run {
        Some(run) => RunFacts::of_restore(&needs.catalog, run, restore_of(machine, &input.request, run)).await?,
        None => RunFacts::default(),
    };
    let failure = input.failure.as_ref().map(Caught::reason);
    let of = Execution {
        arn: &input.execution,
        started_at: input.started_at,
        now: input.now,
        run: run.as_ref(),
    };
    let (message, result, succeeded) = compose(&known.restore(&of, failure.as_ref()));
    let topic = needs.topic.as_ref();
    send_once(
        &needs.catalog,
        topic,
        &needs.stacks_topic,
        &known,
        run.as_ref(),
        &message,
        input.now,
    )
    .await?;
    Ok(Output {
        sealed: false,
        succeeded,
        result: Some(result),
        summary: message.cause(),
    })
}

/// The run continues; its outcome is reported later. Sent once for a restore, however many of its resources wait.
async fn notify_of_wait(needs: &Needs, input: EndedRun) -> Result<Output> {
    let run = run_of(&input.request, &input.execution, input.started_at);
    let run = run.ok_or_else(|| Error::invalid("request", input.request.to_string(), "a request of a restore"))?;
    let record = needs.catalog.known_restore(&run.deployment, &run.id).await?;
    let mut summary = String::new();
    if record.notified_of_wait_at.is_none() {
        let known = RunFacts::of_restore(&needs.catalog, &run, Some(&run.id)).await?;
        let of = Execution {
            arn: &input.execution,
            started_at: input.started_at,
            now: input.now,
            run: Some(&run),
        };
        let message = message::waiting(&known.restore(&of, None), &record);
        send(
            needs.topic.as_ref(),
            known.topic.as_deref(),
            &needs.stacks_topic,
            &message,
        )
        .await?;
        let set_notified = |record: &mut RestoreRecord| record.notified_of_wait_at = Some(input.now);
        needs
            .catalog
            .change_restore(&run.deployment, &run.id, set_notified)
            .await?;
        summary = message.cause();
    }
    Ok(Output {
        sealed: false,
        succeeded: false,
        result: None,
        summary,
    })
}

async fn notify_of_night(needs: &Needs, input: EndedNight) -> Result<Output> {
    let (entries, read_failure) = match serde_json::from_value::<ResultLocation>(input.results) {
        Ok(place) => match read_results(needs.objects.as_ref(), &place).await {
            Ok(entries) => (entries, None),
            // The deployments that were due are known anyway, and on-call is notified of the night.
            Err(error) if error.class() == Class::Final => (Vec::new(), Some(read_error(&error))),
            Err(error) => return Err(error),
        },
        // The map failed.
        Err(_) => (Vec::new(), None),
    };
    let results: Vec<_> = entries.iter().filter_map(message::NightlyResult::written).collect();
    let outcomes = message::outcomes(&input.due, &results);
    let (mut newest, mut left, mut uncovered) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for due in &input.due {
        let sets = needs.catalog.sets(&due.deployment).await?;
        if let Some(set) = newest_sealed(&sets) {
            newest.insert(due.deployment.clone(), set.clone());
        }
        let past = needs.catalog.past_restores(&due.deployment).await?;
        let found = leftovers::leftovers(&past, &sets, input.now);
        left.extend(leftovers::summary(&found, input.now).map(|summary| (due.deployment.clone(), summary)));
        let told = told_tonight(&needs.catalog, &sets, input.started_at).await?;
        uncovered.extend((!told.is_empty()).then(|| (due.deployment.clone(), told)));
    }
    let failure = input.failure.as_ref().map(Caught::reason).or(read_failure);
    let message = message::nightly(&NightlyRun {
        execution: &input.execution,
        started_at: input.started_at,
        now: input.now,
        outcomes: &outcomes,
        newest_sealed: &newest,
        leftovers: &left,
        uncovered: &uncovered,
        failure: failure.as_ref(),
    });
    send(needs.topic.as_ref(), None, &needs.stacks_topic, &message).await?;
    let sealed = failure.is_none() && outcomes.iter().all(|outcome| outcome.sealed);
    Ok(Output {
        sealed,
        succeeded: sealed,
        result: None,
        summary: message.cause(),
    })
}

/// What the night's backup of a deployment found to be in no set.
async fn told_tonight(catalog: &Catalog, sets: &[BackupSet], since: Timestamp) -> Result<Vec<String>> {
    let Some(set) = sets.iter().rev().find(|set| set.started_at >= since) else {
        return Ok(Vec::new());
    };
    let run = catalog.run(&set.deployment, &set.id).await?;
    Ok(run.map(|run| told(&run.warnings)).unwrap_or_default())
}

fn read_error(error: &Error) -> Reason {
    Reason {
        subject: "catalog".to_owned(),
        error: error.name().to_owned(),
        message: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
