//! `plan-restore`: finds all that could go wrong later, and writes the plan to the catalog. Nothing is created, switched or
//! deleted; a plan with any fault is none.

mod drafts;
mod here;
mod moment;
mod mounted;
mod origins;
mod pointers;
mod preflight;
mod retained;
mod safety;
mod switches;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::origins::Origins;
use self::pointers::Pointers;
use self::preflight::Ahead;
use crate::catalog::Catalog;
use crate::domain::descriptor::Descriptor;
use crate::domain::job::Run;
use crate::domain::kinds::aurora;
use crate::domain::names;
use crate::domain::resource::Resource;
use crate::domain::restore::item::Item;
use crate::domain::restore::matching::{self, Matching};
use crate::domain::restore::naming::{Naming, Overrides};
use crate::domain::restore::plan::{Beside, CutOverMode, OnFailure, Plan};
use crate::domain::restore::remark::Remark;
use crate::domain::restore::request::RestoreRequest;
use crate::domain::restore::{RestoreRecord, history, table};
use crate::domain::set::RunRecord;
use crate::domain::turns::in_turn;
use crate::error::{Error, Fault, Result};
use crate::hooks::Hooks;
use crate::kinds::Kinds;
use crate::runs::executions::{self, Executions};
use crate::runs::{closing, planning};
use crate::runtime;
use crate::switches::Switches;

const DOING: &str = "planning the restore";

pub struct Needs {
    pub catalog: Catalog,
    pub kinds: Kinds,
    pub switches: Switches,
    pub executions: Arc<dyn Executions>,
    pub hooks: Hooks,
    pub pointers: Arc<dyn Pointers>,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            kinds: runtime::kinds(aws)?,
            switches: Switches::from_config(aws),
            executions: Arc::new(executions::Aws::new(aws)),
            hooks: Hooks::from_config(aws),
            pointers: Arc::new(pointers::Aws::new(aws)),
        })
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    /// The execution's input, as somebody typed it.
    pub request: Value,
    pub execution: String,
    pub started_at: Timestamp,
    pub now: Timestamp,
}

/// What the machine goes by.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Output {
    pub run: Run,
    pub dry_run: bool,
    pub approval: bool,
    pub safety_backup: bool,
    /// Whether the application is brought to rest: only where it will be switched.
    pub has_hooks: bool,
    pub cut_over: CutOverMode,
    pub on_failure: OnFailure,
    pub security_groups: Vec<String>,
    /// What is restored.
    #[serde(serialize_with = "in_turn")]
    pub resources: Vec<Resource>,
    /// What is compared: the guards too.
    #[serde(serialize_with = "in_turn")]
    pub compared: Vec<Resource>,
    /// The plan, for a person.
    pub text: String,
}

/// # Errors
/// `InvalidInput` with every fault of the request, of the resources and of the switches; `NotFound` for a deployment that is
/// not registered; `DeploymentBusy` while another run holds it; `Conflict` for a run that has ended.
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
    closing::refuse_ended(&needs.catalog, &run, DOING).await?;
    let is_running = |holder: String| async move { needs.executions.is_running(&holder).await };
    // Before a look at what their run changes meanwhile: that it runs is what the operator has to know.
    if !request.dry_run {
        needs.catalog.see_idle(&run, is_running).await?;
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
    see_carried(&output)?;
    if !plan.dry_run {
        needs.catalog.acquire_lease(&run, is_running).await?;
    }
    let begun = needs
        .catalog
        .begin_restore(&RestoreRecord::planned(&run, plan), &items)
        .await;
    planning::see_not_ended(&needs.catalog, &run, DOING, "PlanRestore", input.now).await?;
    begun?;
    tracing::info!(deployment = %run.deployment, restore = %run.id, resources = items.len(), "planned");
    Ok(output)
}

/// What Step Functions carries in a state or a variable (256 KiB), with room for what the machine adds.
const MOST_BYTES: usize = 220 * 1024;

