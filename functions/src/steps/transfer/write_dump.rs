//! `write-dump`: dumps a Postgres database into the archive, with the counts of its probes from the dump's own snapshot.

use holdfast_transfer::postgres::{DumpRequest, Probe, delete_dump, dump, find_dump};

use crate::domain::descriptor::{Count, Descriptor};
use crate::domain::kinds::postgres;
use crate::domain::transfers::{DumpFacts, Order};
use crate::error::{Error, Result};
pub use crate::runs::archive::DumpNeeds as Needs;
use crate::runs::archive::{facts, labels, server, within_limit};
use crate::runs::{closing, task_failures};

/// A dump that an earlier attempt completed is returned as it is. After a task, nothing is dumped here: its result is returned.
///
/// # Errors
/// As the dump's; `Conflict` for a run that has ended; after a task without a result, the task's own error.
pub async fn handle(needs: &Needs, order: Order) -> Result<DumpFacts> {
    let Needs {
        catalog,
        database,
        archive,
    } = needs;
    let Order { run, resource, .. } = &order;
    let doing = format!("dumping {}", resource.name);
    let store = archive.folder(&order.folder);
    if let Some(task) = &order.task {
        return match find_dump(&store).await? {
            Some(complete) => Ok(facts(&complete)),
            None => Err(task_failures::explain(catalog, &order, task, &doing).await?),
        };
    }
    closing::ensure_not_ended(catalog, run, &doing).await?;
    let target = postgres::connection(&resource.target)?;
    let descriptor = catalog.planned_by(run).await?;
    let request = DumpRequest {
        server: &server(database, &target.server).await?,
        database: target.database,
        probes: &probes(&descriptor, &resource.name),
        labels: &labels(&run.deployment, &run.id, &resource.name, &target.server),
        jobs: target.jobs,
    };
    let dumped = within_limit(&doing, dump(&archive.clients().await?, &request, &store)).await?;
    // Stopping an execution does not stop a function in flight: what it completed after its set was given up is removed here.
    if let Err(ended @ Error::Conflict(_)) = closing::ensure_not_ended(catalog, run, &doing).await {
        delete_dump(&dumped, &store).await?;
        return Err(ended);
    }
    tracing::info!(deployment = %run.deployment, set = %run.id, resource = %resource.name, bytes = dumped.size(), "dumped");
    Ok(facts(&dumped))
}

fn probes(descriptor: &Descriptor, resource: &str) -> Vec<Probe> {
    let of_resource = descriptor.probes.iter().filter(|(_, probe)| probe.resource == resource);
    let planned = of_resource.filter_map(|(name, probe)| match &probe.count {
        Count::Sql {
            sql, timeout_seconds, ..
        } => Some(Probe {
            name: name.clone(),
            sql: sql.clone(),
            timeout_seconds: u32::try_from(*timeout_seconds).unwrap_or(u32::MAX),
        }),
        Count::Items { .. } => None,
    });
    planned.collect()
}
