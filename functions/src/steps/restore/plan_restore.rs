//! `plan-restore`: checks everything that could fail later, and writes the plan to the catalog. Creates, switches and deletes
//! nothing; a plan with any fault is rejected.

mod backup_location;
mod compose;
mod context;
mod dependents;
mod directories_in_use;
mod drafts;
mod origins;
mod point_in_time;
mod points;
mod preflight;
mod retained_backups;
mod safety_backup;
mod switches;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::compose::IN_PARTS;
pub use self::context::Needs;
use self::context::Planning;
use crate::domain::descriptor::Descriptor;
use crate::domain::job::Run;
use crate::domain::resource::Resource;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan::{CutOverMode, Destination, OnFailure, Plan};
use crate::domain::restore::request::RestoreRequest;
use crate::domain::restore::{RestoreRecord, plan_table};
use crate::domain::set::RunRecord;
use crate::domain::start_delays::with_start_delays;
use crate::domain::{kinds, names};
use crate::error::{Error, Result};
use crate::runs::{closing, planning};

const DOING: &str = "planning the restore";

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    /// The execution's input, as given by the operator.
    pub request: Value,
    pub execution: String,
    pub started_at: Timestamp,
    pub now: Timestamp,
}

/// The machine's input for the rest of the restore.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Output {
    pub run: Run,
    pub dry_run: bool,
    pub approval: bool,
    pub safety_backup: bool,
    /// Whether the application is quiesced: only if it will be switched.
    pub has_hooks: bool,
    /// Whether hooks follow the restore: only if the application will use what is restored.
    pub has_after_restore: bool,
    pub cut_over: CutOverMode,
    pub on_failure: OnFailure,
    pub security_groups: Vec<String>,
    /// The resources to restore.
    #[serde(serialize_with = "with_start_delays")]
    pub resources: Vec<Resource>,
    /// The resources to compare, guards included.
    #[serde(serialize_with = "with_start_delays")]
    pub compared: Vec<Resource>,
    /// The plan, for a person.
    pub text: String,
}

/// # Errors
/// `InvalidInput` with every fault of the request, the resources and the switches; `NotFound` for a deployment that is
/// not registered; `DeploymentBusy` while another run has the lease; `Conflict` for a run that has ended.
pub async fn handle(needs: &Needs, input: Input) -> Result<Output> {
    let request = RestoreRequest::parse(&input.request)?;
    let descriptor = needs.catalog.descriptor(&request.deployment).await?;
    let run = Run {
        id: names::set_id(&request.deployment, input.started_at, &input.execution),
        deployment: request.deployment.clone(),
        execution: input.execution,
        started_at: input.started_at,
    };
    let record = RunRecord::begun(&run, request.purpose);
    needs.catalog.put_run(&record, &descriptor).await?;
    closing::ensure_not_ended(&needs.catalog, &run, DOING).await?;
    let is_running = |holder: String| async move { needs.executions.is_running(&holder).await };
    // Before anything is planned that another run may be changing: the operator has to know about that run first.
    if !request.dry_run {
        needs.catalog.ensure_idle(&run, is_running).await?;
    }
    let (plan, items) = Planning {
        needs,
        request: &request,
        descriptor: &descriptor,
        run: &run,
        now: input.now,
    }
    .plan()
    .await?;
    let output = output(&run, &descriptor, &plan, &items);
    ensure_fits_state(&output)?;
    if !plan.dry_run {
        needs.catalog.acquire_lease(&run, is_running).await?;
    }
    let begun = needs
        .catalog
        .begin_restore(&RestoreRecord::planned(&run, plan), &items)
        .await;
    planning::close_if_ended(&needs.catalog, &run, DOING, "PlanRestore", input.now).await?;
    begun?;
    tracing::info!(deployment = %run.deployment, restore = %run.id, resources = items.len(), "planned");
    Ok(output)
}

/// Step Functions' limit for a state or a variable (256 KiB), with room for what the machine adds.
const MOST_BYTES: usize = 220 * 1024;

/// # Errors
/// `InvalidInput` for a plan that is too large for the machine.
fn ensure_fits_state(output: &Output) -> Result<()> {
    let bytes = serde_json::to_vec(output).map_or(usize::MAX, |text| text.len());
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    Err(Error::invalid(
        "only",
        format!("{} resources, whose plan is {bytes} bytes,", output.compared.len()),
        format!("resources whose plan is at most {MOST_BYTES} bytes: {IN_PARTS}"),
    ))
}

fn output(run: &Run, descriptor: &Descriptor, plan: &Plan, items: &[RestoreItem]) -> Output {
    let resource = |item: &RestoreItem| item.planned.resource.clone();
    Output {
        run: run.clone(),
        dry_run: plan.dry_run,
        approval: plan.approval,
        safety_backup: plan.safety_backup,
        has_hooks: !descriptor.hooks.quiesce.is_empty() && plan.cut_over != CutOverMode::No,
        has_after_restore: !descriptor.hooks.after_restore.is_empty() && in_use_afterwards(plan, items),
        cut_over: plan.cut_over,
        on_failure: plan.on_failure,
        security_groups: plan.security_groups.clone(),
        resources: items.iter().filter(|item| makes(item)).map(resource).collect(),
        compared: items.iter().map(resource).collect(),
        text: plan_table::table(plan),
    }
}

/// By a cut-over, or because a copy gets the name of a resource that is gone.
fn in_use_afterwards(plan: &Plan, items: &[RestoreItem]) -> bool {
    plan.cut_over != CutOverMode::No || items.iter().any(|item| kinds::has_own_name(&item.planned))
}

fn makes(item: &RestoreItem) -> bool {
    item.planned.destination != Destination::Nothing
}
