//! What every function shares: its settings, its AWS clients' configuration, its log, and the loop that runs a step.

mod environment;
mod logging;
mod settings;
mod task;
mod trust;

use std::pin::Pin;
use std::rc::Rc;

use aws_config::SdkConfig;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::hooks::{HookSettings, Hooks};
use crate::kinds::{Defaults, Kinds};
use crate::switches::Switches;
use crate::transfers::TransferSettings;

pub use self::settings::{optional_setting, setting};
pub use self::task::{run_task, task_input, time_limit};

/// Waits for so many seconds: only for a step that no state machine runs, and which therefore has nobody to wait for it.
pub async fn wait(seconds: u64) {
    #[expect(clippy::disallowed_methods, reason = "no state machine runs this step")]
    tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
}

/// The catalog in the table that the setting `CATALOG_TABLE` names.
pub fn catalog(aws: &SdkConfig) -> Result<Catalog> {
    Ok(Catalog::new(
        aws_sdk_dynamodb::Client::new(aws),
        setting("CATALOG_TABLE")?,
    ))
}

/// All kinds of resource, with the stack's own vault and role for file systems that name none.
pub fn kinds(aws: &SdkConfig) -> Result<Kinds> {
    Ok(Kinds::from_config(aws, &defaults()?))
}

/// All kinds of switch.
pub fn switches(aws: &SdkConfig) -> Result<Switches> {
    Ok(Switches::from_config(aws, &defaults()?.transfers))
}

/// All kinds of hook, with the addresses that the setting `HTTP_HOOK_ADDRESSES` allows.
pub fn hooks(aws: &SdkConfig) -> Result<Hooks> {
    let settings = HookSettings {
        http_addresses: Some(optional_setting("HTTP_HOOK_ADDRESSES").unwrap_or_default()),
        transfers: transfers()?,
    };
    Ok(Hooks::from_config(aws, &settings))
}

/// What the stack has for resources, by its settings `BACKUP_VAULT`, `BACKUP_ROLE_ARN`, `TRANSFER_STATE_MACHINE_ARN` and
/// `ARCHIVE_BUCKET`.
pub fn defaults() -> Result<Defaults> {
    Ok(Defaults {
        vault: setting("BACKUP_VAULT")?,
        role: setting("BACKUP_ROLE_ARN")?,
        transfers: transfers()?,
    })
}

fn transfers() -> Result<TransferSettings> {
    Ok(TransferSettings {
        machine: setting("TRANSFER_STATE_MACHINE_ARN")?,
        bucket: setting("ARCHIVE_BUCKET")?,
    })
}

/// A step as Lambda calls it: takes an event, returns a response, both JSON.
pub type Handler = Box<dyn Fn(Value) -> Pin<Box<dyn Future<Output = Result<Value>>>>>;

/// Combines a step with its dependencies, which are built once. A dependency that cannot be built fails every event with its own
/// error, rather than the function's start without one.
pub fn handler<N, I, O, F>(needs: Result<N>, handle: F) -> Handler
where
    N: 'static,
    I: DeserializeOwned + 'static,
    O: Serialize,
    F: AsyncFn(&N, I) -> Result<O> + 'static,
{
    let step = Rc::new((needs, handle));
    Box::new(move |payload| {
        let step = Rc::clone(&step);
        Box::pin(async move { answer(&step.0, &step.1, payload).await })
    })
}

/// Serves one step until Lambda ends the process. Lambda passes its name as the function's handler; `find` maps names to steps.
///
/// A failure is logged here, once, and returned under its stable name.
pub async fn serve(find: impl FnOnce(&str, &SdkConfig) -> Option<Handler>) -> Result<(), lambda_runtime::Error> {
    logging::start();
    let step = named_step(find, &environment::sdk_config());
    let step = &step;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let request = event.context.request_id;
        match respond(step, event.payload).await {
            Ok(output) => Ok(output),
            Err(error) => {
                tracing::error!(request_id = %request, error = error.name(), message = %error, "the step failed");
                Err(Diagnostic {
                    error_type: error.name().to_owned(),
                    error_message: error.to_string(),
                })
            }
        }
    }))
    .await
}

