//! The configuration of all AWS clients, from the environment that Lambda sets: without the default chain's files and instance
//! metadata, which a function does not have and which only slow down a cold start.

use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::SharedCredentialsProvider;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use super::settings::optional_setting;
use super::trust;

/// Region, credentials and endpoints from the environment; a missing Region fails each call with an error that says so.
pub(super) fn sdk_config() -> SdkConfig {
    config(SharedCredentialsProvider::new(
        EnvironmentVariableCredentialsProvider::new(),
    ))
}

/// The same for a task of ECS, whose credentials come from the container's endpoint and are renewed there.
pub(super) fn task_config() -> SdkConfig {
    let chain = CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new());
    let region = optional_setting("AWS_REGION").unwrap_or_default();
    let provider = ProviderConfig::without_region().with_http_client(trust::http_client(&region));
    let container = EcsCredentialsProvider::builder().configure(&provider).build();
    config(SharedCredentialsProvider::new(chain.or_else("EcsContainer", container)))
}

fn config(credentials: SharedCredentialsProvider) -> SdkConfig {
    let region = optional_setting("AWS_REGION");
    // Short delays: a sleeping Lambda is billed, and longer delays are the state machine's Retry.
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(200));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(20))
        .build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(trust::http_client(region.as_deref().unwrap_or_default()))
        .region(region.map(Region::new))
        .credentials_provider(credentials)
        .service_config(Environment)
        .use_fips(is_on("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_on("AWS_USE_DUALSTACK_ENDPOINT"))
        .timeout_config(timeouts)
        .retry_config(retries);
    config.set_endpoint_url(optional_setting("AWS_ENDPOINT_URL"));
    // The name identifies a function's calls in CloudTrail.
    config.set_app_name(optional_setting("AWS_LAMBDA_FUNCTION_NAME").and_then(|name| AppName::new(name).ok()));
    config.build()
}

fn is_on(name: &str) -> bool {
    optional_setting(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The settings of one service: `AWS_ENDPOINT_URL_<SERVICE>`.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>.
#[derive(Debug)]
struct Environment;

impl LoadServiceConfig for Environment {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        optional_setting(&variable(key.env(), key.service_id()))
    }
}

fn variable(setting: &str, service: &str) -> String {
    format!("{setting}_{}", service.to_uppercase().replace([' ', '-'], "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_services_own_endpoint_is_named_after_its_id() {
        assert_eq!(variable("AWS_ENDPOINT_URL", "RDS"), "AWS_ENDPOINT_URL_RDS");
        assert_eq!(
            variable("AWS_ENDPOINT_URL", "Application Auto Scaling"),
            "AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING"
        );
    }
}
