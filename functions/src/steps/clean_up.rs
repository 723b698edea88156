//! `clean-up`: closes an execution that ended before its own Notify. Resumes the application, fails the set or has the restore
//! undone, releases the lease, and notifies on-call. AWS jobs that the execution started are not stopped: a backup that ends later
//! is removed with its set, a copy with its restore. Started by EventBridge's `Step Functions Execution Status Change`.

mod ended_execution;
mod rollback;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::ended_execution::{Detail, EndedExecution, reasons};
use self::rollback::{Rollback, rollback_machine, start_rollback};
use crate::catalog::{Catalog, RunMilestone};
use crate::domain::hooks::is_taken_over;
use crate::domain::job::Run;
use crate::domain::machine::Machine;
use crate::domain::message::{self, NightlyRun};
use crate::domain::request::Request;
use crate::domain::set::{Purpose, RunRecord};
use crate::error::{Class, Error, Result};
use crate::hooks::Hooks;
use crate::runs::closing::{self, RunEnd};
use crate::runs::execution_input::run_of;
use crate::runs::notifying::{Sns, Topic, send};
use crate::runs::resuming::{Resumed, resume, resume_patiently};
use crate::runs::state_machines::{Machines, Sfn};
use crate::runtime;

/// For how long one call waits for an application to resume; its function ends after 890 seconds.
const PATIENCE_SECONDS: u64 = 600;

pub struct Needs {
    pub catalog: Catalog,
    pub hooks: Hooks,
    pub topic: Arc<dyn Topic>,
    /// ARN of the stack's on-call topic.
    pub stacks_topic: String,
    /// ARN of the state machine `nightly`.
    pub nightly: String,
    pub machines: Arc<dyn Machines>,
    /// ARNs of the state machines that undo restores.
    pub undo_machines: BTreeMap<Machine, String>,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            hooks: runtime::hooks(aws)?,
            topic: Arc::new(Sns::new(aws)),
            stacks_topic: runtime::setting("ONCALL_TOPIC_ARN")?,
            nightly: runtime::setting("NIGHTLY_STATE_MACHINE_ARN")?,
            machines: Arc::new(Sfn {
                client: aws_sdk_sfn::Client::new(aws),
            }),
            undo_machines: Machine::ALL
                .iter()
                .copied()
                .filter_map(|machine| Some((machine, runtime::optional_setting(machine.facts().setting?)?)))
                .collect(),
        })
    }
}

/// EventBridge's event.
// Not `aws_lambda_events`: its EventBridge event has no type for the detail of Step Functions, which is all that is read here,
// and it adds chrono and serde_with to every function, although jiff is there.
#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub time: Timestamp,
    pub detail: Detail,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Output {
    /// Whether anything was left to do.
    pub acted: bool,
}

pub async fn handle(needs: &Needs, Input { time: now, detail }: Input) -> Result<Output> {
    let started_at = Timestamp::from_millisecond(detail.start_date)
        .map_err(|error| Error::invalid("detail.startDate", error.to_string(), "milliseconds since 1970"))?;
    let has_notified = detail.error.as_deref().is_some_and(Machine::has_notified);
    if detail.state_machine_arn == needs.nightly {
        return match has_notified {
            true => Ok(Output { acted: false }),
            false => notify_of_failed_night(needs, &detail, started_at, now).await,
        };
    }
    let request: Value = detail
        .input
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let ended = EndedExecution {
        catalog: &needs.catalog,
        topic: needs.topic.as_ref(),
        stacks_topic: &needs.stacks_topic,
        machine: Machine::of(&detail.execution_arn).unwrap_or(Machine::Backup),
        request: &request,
        detail: &detail,
        started_at,
        now,
    };
    match (
        run_of(&request, &detail.execution_arn, started_at),
        ended.machine.facts().purpose,
    ) {
        (Some(run), Some(usual)) => {
            let purpose = match usual.is_backup() {
                true => Request::parse(&request).map_or(usual, |request| request.purpose),
                false => usual,
            };
            clean_up(needs, &run, purpose, &ended, has_notified).await
        }
        // Its machine has no run of its own, and quiesces nothing.
        (run, _) if !has_notified => {
            ended.notify(run.as_ref(), false, Rollback::Nothing).await?;
            Ok(Output { acted: true })
        }
        _ => Ok(Output { acted: false }),
    }
}

