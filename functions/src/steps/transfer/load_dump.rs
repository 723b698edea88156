//! `load-dump`: restores a dump into a new database beside the one that it was taken from.

use holdfast_transfer::postgres::{RestoreRequest, analyze, drop_restored, read_dump, restore};
use serde_json::Value;

use crate::domain::kinds::postgres;
use crate::domain::restore::plan::Destination;
use crate::domain::transfers::Order;
use crate::error::{Error, Result};
pub use crate::runs::archive::DumpNeeds as Needs;
use crate::runs::archive::{server, within_limit};
use crate::runs::{closing, task_failures};

/// A restore that an earlier attempt completed is not repeated. After a task, nothing is restored here: the task's failure is
/// the error.
///
/// # Errors
/// As the restore's; `Conflict` for a run that has ended: what was created is then dropped.
pub async fn handle(needs: &Needs, order: Order) -> Result<Value> {
    let Needs {
        catalog,
        database,
        archive,
    } = needs;
    let Order { run, resource, .. } = &order;
    let doing = format!("restoring {}", resource.name);
    if let Some(task) = &order.task {
        return match &task.failed {
            None => Ok(Value::Null),
            Some(_) => Err(task_failures::explain(catalog, &order, task, &doing).await?),
        };
    }
    closing::ensure_not_ended(catalog, run, &doing).await?;
    let planned = catalog.item(&run.deployment, &run.id, &resource.name).await?;
    let Some(Destination::Database { database: copy, .. }) = planned.map(|item| item.planned.destination) else {
        return Err(Error::NotFound(format!(
            "{doing}: restore {} has no plan for it. Start a new run",
            run.id
        )));
    };
    let target = postgres::connection(&resource.target)?;
    let server = server(database, &target.server).await?;
    let store = archive.folder(&order.folder);
    let request = RestoreRequest {
        server: &server,
        manifest: &read_dump(&store).await?,
        database: &copy,
        restore: &run.id,
        owner: None,
        jobs: target.jobs,
    };
    let clients = archive.clients().await?;
    let restoring = async {
        restore(&clients, &request, &store).await?;
        analyze(&server, &copy).await
    };
    within_limit(&doing, restoring).await?;
    // Stopping an execution does not stop a function in flight: what it created after the undo had looked is removed here.
    if let Err(ended @ Error::Conflict(_)) = closing::ensure_not_ended(catalog, run, &doing).await {
        drop_restored(&server, &copy, &run.id).await?;
        return Err(ended);
    }
    tracing::info!(deployment = %run.deployment, restore = %run.id, resource = %resource.name, database = copy, "restored");
    Ok(Value::Null)
}
