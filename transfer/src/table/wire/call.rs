//! A call of DynamoDB by its name, through the SDK's runtime.

use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::recursion_detection::RecursionDetectionInterceptor;
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_sdk_dynamodb::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::{SharedRuntimePlugin, StaticRuntimePlugin};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::region::SigningRegion;
use aws_types::service_config::ServiceConfigKey;
use aws_types::{SdkConfig, SigningName};
use serde::Deserialize;

pub use aws_smithy_runtime_api::client::orchestrator::HttpResponse as Response;

const SERVICE: &str = "DynamoDB";

/// A client of DynamoDB.
#[derive(Debug, Clone)]
pub struct Client {
    endpoint: String,
    /// Credentials, signing and connections.
    shared: SharedRuntimePlugin,
    timeouts: TimeoutConfig,
    behavior: BehaviorVersion,
}

impl Client {
    /// # Errors
    /// What is missing in the configuration.
    pub async fn new(aws: &SdkConfig) -> Result<Self, String> {
        Ok(Self {
            endpoint: endpoint(aws).await?,
            shared: SharedRuntimePlugin::new(shared(aws)),
            timeouts: aws.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled),
            behavior: aws.behavior_version().unwrap_or_else(BehaviorVersion::latest),
        })
    }

    /// Sends the body, and returns that of the response.
    pub async fn call(
        &self,
        action: &'static str,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, SdkError<ServiceError, HttpResponse>> {
        let request = request(action, body).map_err(SdkError::construction_failure)?;
        Operation::builder()
            .service_name(SERVICE)
            .operation_name(action)
            .behavior_version(self.behavior)
            .endpoint_url(&self.endpoint)
            .no_retry()
            .timeout_config(self.timeouts.clone())
            .runtime_plugin(self.shared.clone())
            .serializer(|request: HttpRequest| Ok::<_, BoxError>(request))
            .deserializer(read)
            .build()
            .invoke(request)
            .await
    }
}

fn request(action: &str, body: Vec<u8>) -> Result<HttpRequest, BoxError> {
    let length = body.len().to_string();
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("POST")?;
    request.set_uri("/")?;
    let headers = request.headers_mut();
    headers.try_insert("content-type", "application/x-amz-json-1.0")?;
    headers.try_insert("x-amz-target", format!("DynamoDB_20120810.{action}"))?;
    headers.try_insert("content-length", length)?;
    Ok(request)
}

fn read(response: &HttpResponse) -> Result<Vec<u8>, OrchestratorError<ServiceError>> {
    let bytes = response.body().bytes().unwrap_or_default();
    match response.status().is_success() {
        true => Ok(bytes.to_vec()),
        false => Err(OrchestratorError::operation(ServiceError::read(
            response.status().as_u16(),
            bytes,
        ))),
    }
}

/// AWS's error response.
#[derive(Debug)]
pub struct ServiceError {
    pub status: u16,
    /// Without its namespace: `ValidationException`.
    pub code: String,
    pub message: String,
}

impl ServiceError {
    fn read(status: u16, body: &[u8]) -> Self {
        #[derive(Default, Deserialize)]
        struct Body {
            #[serde(rename = "__type", default)]
            code: String,
            #[serde(alias = "Message", default)]
            message: String,
        }
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        let code = body.code.rsplit('#').next().unwrap_or_default().to_owned();
        Self {
            status,
            code,
            message: body.message,
        }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = if self.code.is_empty() {
            "no error code"
        } else {
            &self.code
        };
        write!(f, "{code} (HTTP {}): {}", self.status, self.message)
    }
}

impl std::error::Error for ServiceError {}

/// The error and its causes, each once, in one line.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut said = Vec::<String>::new();
    for cause in std::iter::successors(Some(error), |error| error.source()) {
        let text = cause.to_string();
        if said.last() != Some(&text) {
            said.push(text);
        }
    }
    said.join(": ")
}

/// Whether there are no valid credentials: no attempt will find any.
pub fn is_about_credentials(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|cause| cause.is::<CredentialsError>())
}

/// The endpoint that the configuration sets for DynamoDB or for all services, else AWS's own.
async fn endpoint(aws: &SdkConfig) -> Result<String, String> {
    let key = ServiceConfigKey::builder()
        .service_id(SERVICE)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok();
    let own = key.and_then(|key| aws.service_config()?.load_config(key));
    if let Some(url) = own.or_else(|| aws.endpoint_url().map(str::to_owned)) {
        return Ok(url);
    }
    let region = aws.region().map(ToString::to_string);
    let parameters = Params::builder()
        .set_region(region)
        .use_fips(aws.use_fips().unwrap_or_default())
        .use_dual_stack(aws.use_dual_stack().unwrap_or_default())
        .build()
        .map_err(|error| error.to_string())?;
    let resolved = DefaultResolver::new().resolve_endpoint(&parameters).await;
    let resolved = resolved.map_err(|error| format!("finding the endpoint of DynamoDB: {}", causes(&*error)))?;
    Ok(resolved.url().to_owned())
}

/// The plugins that the SDK's generated clients assemble for a service that is signed with SigV4.
fn shared(aws: &SdkConfig) -> StaticRuntimePlugin {
    let mut layer = Layer::new("holdfast::table");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(ApiMetadata::new(SERVICE, env!("CARGO_PKG_VERSION")));
    layer.store_put(SigningName::from_static("dynamodb"));
    layer.store_put(SigV4OperationSigningConfig::default());
    layer.store_or_unset(aws.app_name().cloned());
    if let Some(region) = aws.region() {
        layer.store_put(region.clone());
        layer.store_put(SigningRegion::from(region.clone()));
    }
    let mut components = RuntimeComponentsBuilder::new("holdfast::table")
        .with_http_client(aws.http_client())
        .with_sleep_impl(aws.sleep_impl())
        .with_time_source(aws.time_source())
        .with_identity_cache(aws.identity_cache())
        .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
        .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
            StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]),
        )))
        .with_interceptor(ConnectionPoisoningInterceptor::new())
        .with_interceptor(InvocationIdInterceptor::new())
        .with_interceptor(UserAgentInterceptor::new())
        .with_interceptor(RecursionDetectionInterceptor::new());
    if let Some(credentials) = aws.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, credentials);
    }
    StaticRuntimePlugin::new()
        .with_config(layer.freeze())
        .with_runtime_components(components)
}
