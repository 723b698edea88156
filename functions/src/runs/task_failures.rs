//! Why a task that moved data failed, in its own words.

use crate::catalog::Catalog;
use crate::domain::transfers::{Order, TaskEnd};
use crate::error::{Error, Result};

/// The error of a task that ended without its result: what the program recorded, else what Step Functions says of the task.
///
/// # Errors
/// Those of the catalog.
pub async fn explain(catalog: &Catalog, order: &Order, task: &TaskEnd, doing: &str) -> Result<Error> {
    let Order { run, resource, .. } = order;
    let recorded = catalog.task_failure(&run.deployment, &run.id, &resource.name).await?;
    Ok(Error::JobFailed(match (recorded, &task.failed) {
        (Some(recorded), _) => format!("{doing} in a task: {}: {}", recorded.error, recorded.cause),
        (None, Some(failed)) => format!(
            "{doing}: the task failed before it could say why: {}: {}. See the task's log group",
            failed.error,
            failed.message().chars().take(500).collect::<String>()
        ),
        (None, None) => format!("{doing}: the task succeeded, but its result is not there: it was removed meanwhile"),
    }))
}