async fn clean_up(
    needs: &Needs,
    run: &Run,
    purpose: Purpose,
    ended: &EndedExecution<'_>,
    has_notified: bool,
) -> Result<Output> {
    let (catalog, now) = (&needs.catalog, ended.now);
    let record = or_default_if_unreadable(catalog.run(&run.deployment, &run.id).await)?;
    let lease = or_default_if_unreadable(catalog.lease(&run.deployment).await)?;
    let had_lease = lease.is_some_and(|lease| lease.execution == run.execution);
    // A recorded run knows whether on-call was notified; otherwise only the machine's error says so.
    let was_notified = record
        .as_ref()
        .map_or(has_notified, |record| record.notified_at.is_some());
    let open = record.as_ref().is_some_and(|record| record.ended_at.is_none());
    // First: a step of this run that is still in flight, or redriven, then finds it ended.
    if record.is_none() && !has_notified && is_registered(catalog, &run.deployment).await? {
        catalog.record_ended_run(run, purpose, now).await?;
    } else {
        catalog
            .mark_run(&run.deployment, &run.id, RunMilestone::Ended, now)
            .await?;
    }
    let rollback_by = match ended.machine.facts().has_rollback {
        true => or_default_if_unreadable(rollback_machine(catalog, run, has_notified).await)?,
        false => None,
    };
    // On-call is notified and the lease released even if the application cannot be resumed.
    let resumed = match is_resumed_by_another(catalog, record.as_ref()).await {
        Ok(true) => Ok(Resumed::Nothing),
        Ok(false) => resume(catalog, &needs.hooks, run, now).await,
        Err(error) => Err(error),
    };
    let end = RunEnd {
        reasons: reasons(ended.machine, ended.detail),
        failed: false,
    };
    or_default_if_unreadable(closing::end(catalog, run, end, now).await)?;
    // After the lease is released: switching back needs it.
    let rollback = start_rollback(needs.machines.as_ref(), &needs.undo_machines, run, rollback_by).await;
    let resumed_now = matches!(&resumed, Ok(Resumed::Done(hooks)) if !hooks.is_empty());
    if !was_notified {
        ended.notify(Some(run), had_lease, rollback.clone()).await?;
    } else if resumed_now {
        ended.notify_resumed(run).await?;
    }
    let acted = !was_notified || open || had_lease || resumed_now;
    // Lambda retries, and finds the rollback that was not started, or the application still at rest. For a run that cannot be
    // read, on-call was notified.
    if let Rollback::NotBegun(_, error) = rollback {
        return Err(error);
    }
    match resumed {
        Err(error) if record.is_some() => Err(error),
        // On-call was notified that it is at rest, and hears when it is not.
        Ok(Resumed::InProgress { .. }) => {
            await_resumption(needs, run, now).await?;
            ended.notify_resumed(run).await?;
            Ok(Output { acted: true })
        }
        _ => Ok(Output { acted }),
    }
}

/// Whether a run that began since has brought the application to rest again: Lambda calls this step again minutes after it failed.
async fn is_resumed_by_another(catalog: &Catalog, record: Option<&RunRecord>) -> Result<bool> {
    match record.filter(|record| record.rested_at().is_some() && record.resumed_at.is_none()) {
        Some(record) => Ok(is_taken_over(&catalog.runs(&record.deployment).await?, record)),
        None => Ok(false),
    }
}

/// # Errors
/// `NotReady` if the application has not resumed in time: Lambda calls twice more, and the last call that fails is an alarm.
async fn await_resumption(needs: &Needs, run: &Run, now: Timestamp) -> Result<()> {
    let known = (&needs.catalog, &needs.hooks);
    match resume_patiently(known, run, now, PATIENCE_SECONDS, runtime::wait).await? {
        Resumed::InProgress { what, .. } => Err(Error::NotReady(format!(
            "resuming {}: it still waits for {}",
            run.deployment,
            what.join("; ")
        ))),
        Resumed::Nothing | Resumed::Done(_) => Ok(()),
    }
}

/// A record that cannot be read is logged, and must not stop the rest of the clean-up.
fn or_default_if_unreadable<T: Default>(found: Result<T>) -> Result<T> {
    match found {
        Err(error) if error.class() == Class::Final => {
            tracing::error!(error = error.name(), message = %error, "cleaned up as far as the catalog can be read");
            Ok(T::default())
        }
        found => found,
    }
}

async fn is_registered(catalog: &Catalog, deployment: &str) -> Result<bool> {
    match catalog.descriptor(deployment).await {
        Ok(_) => Ok(true),
        Err(Error::NotFound(_)) => Ok(false),
        Err(error) if error.class() == Class::Final => Ok(true),
        Err(error) => Err(error),
    }
}

/// A night leaves nothing behind: its backups are executions of their own, and are cleaned up as such.
async fn notify_of_failed_night(
    needs: &Needs,
    detail: &Detail,
    started_at: Timestamp,
    now: Timestamp,
) -> Result<Output> {
    let reason = reasons(Machine::Nightly, detail).into_iter().next();
    let message = message::nightly(&NightlyRun {
        execution: &detail.execution_arn,
        started_at,
        now,
        outcomes: &[],
        newest_sealed: &BTreeMap::new(),
        uncovered: &BTreeMap::new(),
        leftovers: &BTreeMap::new(),
        failure: reason.as_ref(),
    });
    send(needs.topic.as_ref(), None, &needs.stacks_topic, &message).await?;
    Ok(Output { acted: true })
}

#[cfg(test)]
mod tests;