/// # Errors
/// `InvalidInput` for a plan that the machine could not carry.
fn see_carried(output: &Output) -> Result<()> {
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

const IN_PARTS: &str = "restore the deployment in several executions, each with a part of it in \"only\"";

fn output(run: &Run, descriptor: &Descriptor, plan: &Plan, items: &[Item]) -> Output {
    let resource = |item: &Item| item.planned.resource.clone();
    Output {
        run: run.clone(),
        dry_run: plan.dry_run,
        approval: plan.approval,
        safety_backup: plan.safety_backup,
        has_hooks: !descriptor.hooks.is_empty() && plan.cut_over != CutOverMode::No,
        cut_over: plan.cut_over,
        on_failure: plan.on_failure,
        security_groups: plan.security_groups.clone(),
        resources: items.iter().filter(|item| makes(item)).map(resource).collect(),
        compared: items.iter().map(resource).collect(),
        text: table::table(plan),
    }
}

fn makes(item: &Item) -> bool {
    item.planned.beside != Beside::Nothing
}

/// One plan in the making.
struct Planning<'a> {
    needs: &'a Needs,
    request: &'a RestoreRequest,
    descriptor: &'a Descriptor,
    run: &'a Run,
    now: Timestamp,
}

impl Planning<'_> {
    async fn plan(&self) -> Result<(Plan, Vec<Item>)> {
        let mut faults = self.request.check_times(self.now);
        let origins = origins::find(self).await;
        let origins = match origins {
            Ok(origins) => origins,
            // What to restore from is not known: of the rest, nothing can be told.
            Err(Error::InvalidInput(more)) => {
                faults.extend(more);
                return Err(Error::InvalidInput(faults));
            }
            Err(error) => return Err(error),
        };
        faults.extend(origins.faults.iter().cloned());
        let mut items = self.items(&origins).await?;
        let ahead = preflight::check(&self.needs.kinds, self.run, &mut items).await?;
        let cut_over = switches::cutting_over(self.descriptor, self.request.cut_over, &items);
        faults.extend(ahead.faults.iter().cloned());
        faults.extend(switches::without_entries(
            self.descriptor,
            self.request.cut_over,
            &items,
        ));
        faults.extend(switches::to_new_file_systems(&cut_over.switches, &items));
        faults.extend(
            self.needs
                .switches
                .preflight(self.run, &cut_over.switches, &items)
                .await?,
        );
        let pointing = pointers::find(self.needs.pointers.as_ref(), self.run, &cut_over, &items).await?;
        faults.extend(pointing.faults);
        faults.extend(self.too_long(&items));
        if self.request.safety_backup {
            faults.extend(safety::faults(&self.needs.kinds, self.descriptor).await?);
        }
        let mut remarks: Vec<Remark> = Vec::new();
        if self.request.safety_backup || cut_over.mode != CutOverMode::No {
            match self.needs.hooks.check_all(&self.descriptor.hooks).await {
                Ok(unknown) => remarks.extend(
                    unknown
                        .into_iter()
                        .map(|unknown| format!("{}: {}", unknown.subject, unknown.message).into()),
                ),
                Err(Error::InvalidInput(missing)) => faults.extend(missing),
                Err(error) => return Err(error),
            }
        }
        if !faults.is_empty() {
            return Err(Error::InvalidInput(without_repeats(faults)));
        }
        let mut ahead = ahead;
        ahead.remarks.extend(mounted::remarks(self, &items).await?);
        ahead
            .remarks
            .extend(self.needs.switches.remarks(&cut_over.switches, &items).await?);
        let mut plan = self.compose(origins, ahead, cut_over, &items);
        plan.remarks.extend(remarks);
        plan.remarks.extend(pointing.remarks);
        Ok((plan, items))
    }

    async fn items(&self, origins: &Origins) -> Result<Vec<Item>> {
        let suffix = self.request.suffix.clone();
        let suffix = suffix.unwrap_or_else(|| names::suffix(self.run));
        let request = origins.request.as_ref().unwrap_or(self.request);
        let mut items = Vec::with_capacity(origins.drafts.len());
        for draft in origins.drafts.iter().cloned() {
            let name = &draft.resource.name;
            let naming = Naming {
                suffix: &suffix,
                given: request.names.get(name).map(String::as_str),
                into: request.into.get(name).copied(),
            };
            let overrides = Overrides {
                instance_class: request.instance_classes.get(name).map(String::as_str),
                ca_certificate: request.ca_certificates.get(name).map(String::as_str),
            };
            items.push(drafts::item(self, draft, &naming, &overrides).await?);
        }
        Ok(items)
    }

    /// A restore that would outgrow the history of its execution.
    fn too_long(&self, items: &[Item]) -> Option<Fault> {
        let planned: Vec<_> = items.iter().map(|item| item.planned.clone()).collect();
        let events = history::events(&planned, self.descriptor.probes.len());
        (events > history::MOST_EVENTS).then(|| Fault {
            path: "only".to_owned(),
            value: format!(
                "{} resources, whose restore takes about {events} events of the execution's history,",
                items.len()
            ),
            allowed: format!(
                "resources that take at most {} events: {IN_PARTS}",
                history::MOST_EVENTS
            ),
        })
    }

    /// How the two sides of the restore stand to each other.
    fn matching(&self, origins: &Origins, cut_over: &switches::CuttingOver, items: &[Item]) -> Matching {
        let mut found = Matching::default();
        if let Some(sides) = origins.sides(self) {
            found.gaps = sides.gaps();
            let (pairs, gaps) = matching::probes(&sides, &origins.counted);
            found.probes = pairs;
            found.gaps.extend(gaps);
            // Whoever asks for no cut-over is told of the data alone.
            if self.request.cut_over != Some(CutOverMode::No) {
                found.gaps.extend(matching::switches(&sides));
            }
        }
        if cut_over.mode != CutOverMode::No {
            found.live = switches::live(self.descriptor, &cut_over.switches, items);
            let is_abandoned = |name: &str| origins.matched.iter().any(|of| of.abandoned && of.name == name);
            found.live.retain(|name| !is_abandoned(name));
            let left_out = origins.sides(self).map(|sides| sides.left_out()).unwrap_or_default();
            for name in left_out {
                let whole = name.split('.').next().unwrap_or(&name);
                if !found.live.iter().any(|live| *live == name || live == whole) {
                    found.live.push(name);
                }
            }
        }
        found
    }

    fn compose(&self, origins: Origins, ahead: Ahead, cut_over: switches::CuttingOver, items: &[Item]) -> Plan {
        let matching = self.matching(&origins, &cut_over, items);
        let mut remarks = origins.remarks;
        let given = |(name, what): (&String, &String)| {
            let text = format!("every instance of the copy gets {what}, as asked, whatever its source had");
            Remark::of(name, text)
        };
        let request = origins.request.as_ref().unwrap_or(self.request);
        // Of what was not captured, the one instance of the copy gets a class and nothing else.
        let captured = |name: &String| {
            let item = items.iter().find(|item| item.planned.resource.name == *name);
            item.is_some_and(|item| aurora::has_instances(&item.configuration))
        };
        remarks.extend(request.instance_classes.iter().map(given));
        remarks.extend(
            request
                .ca_certificates
                .iter()
                .map(|(name, authority)| match captured(name) {
                    true => given((name, authority)),
                    false => Remark::of(
                        name,
                        format!(
                            "{authority} IS NOT GIVEN: the instances of its source were not captured; set it by hand"
                        ),
                    ),
                }),
        );
        remarks.extend(ahead.remarks);
        remarks.extend(cut_over.remarks.into_iter().map(Remark::from));
        Plan {
            set: origins.set,
            at: origins.at,
            at_rest: origins.at_rest,
            made_at: self.now,
            resources: items.iter().map(|item| item.planned.clone()).collect(),
            not_covered: origins.not_covered,
            remarks,
            cut_over: cut_over.mode,
            approval: self.request.approval,
            safety_backup: self.request.safety_backup,
            dry_run: self.request.dry_run,
            on_failure: self.request.on_failure,
            switches: cut_over.words,
            matching,
            security_groups: ahead.security_groups,
            options: self.request.options(),
            naming: self.request.naming(),
            expected_seconds: items.iter().filter_map(|item| item.planned.usual_seconds).max(),
        }
    }
}

/// Each fault once, in its order.
fn without_repeats(faults: Vec<Fault>) -> Vec<Fault> {
    let mut seen: Vec<Fault> = Vec::with_capacity(faults.len());
    for fault in faults {
        if !seen.contains(&fault) {
            seen.push(fault);
        }
    }
    seen
}
