//! `plan-backup`: validates the request and the descriptor, takes the lease, lists what will be backed up and counted,
//! and begins the set. Nothing of the deployment is touched.

mod discovery;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::discovery::Discovery;
use super::probe::{Count, PlannedProbe, Sql};
use crate::catalog::Catalog;
use crate::domain::descriptor::{self, Descriptor};
use crate::domain::job::{Failure, Run};
use crate::domain::names;
use crate::domain::request::Request;
use crate::domain::resource::{Resource, Target};
use crate::domain::set::{BackupSet, RunRecord, SetStatus};
use crate::error::{Class, Error, Result};
use crate::runtime;

pub struct Needs {
    pub catalog: Catalog,
    pub discovery: Arc<dyn Discovery>,
}

impl Needs {
    pub fn from_env(aws: &SdkConfig) -> Result<Self> {
        Ok(Self {
            catalog: runtime::catalog(aws)?,
            discovery: Arc::new(discovery::Aws::new(aws)),
        })
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    /// The execution's input, as somebody typed it.
    pub request: Value,
    pub execution: String,
    pub started_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Output {
    pub run: Run,
    pub resources: Vec<Resource>,
    pub probes: Vec<PlannedProbe>,
    pub has_hooks: bool,
}

/// # Errors
/// `InvalidInput` for a request or descriptor with faults, and for a disabled deployment; `NotFound` for one that is
/// not registered; `DeploymentBusy` while another run holds it.
pub async fn handle(needs: &Needs, input: Input) -> Result<Output> {
    let deployment = Request::parse(&input.request)?.deployment;
    let descriptor = needs.catalog.descriptor(&deployment).await?;
    if !descriptor.enabled {
        return Err(Error::invalid(
            "enabled",
            "false",
            format!("true, to back up {deployment}; apply its descriptor again with `enabled: true`"),
        ));
    }
    let run = Run {
        set: names::set_id(&deployment, input.started_at, &input.execution),
        deployment,
        execution: input.execution,
        started_at: input.started_at,
    };
    needs.catalog.put_run(&record(&run), &descriptor).await?;
    let discovery = needs.discovery.as_ref();
    needs
        .catalog
        .acquire_lease(&run, |holder| async move { discovery.is_running(&holder).await })
        .await?;
    let resources = resources(discovery, &descriptor).await?;
    let probes = probes(discovery, &descriptor).await?;
    needs.catalog.begin_set(&running(&run, &resources)).await?;
    tracing::info!(deployment = %run.deployment, set = %run.set, resources = resources.len(), "planned");
    Ok(Output {
        run,
        resources,
        probes,
        has_hooks: !descriptor.hooks.is_empty(),
    })
}

fn record(run: &Run) -> RunRecord {
    RunRecord {
        id: run.set.clone(),
        deployment: run.deployment.clone(),
        execution: run.execution.clone(),
        started_at: run.started_at,
        ended_at: None,
        quiesced_at: None,
        resumed_at: None,
        notified_at: None,
        warnings: Vec::new(),
    }
}

fn running(run: &Run, resources: &[Resource]) -> BackupSet {
    BackupSet {
        id: run.set.clone(),
        deployment: run.deployment.clone(),
        status: SetStatus::Running,
        execution: run.execution.clone(),
        started_at: run.started_at,
        ended_at: None,
        resources: resources.iter().map(|resource| resource.name.clone()).collect(),
        captured_from: None,
        captured_to: None,
        skew_seconds: None,
        quiesced_seconds: None,
        probes: Vec::new(),
        reasons: Vec::new(),
    }
}

/// Every prefix as its tables. One that no table begins with stays as it is, and fails alone when its backup starts.
async fn resources(discovery: &dyn Discovery, descriptor: &Descriptor) -> Result<Vec<Resource>> {
    let mut planned = Vec::new();
    for resource in descriptor.resources() {
        let Target::DynamodbPrefix { prefix } = &resource.target else {
            planned.push(resource);
            continue;
        };
        let tables = descriptor.tables(&resource, &discovery.tables(prefix).await?);
        if tables.is_empty() {
            planned.push(resource);
        } else {
            planned.extend(tables);
        }
    }
    Ok(planned)
}

async fn probes(discovery: &dyn Discovery, descriptor: &Descriptor) -> Result<Vec<PlannedProbe>> {
    let mut planned = Vec::new();
    for (name, probe) in &descriptor.probes {
        let target = descriptor
            .resources
            .get(&probe.resource)
            .map(|protected| &protected.target);
        let count = match (&probe.count, target) {
            (
                descriptor::Count::Sql {
                    sql,
                    secret,
                    database,
                    timeout_seconds,
                },
                Some(Target::Aurora { cluster }),
            ) => {
                // A cluster that is not there fails its probe by its reason, and nothing else.
                let (endpoint, failure) = match discovery.endpoint(cluster).await {
                    Ok(endpoint) => (Some(endpoint), None),
                    Err(error) if error.class() == Class::Final => (None, Some(failure(&error))),
                    Err(error) => return Err(error),
                };
                Count::Sql(Sql {
                    cluster: cluster.clone(),
                    endpoint,
                    failure,
                    database: database.clone(),
                    secret: secret.clone(),
                    sql: sql.clone(),
                    timeout_seconds: *timeout_seconds,
                })
            }
            (descriptor::Count::Items { table: Some(table) }, _) => Count::Items { table: table.clone() },
            (descriptor::Count::Items { table: None }, Some(Target::DynamoDb { table })) => {
                Count::Items { table: table.clone() }
            }
            _ => {
                return Err(Error::invalid(
                    format!("probes.{name}.resource"),
                    probe.resource.clone(),
                    "a resource in which this probe can count",
                ));
            }
        };
        planned.push(PlannedProbe {
            name: name.clone(),
            count,
        });
    }
    Ok(planned)
}

fn failure(error: &Error) -> Failure {
    Failure {
        error: error.name().to_owned(),
        cause: error.to_string(),
    }
}
