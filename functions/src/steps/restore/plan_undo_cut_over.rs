//! `plan-undo-cut-over`: checks that a restore was cut over, takes the lease, and records the run. Changes nothing in the
//! deployment.

use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::Catalog;
use crate::domain::descriptor::Descriptor;
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::restore::RestoreRecord;
use crate::domain::restore::request::UndoRequest;
use crate::domain::restore::switch_progress::SwitchState;
use crate::domain::set::{Purpose, RunRecord};
use crate::error::{Error, Result};
use crate::runs::closing;
use crate::runs::executions::{self, Executions};
use crate::runtime;

const DOING: &str = "planning to switch back";

pub struct Needs {
    pub catalog: Catalog,
    pub executions: Arc<dyn Executions>,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            executions: Arc::new(executions::StepFunctionsExecutions::new(aws)),
        })
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    /// The execution's input, as given by the operator.
    pub request: Value,
    pub execution: String,
    pub started_at: Timestamp,
    pub now: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Output {
    pub run: Run,
    /// Id of the restore.
    pub restore: String,
    pub has_hooks: bool,
}

/// # Errors
/// `InvalidInput` for an invalid request and for a restore that has switched nothing; `NotFound` for one that is not
/// recorded; `DeploymentBusy` while another run has the lease; `Conflict` for a run that has ended.
pub async fn handle(needs: &Needs, input: Input) -> Result<Output> {
    let catalog = &needs.catalog;
    let UndoRequest { deployment, restore } = UndoRequest::parse(&input.request)?;
    let record = catalog.known_restore(&deployment, &restore).await?;
    ensure_cut_over(&record)?;
    let run = Run {
        id: names::set_id(&deployment, input.started_at, &input.execution),
        deployment,
        execution: input.execution,
        started_at: input.started_at,
    };
    let descriptor = descriptor(catalog, &run, &record).await?;
    let begun = RunRecord::begun(&run, Purpose::UndoCutOver);
    catalog.put_run(&begun, &descriptor).await?;
    closing::ensure_not_ended(catalog, &run, DOING).await?;
    let executions = needs.executions.as_ref();
    catalog
        .acquire_lease(&run, |holder| async move { executions.is_running(&holder).await })
        .await?;
    // Stopping an execution does not stop a function in flight: one that was cleaned up meanwhile releases the lease.
    if let Err(ended) = closing::ensure_not_ended(catalog, &run, DOING).await {
        catalog.release_lease(&run.deployment, &run.execution).await?;
        return Err(ended);
    }
    tracing::info!(deployment = %run.deployment, %restore, "planned to switch back");
    Ok(Output {
        run,
        restore,
        has_hooks: !descriptor.hooks.quiesce.is_empty(),
    })
}

fn ensure_cut_over(record: &RestoreRecord) -> Result<()> {
    let is_switched = |state: SwitchState| state != SwitchState::Returned;
    if record.switched.iter().any(|switched| is_switched(switched.state)) {
        return Ok(());
    }
    Err(Error::invalid(
        "restore",
        format!("{}, which has nothing switched,", record.id),
        format!(
            "a restore that was cut over and not switched back; `holdfast restores {}` lists them",
            record.deployment
        ),
    ))
}

/// The descriptor that the restore was planned with: its hooks are those of the application that was switched. If that run was
/// deleted, the present descriptor.
async fn descriptor(catalog: &Catalog, run: &Run, record: &RestoreRecord) -> Result<Descriptor> {
    let restoring = Run {
        id: record.id.clone(),
        ..run.clone()
    };
    match catalog.planned_by(&restoring).await {
        Err(Error::NotFound(_)) => catalog.descriptor(&run.deployment).await,
        known => known,
    }
}

#[cfg(test)]
mod tests;
