//! Why a task that moved data failed, in its own words.

use serde_json::Value;

use crate::catalog::Catalog;
use crate::domain::job::Failure;
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
            reason(failed)
        ),
        (None, None) => format!(
            "{doing}: the task succeeded, but its result is not there: it was removed meanwhile. Start a new run"
        ),
    }))
}

/// How long a cause may be that is not a task's description.
const LONGEST: usize = 500;

/// Why a task stopped. Step Functions gives the whole task as the cause, in which the reason comes after all that it was started with.
fn reason(failed: &Failure) -> String {
    let cause = failed.message();
    let task: Value = serde_json::from_str(&cause).unwrap_or_default();
    let text = |part: &Value, name: &str| part[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let containers = task["Containers"].as_array().into_iter().flatten();
    let of_containers = containers.flat_map(|container| {
        let code = container["ExitCode"].as_i64().map(|code| format!("exit code {code}"));
        [text(container, "Reason"), code]
    });
    let parts: Vec<String> = [text(&task, "StopCode"), text(&task, "StoppedReason")]
        .into_iter()
        .chain(of_containers)
        .flatten()
        .collect();
    match parts.is_empty() {
        true => cause.chars().take(LONGEST).collect(),
        false => parts.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(cause: String) -> String {
        reason(&Failure {
            error: "States.TaskFailed".to_owned(),
            cause,
        })
    }

    #[test]
    fn the_reason_is_found_after_all_that_the_task_was_started_with() {
        let task = json!({
            "Overrides": { "ContainerOverrides": [{ "Environment": [{ "Name": "TASK_INPUT", "Value": "x".repeat(8000) }] }] },
            "StopCode": "TaskFailedToStart", "StoppedReason": "CannotPullContainerError: no route",
            "Containers": [{ "Name": "step", "ExitCode": 137, "Reason": "OutOfMemoryError" }],
        });
        let expected = "TaskFailedToStart, CannotPullContainerError: no route, OutOfMemoryError, exit code 137";
        assert_eq!(of(task.to_string()), expected);
    }

    #[test]
    fn any_other_cause_is_shortened() {
        assert_eq!(of("Capacity is unavailable".to_owned()), "Capacity is unavailable");
        assert_eq!(of("x".repeat(2 * LONGEST)).len(), LONGEST);
        assert_eq!(of(json!({ "TaskArn": "arn" }).to_string()), r#"{"TaskArn":"arn"}"#);
    }
}
