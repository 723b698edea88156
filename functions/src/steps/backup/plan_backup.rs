//! `plan-backup`: validates the request and the descriptor, takes the lease, lists what will be backed up and counted,
//! and begins the set. Changes nothing in the deployment.

mod backup_quotas;
mod coverage;
mod in_use;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::Catalog;
use crate::domain::descriptor::{self, Descriptor, MOST_RESOURCES};
use crate::domain::job::{Failure, Run};
use crate::domain::kinds::{self, Counting, Stateful};
use crate::domain::names;
use crate::domain::probe::{Count, PlannedProbe, Sql};
use crate::domain::request::Request;
use crate::domain::resource::Resource;
use crate::domain::set::{BackupSet, Purpose, Reason, RunRecord};
use crate::domain::start_delays::with_start_delays;
use crate::error::{Class, Error, Fault, Result};
use crate::hooks::Hooks;
use crate::kinds::Kinds;
use crate::runs::executions::{self, Executions};
use crate::runs::{closing, planning};
use crate::runtime;
use crate::switches::Switches;

const DOING: &str = "planning the backup";
/// How many excluded copies a warning names.
const MOST_NAMED: usize = 20;

pub struct Needs {
    pub catalog: Catalog,
    pub kinds: Kinds,
    pub executions: Arc<dyn Executions>,
    pub switches: Switches,
    pub hooks: Hooks,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            kinds: runtime::kinds(aws)?,
            executions: Arc::new(executions::StepFunctionsExecutions::new(aws)),
            switches: runtime::switches(aws)?,
            hooks: runtime::hooks(aws)?,
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
    #[serde(serialize_with = "with_start_delays")]
    pub resources: Vec<Resource>,
    pub probes: Vec<PlannedProbe>,
    pub has_hooks: bool,
}

/// # Errors
/// `InvalidInput` for an invalid request or descriptor, a disabled deployment, prefixes that match too many tables, hooks that
/// do not exist, and resources that the application does not use;
/// `NotFound` for a deployment that is not registered; `DeploymentBusy` while another run has the lease; `Conflict` for a run
/// that has ended, and for an id that another execution has.
pub async fn handle(needs: &Needs, input: Input) -> Result<Output> {
    let Request {
        deployment,
        purpose,
        on_behalf_of,
    } = Request::parse(&input.request)?;
    let descriptor = needs.catalog.descriptor(&deployment).await?;
    if !descriptor.enabled && purpose != Purpose::SafetyBackup {
        return Err(Error::invalid(
            "enabled",
            "false",
            format!("true, to back up {deployment}; apply its descriptor again with `enabled: true`"),
        ));
    }
    let run = Run {
        id: names::set_id(&deployment, input.started_at, &input.execution),
        deployment,
        execution: input.execution,
        started_at: input.started_at,
    };
    needs
        .catalog
        .put_run(&RunRecord::begun(&run, purpose), &descriptor)
        .await?;
    closing::ensure_not_ended(&needs.catalog, &run, DOING).await?;
    let (resources, left_out) = resources(&needs.kinds, &descriptor).await?;
    for copies in left_out {
        needs.catalog.warn_run(&run.deployment, &run.id, copies).await?;
    }
    let probes = probes(&needs.kinds, &descriptor).await?;
    for warning in backup_quotas::warnings(&needs.catalog, &needs.kinds, &descriptor).await {
        needs.catalog.warn_run(&run.deployment, &run.id, warning).await?;
    }
    if let Some(warning) = coverage::warning(&needs.catalog, &needs.kinds, &descriptor).await {
        needs.catalog.warn_run(&run.deployment, &run.id, warning).await?;
    }
    for unknown in needs.hooks.check_all(&descriptor.hooks, |_| false).await? {
        needs.catalog.warn_run(&run.deployment, &run.id, unknown).await?;
    }
    match &on_behalf_of {
        Some(holder) => ensure_lease_held(needs, &run, holder).await?,
        None => {
            let is_running = |holder: String| async move { needs.executions.is_running(&holder).await };
            needs.catalog.acquire_or_borrow_lease(&run, is_running).await?;
        }
    }
    let begun = begin(needs, &run, &descriptor, &resources).await;
    planning::close_if_ended(&needs.catalog, &run, DOING, "PlanBackup", input.now).await?;
    begun?;
    tracing::info!(deployment = %run.deployment, set = %run.id, resources = resources.len(), "planned");
    Ok(Output {
        run,
        resources,
        probes,
        has_hooks: !descriptor.hooks.quiesce.is_empty(),
    })
}

/// Checks that the resources are in use, and begins the set. By now the lease keeps any cut-over from running.
async fn begin(needs: &Needs, run: &Run, descriptor: &Descriptor, resources: &[Resource]) -> Result<()> {
    ensure_unchanged(needs, descriptor).await?;
    for warning in in_use::check_in_use(&needs.switches, descriptor).await? {
        needs.catalog.warn_run(&run.deployment, &run.id, warning).await?;
    }
    let names = resources.iter().map(|resource| resource.name.clone()).collect();
    needs.catalog.begin_set(&BackupSet::begun(run, names)).await
}

/// Checks that the descriptor is still the one that was read: a cut-over may have changed it before the lease was taken.
///
/// # Errors
/// `Unavailable`, so that a retry reads the new one.
async fn ensure_unchanged(needs: &Needs, descriptor: &Descriptor) -> Result<()> {
    match needs.catalog.descriptor(&descriptor.deployment).await? == *descriptor {
        true => Ok(()),
        false => Err(Error::Unavailable(format!(
            "{DOING}: the descriptor of {} was replaced meanwhile; it is read again",
            descriptor.deployment
        ))),
    }
}