/// Calls the step, except for the event with which the template's schedules keep a function warm: it does nothing.
async fn respond(step: &Handler, event: Value) -> Result<Value> {
    match event == json!({ "wake": true }) {
        true => Ok(Value::Null),
        false => step(event).await,
    }
}

fn named_step(find: impl FnOnce(&str, &SdkConfig) -> Option<Handler>, aws: &SdkConfig) -> Handler {
    let found = setting("_HANDLER").and_then(|name| {
        find(&name, aws).ok_or_else(|| {
            Error::invalid(
                "environment._HANDLER",
                name,
                "the name of a step: it comes from the stack's template; deploy the stack again",
            )
        })
    });
    found.unwrap_or_else(|error| handler::<(), Value, Value, _>(Err(error), async |_: &(), event: Value| Ok(event)))
}

async fn answer<N, I, O>(needs: &Result<N>, handle: &impl AsyncFn(&N, I) -> Result<O>, payload: Value) -> Result<Value>
where
    I: DeserializeOwned,
    O: Serialize,
{
    let needs = needs.as_ref().map_err(Error::clone)?;
    let input = serde_json::from_value(payload).map_err(|error| {
        Error::invalid(
            "payload",
            error.to_string(),
            "the input that the state machine of the same version gives",
        )
    })?;
    json_of(handle(needs, input).await?)
}

/// An output as JSON.
///
/// # Errors
/// `VerificationFailed` for what JSON cannot express.
pub fn json_of(output: impl Serialize) -> Result<Value> {
    serde_json::to_value(output)
        .map_err(|error| Error::VerificationFailed(format!("answering: the output is not JSON: {error}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    async fn double(needs: &u32, input: u32) -> Result<u32> {
        match input {
            13 => Err(Error::Conflict("unlucky".into())),
            _ => Ok(needs * input),
        }
    }

    #[tokio::test]
    async fn an_event_is_read_handled_and_answered() {
        assert_eq!(answer(&Ok(2), &double, json!(21)).await.unwrap(), json!(42));
        assert_eq!(answer(&Ok(2), &double, json!(13)).await.unwrap_err().name(), "Conflict");
    }

    #[tokio::test]
    async fn a_step_is_found_by_its_handler_and_an_unknown_one_fails_every_event() {
        let step = handler(Ok(2), double);
        assert_eq!(step(json!(21)).await.unwrap(), json!(42));
        let none = named_step(|_, _| None, &SdkConfig::builder().build());
        for _ in 0..2 {
            let error = none(json!(1)).await.unwrap_err().to_string();
            assert!(error.contains("environment._HANDLER"), "{error}");
        }
    }

    /// Fails at 8e363f8: there was no event that warms a function and does nothing.
    #[tokio::test]
    async fn a_function_that_is_only_woken_does_nothing() {
        let step = handler(Ok(2), double);
        assert_eq!(respond(&step, json!({"wake": true})).await.unwrap(), Value::Null);
        assert_eq!(respond(&step, json!(21)).await.unwrap(), json!(42));
        for another in [json!({"wake": false}), json!({"wake": true, "run": {}})] {
            assert_eq!(respond(&step, another).await.unwrap_err().name(), "InvalidInput");
        }
    }

    #[tokio::test]
    async fn an_unreadable_event_and_a_missing_setting_have_their_names() {
        assert_eq!(
            answer(&Ok(2), &double, json!({"no": "number"}))
                .await
                .unwrap_err()
                .name(),
            "InvalidInput"
        );
        let missing = setting("HOLDFAST_NO_SUCH_SETTING").map(|_| 2);
        let error = answer(&missing, &double, json!(1)).await.unwrap_err();
        assert!(error.to_string().contains("HOLDFAST_NO_SUCH_SETTING"), "{error}");
    }
}
