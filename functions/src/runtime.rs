//! What every function shares: its settings, its AWS clients' configuration, its log, and the loop that serves a step.

mod logging;

use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::kinds::{Defaults, Kinds};

/// A setting of the function, from its environment.
///
/// # Errors
/// `InvalidInput`, which names it, when it is missing or empty.
pub fn setting(name: &str) -> Result<String> {
    optional_setting(name).ok_or_else(|| {
        Error::invalid(
            format!("environment.{name}"),
            "(missing)",
            "a value: it comes from the stack's template; deploy the stack again",
        )
    })
}

/// A setting that may be missing; an empty one is missing.
pub fn optional_setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The configuration of all AWS clients: Region, credentials and endpoints from the environment, which Lambda always
/// sets; none of the default chain's files and instance metadata, which only cost a start.
pub async fn sdk_config() -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    // Short pauses: a Lambda that sleeps is paid for, and the long ones are the machine's Retry.
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(200));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(20))
        .build();
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .region(EnvironmentVariableRegionProvider::new())
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .timeout_config(timeouts)
        .retry_config(retries);
    // The name tells one function's calls from another's in CloudTrail.
    match std::env::var("AWS_LAMBDA_FUNCTION_NAME")
        .ok()
        .and_then(|name| AppName::new(name).ok())
    {
        Some(name) => loader.app_name(name).load().await,
        None => loader.load().await,
    }
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
    Ok(Kinds::from_config(aws, efs_defaults()?))
}

/// The vault and the role that the settings `BACKUP_VAULT` and `BACKUP_ROLE_ARN` name.
pub fn efs_defaults() -> Result<Defaults> {
    Ok(Defaults {
        vault: setting("BACKUP_VAULT")?,
        role: setting("BACKUP_ROLE_ARN")?,
    })
}

/// Serves one step for as long as Lambda asks: what it needs is built once, then `handle` answers every event.
///
/// A failure is logged here, once, and answered under its stable name. What is needed but cannot be built fails every
/// event under its name, rather than the function's start under none.
pub async fn serve<N, I, O>(
    needs: impl FnOnce(&SdkConfig) -> Result<N>,
    handle: impl AsyncFn(&N, I) -> Result<O>,
) -> Result<(), lambda_runtime::Error>
where
    I: DeserializeOwned,
    O: Serialize,
{
    logging::start();
    let needs = needs(&sdk_config().await);
    let (needs, handle) = (&needs, &handle);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let request = event.context.request_id;
        match answer(needs, handle, event.payload).await {
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
    let output = handle(needs, input).await?;
    serde_json::to_value(output)
        .map_err(|error| Error::VerificationFailed(format!("answering: the output is no JSON: {error}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

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