/// Checks that a running execution that requested this backup has the lease. The lease stays with it, since a run releases
/// only its own.
///
/// # Errors
/// `InvalidInput` where another execution has the lease, or none does.
async fn ensure_lease_held(needs: &Needs, run: &Run, holder: &str) -> Result<()> {
    let lease = needs.catalog.lease(&run.deployment).await?;
    let held = lease.as_ref().is_some_and(|lease| lease.execution == holder);
    if held && needs.executions.is_running(holder).await? {
        return Ok(());
    }
    let now = match lease {
        Some(lease) if held => format!("of which {} is not running any more", lease.execution),
        Some(lease) => format!("while {} holds {}", lease.execution, run.deployment),
        None => format!("while nobody holds {}", run.deployment),
    };
    Err(Error::invalid(
        "on_behalf_of",
        format!("{holder:?}, {now},"),
        "the ARN of the running execution that holds the deployment, which a restore gives to its safety backup. Leave the \
         field out to back the deployment up by itself",
    ))
}

/// Expands each prefix to its tables, with a warning for copies that are left out: with them, each restore would double the tables.
/// A prefix that matches no table is kept, and fails by itself when its backup starts.
///
/// # Errors
/// `InvalidInput` where there are more tables than a run can carry.
async fn resources(kinds: &Kinds, descriptor: &Descriptor) -> Result<(Vec<Resource>, Vec<Reason>)> {
    let (mut planned, mut expanded, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    // Those of a kind are listed once, however many patterns it has.
    let mut copies_by_kind: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for resource in descriptor.resources() {
        if !kinds::is_pattern(&resource.target) {
            planned.push(resource);
            continue;
        }
        let prefix = resource.target.identifier().to_owned();
        let kind = kinds.of(&resource.target);
        let mut tables = descriptor.tables(&resource, &kind.matching(&resource.target).await?);
        let copies = match copies_by_kind.entry(resource.target.kind()) {
            Entry::Occupied(listed) => listed.into_mut(),
            Entry::Vacant(entry) => entry.insert(kind.copies().await?),
        };
        let left_out = descriptor.leave_out_copies(&resource.name, &mut tables, copies);
        if !left_out.is_empty() {
            warnings.push(Reason {
                subject: resource.name.clone(),
                error: "CopiesLeftOut".to_owned(),
                message: format!(
                    "{} tables that begin with {prefix} are copies of restores, and no probe and no switch names them; they are not \
                     backed up: {}",
                    left_out.len(),
                    left_out.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ")
                ),
            });
        }
        if tables.is_empty() {
            planned.push(resource);
        } else {
            expanded.push((resource.name, prefix.clone(), tables.len()));
            planned.extend(tables);
        }
    }
    if planned.len() > MOST_RESOURCES && !expanded.is_empty() {
        let faults = expanded.into_iter().map(|(name, prefix, tables)| Fault {
            path: format!("resources.{name}.prefix"),
            value: format!("{prefix}, with which {tables} tables begin,"),
            allowed: format!(
                "prefixes that make at most {MOST_RESOURCES} resources of the deployment, not {}; split it into several \
                 deployments",
                planned.len()
            ),
        });
        return Err(Error::InvalidInput(faults.collect()));
    }
    Ok((planned, warnings))
}

async fn probes(kinds: &Kinds, descriptor: &Descriptor) -> Result<Vec<PlannedProbe>> {
    let mut planned = Vec::new();
    for (name, probe) in &descriptor.probes {
        let Some(target) = descriptor
            .resources
            .get(&probe.resource)
            .map(|protected| &protected.target)
        else {
            return Err(Error::invalid(
                format!("probes.{name}.resource"),
                probe.resource.clone(),
                "a resource of the descriptor",
            ));
        };
        if kinds::stateful(target).is_some_and(Stateful::counts_in_backup) {
            continue;
        }
        let counting = kinds::stateful(target).and_then(Stateful::counting);
        let refused = || {
            Error::invalid(
                format!("probes.{name}.resource"),
                probe.resource.clone(),
                "a resource in which this probe can count",
            )
        };
        let count = match &probe.count {
            descriptor::Count::Sql { .. } if counting != Some(Counting::Rows) => return Err(refused()),
            descriptor::Count::Items { .. } if counting != Some(Counting::Items) => return Err(refused()),
            descriptor::Count::Items { table: None } if kinds::is_pattern(target) => return Err(refused()),
            descriptor::Count::Sql {
                sql,
                secret,
                database,
                timeout_seconds,
            } => {
                // A missing cluster fails only its probe, with its own error.
                let (endpoint, failure) = match kinds.of(target).endpoint(target).await {
                    Ok(endpoint) => (Some(endpoint), None),
                    Err(error) if error.class() == Class::Final => (None, Some(Failure::of(&error))),
                    Err(error) => return Err(error),
                };
                Count::Sql(Sql {
                    cluster: target.identifier().to_owned(),
                    endpoint,
                    failure,
                    database: database.clone(),
                    secret: secret.clone(),
                    sql: sql.clone(),
                    timeout_seconds: *timeout_seconds,
                })
            }
            descriptor::Count::Items { table } => Count::Items {
                table: table.as_deref().unwrap_or(target.identifier()).to_owned(),
            },
        };
        planned.push(PlannedProbe {
            name: name.clone(),
            count,
        });
    }
    Ok(planned)
}
