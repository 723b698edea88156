//! One run of a step in a task of ECS, which Lambda does not call.

use std::time::Duration;

use aws_config::SdkConfig;
use serde_json::Value;

use super::{Handler, catalog, environment, logging, named_step, optional_setting};
use crate::domain::job::Failure;
use crate::domain::transfers::Order;
use crate::error::{Error, Result};

/// The step's input, which the task's environment has under `TASK_INPUT`; `None` in a function.
pub fn task_input() -> Option<String> {
    optional_setting("TASK_INPUT")
}

/// How long a step may take that moves data: in a function, a little less than Lambda allows, so that it can say what to do and
/// leaves nothing half-written; in a task, as long as it takes.
pub fn time_limit() -> Option<Duration> {
    match task_input() {
        Some(_) => None,
        None => Some(Duration::from_secs(860)),
    }
}

/// Runs one step with an input, and logs its result. A task returns only an exit code: its error is recorded in the catalog, for the step
/// that looks for its result.
///
/// # Errors
/// The step's own, which end the program with the exit code 1.
pub async fn run_task(
    find: impl FnOnce(&str, &SdkConfig) -> Option<Handler>,
    input: &str,
) -> Result<(), lambda_runtime::Error> {
    logging::start();
    let aws = environment::task_config();
    let step = named_step(find, &aws);
    let read = serde_json::from_str::<Value>(input).map_err(|error| {
        Error::invalid(
            "environment.TASK_INPUT",
            error.to_string(),
            "the JSON that the machine gives",
        )
    });
    let ended = match read {
        Ok(input) => step(input).await,
        Err(error) => Err(error),
    };
    let Err(error) = ended else {
        tracing::info!("the step succeeded");
        return Ok(());
    };
    tracing::error!(error = error.name(), message = %error, "the step failed");
    if let Err(unrecorded) = record(&aws, input, &error).await {
        tracing::error!(error = unrecorded.name(), message = %unrecorded, "the failure could not be recorded");
    }
    Err(error.into())
}

async fn record(aws: &SdkConfig, input: &str, error: &Error) -> Result<()> {
    let order: Order = serde_json::from_str(input)
        .map_err(|error| Error::invalid("environment.TASK_INPUT", error.to_string(), "the order of a job"))?;
    let Order { run, resource, .. } = order;
    let catalog = catalog(aws)?;
    catalog
        .put_task_failure(&run.deployment, &run.id, &resource.name, Failure::of(error))
        .await
}
