//! Services of which Holdfast uses only a few calls, called by action name. Signing, retries, timeouts and connections come from
//! the SDK's runtime, as in its clients; requests and responses are in the wire format. The client crate of each of these services
//! would add a minute or two to every build for a handful of calls.
//!
//! The error is an [`SdkError`], as a client's is, so that `aws::failure` converts both.

mod endpoint;
mod reply;
#[cfg(test)]
mod tests;

use std::time::Duration;

use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::recursion_detection::RecursionDetectionInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::{ServiceClockSkewClassifier, ServiceClockSkewInterceptor};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::{SharedRuntimePlugin, StaticRuntimePlugin};
use aws_smithy_runtime_api::http::HttpError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::region::SigningRegion;
use aws_types::{SdkConfig, SigningName};
use serde_json::Value;

pub use self::endpoint::{Protocol, Service, escaped};
pub use self::reply::{Refusal, Reply};

pub const APPLICATION_AUTO_SCALING: Service = Service {
    endpoint: "application-autoscaling",
    id: "Application Auto Scaling",
    protocol: Protocol::Json {
        target: "AnyScaleFrontendService",
    },
    govcloud_is_fips: true,
    global: false,
};
pub const AUTO_SCALING: Service = Service {
    endpoint: "autoscaling",
    id: "Auto Scaling",
    protocol: Protocol::Query { version: "2011-01-01" },
    govcloud_is_fips: true,
    global: false,
};
pub const CLOUDFORMATION: Service = Service {
    endpoint: "cloudformation",
    id: "CloudFormation",
    protocol: Protocol::Query { version: "2010-05-15" },
    govcloud_is_fips: true,
    global: false,
};
pub const CLOUDWATCH: Service = Service {
    endpoint: "monitoring",
    id: "CloudWatch",
    protocol: Protocol::Query { version: "2010-08-01" },
    govcloud_is_fips: true,
    global: false,
};
pub const ECS: Service = Service {
    endpoint: "ecs",
    id: "ECS",
    protocol: Protocol::Json {
        target: "AmazonEC2ContainerServiceV20141113",
    },
    govcloud_is_fips: false,
    global: false,
};
pub const EVENTS: Service = Service {
    endpoint: "events",
    id: "EventBridge",
    protocol: Protocol::Json { target: "AWSEvents" },
    govcloud_is_fips: true,
    global: false,
};
pub const KMS: Service = Service {
    endpoint: "kms",
    id: "KMS",
    protocol: Protocol::Json { target: "TrentService" },
    govcloud_is_fips: false,
    global: false,
};
pub const LAMBDA: Service = Service {
    endpoint: "lambda",
    id: "Lambda",
    protocol: Protocol::Rest,
    govcloud_is_fips: false,
    global: false,
};
pub const ROUTE_53: Service = Service {
    endpoint: "route53",
    id: "Route 53",
    protocol: Protocol::Rest,
    govcloud_is_fips: true,
    global: true,
};
pub const S3: Service = Service {
    endpoint: "s3",
    id: "S3",
    protocol: Protocol::Rest,
    govcloud_is_fips: false,
    global: false,
};
pub const SNS: Service = Service {
    endpoint: "sns",
    id: "SNS",
    protocol: Protocol::Query { version: "2010-03-31" },
    govcloud_is_fips: true,
    global: false,
};
pub const SSM: Service = Service {
    endpoint: "ssm",
    id: "SSM",
    protocol: Protocol::Json { target: "AmazonSSM" },
    govcloud_is_fips: true,
    global: false,
};
pub const TAGGING: Service = Service {
    endpoint: "tagging",
    id: "Resource Groups Tagging API",
    protocol: Protocol::Json {
        target: "ResourceGroupsTaggingAPI_20170126",
    },
    govcloud_is_fips: false,
    global: false,
};

/// The error of a call.
pub type CallError = SdkError<Refusal, HttpResponse>;

/// A client of one service.
#[derive(Debug, Clone)]
pub struct Client {
    service: Service,
    /// `None` if no Region is set.
    endpoint: Option<String>,
    /// Shared by all calls: credentials, signing, connections, and what the SDK does around each request.
    shared: SharedRuntimePlugin,
    retries: RetryConfig,
    timeouts: TimeoutConfig,
    behavior: BehaviorVersion,
}

impl Client {
    pub fn new(aws: &SdkConfig, service: Service) -> Self {
        Self {
            service,
            endpoint: endpoint::of(aws, &service),
            shared: SharedRuntimePlugin::new(shared(aws, &service)),
            retries: aws.retry_config().cloned().unwrap_or_else(RetryConfig::standard),
            timeouts: aws.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled),
            behavior: aws.behavior_version().unwrap_or_else(BehaviorVersion::latest),
        }
    }

    /// The same client, without retries.
    pub fn without_retries(mut self) -> Self {
        self.retries = RetryConfig::disabled();
        self
    }

    /// The same client, which waits this long for the response to each call.
    pub fn with_timeout(mut self, patience: Duration) -> Self {
        let mut timeouts = TimeoutConfig::builder()
            .read_timeout(patience)
            .operation_attempt_timeout(patience)
            .build();
        timeouts.take_defaults_from(&self.timeouts);
        self.timeouts = timeouts;
        self
    }

    /// Calls an action of a JSON service. Members of `input` that are `Null` are left out, as an SDK client leaves out what is not
    /// set.
    pub async fn call(&self, action: &str, mut input: Value) -> Result<Reply, CallError> {
        if let Value::Object(members) = &mut input {
            members.retain(|_, value| !value.is_null());
        }
        let mut request = HttpRequest::new(SdkBody::from(input.to_string()));
        let Protocol::Json { target } = self.service.protocol else {
            return Err(SdkError::construction_failure("not a service of the JSON protocol"));
        };
        header(&mut request, "content-type", "application/x-amz-json-1.1").map_err(SdkError::construction_failure)?;
        header(&mut request, "x-amz-target", &format!("{target}.{action}")).map_err(SdkError::construction_failure)?;
        self.send(action, "POST", request).await
    }

    /// Calls an action of a service with the query protocol.
    pub async fn query<N: AsRef<str>, V: AsRef<str>>(
        &self,
        action: &str,
        fields: &[(N, V)],
    ) -> Result<Reply, CallError> {
        let Protocol::Query { version } = self.service.protocol else {
            return Err(SdkError::construction_failure("not a service of the query protocol"));
        };
        let mut form = format!("Action={action}&Version={version}");
        for (name, value) in fields {
            form.push_str(&format!("&{}={}", escaped(name.as_ref()), escaped(value.as_ref())));
        }
        let mut request = HttpRequest::new(SdkBody::from(form));
        header(&mut request, "content-type", "application/x-www-form-urlencoded")
            .map_err(SdkError::construction_failure)?;
        self.send(action, "POST", request).await
    }

    /// Sends a GET request to a REST service. The caller has [`escaped`] the segments of the path.
    pub async fn get(&self, action: &str, path: &str) -> Result<Reply, CallError> {
        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_uri(path).map_err(SdkError::construction_failure)?;
        self.send(action, "GET", request).await
    }

    /// Sends a POST request to a REST service. The caller has [`escaped`] the segments of the path.
    pub async fn post(&self, action: &str, path: &str, body: Vec<u8>) -> Result<Reply, CallError> {
        let mut request = HttpRequest::new(SdkBody::from(body));
        header(&mut request, "content-type", "application/octet-stream").map_err(SdkError::construction_failure)?;
        request.set_uri(path).map_err(SdkError::construction_failure)?;
        self.send(action, "POST", request).await
    }

    /// Sends a PUT request with a JSON document to a REST service. The caller has [`escaped`] the segments of the path.
    pub async fn put(&self, action: &str, path: &str, body: Vec<u8>) -> Result<Reply, CallError> {
        let mut request = HttpRequest::new(SdkBody::from(body));
        header(&mut request, "content-type", "application/json").map_err(SdkError::construction_failure)?;
        request.set_uri(path).map_err(SdkError::construction_failure)?;
        self.send(action, "PUT", request).await
    }

    /// Sends a POST request with an XML document to a REST service. The caller has [`escaped`] the segments of the path.
    pub async fn post_xml(&self, action: &str, path: &str, document: String) -> Result<Reply, CallError> {
        let mut request = HttpRequest::new(SdkBody::from(document));
        header(&mut request, "content-type", "application/xml").map_err(SdkError::construction_failure)?;
        request.set_uri(path).map_err(SdkError::construction_failure)?;
        self.send(action, "POST", request).await
    }

    async fn send(&self, action: &str, method: &'static str, mut request: HttpRequest) -> Result<Reply, CallError> {
        let Some(endpoint) = &self.endpoint else {
            return Err(SdkError::construction_failure("no Region is set"));
        };
        request.set_method(method).map_err(SdkError::construction_failure)?;
        if request.uri().is_empty() {
            request.set_uri("/").map_err(SdkError::construction_failure)?;
        }
        let length = request.body().content_length().unwrap_or_default().to_string();
        header(&mut request, "content-length", &length).map_err(SdkError::construction_failure)?;
        let is_json = matches!(self.service.protocol, Protocol::Json { .. });
        Operation::builder()
            .service_name(self.service.id)
            .operation_name(action.to_owned())
            .behavior_version(self.behavior)
            .endpoint_url(endpoint)
            .standard_retry(&self.retries)
            .timeout_config(self.timeouts.clone())
            .runtime_plugin(self.shared.clone())
            .serializer(serialized)
            .deserializer(move |response: &HttpResponse| reply::read(response, is_json))
            .build()
            .invoke(request)
            .await
    }
}

/// The request already is in the wire format; each attempt sends it again.
fn serialized(request: HttpRequest) -> Result<HttpRequest, aws_smithy_runtime_api::box_error::BoxError> {
    Ok(request)
}

fn header(request: &mut HttpRequest, name: &'static str, value: &str) -> Result<(), HttpError> {
    request.headers_mut().try_insert(name, value.to_owned()).map(drop)
}

/// The plugins that the SDK's generated clients assemble for a service that is signed with SigV4.
fn shared(aws: &SdkConfig, service: &Service) -> StaticRuntimePlugin {
    let mut layer = Layer::new("holdfast::aws::service");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(ApiMetadata::new(service.id, env!("CARGO_PKG_VERSION")));
    layer.store_put(SigningName::from_static(service.endpoint));
    let mut signing = SigV4OperationSigningConfig::default();
    // S3 takes paths unchanged, and requires the body's hash in a header.
    if service.endpoint == S3.endpoint {
        signing.signing_options.double_uri_encode = false;
        signing.signing_options.normalize_uri_path = false;
        signing.signing_options.content_sha256_header = true;
    }
    layer.store_put(signing);
    layer.store_or_unset(aws.app_name().cloned());
    if let Some(region) = aws.region() {
        layer.store_put(region.clone());
        layer.store_put(SigningRegion::from(endpoint::signing_region(service, region)));
    }
    let mut components = RuntimeComponentsBuilder::new("holdfast::aws::service")
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
        .with_interceptor(RequestInfoInterceptor::new())
        .with_interceptor(UserAgentInterceptor::new())
        .with_interceptor(RecursionDetectionInterceptor::new())
        .with_interceptor(ServiceClockSkewInterceptor::new())
        .with_retry_classifier(HttpStatusCodeClassifier::default())
        .with_retry_classifier(TransientErrorClassifier::<Refusal>::new())
        .with_retry_classifier(AwsErrorCodeClassifier::<Refusal>::new())
        .with_retry_classifier(ServiceClockSkewClassifier::<Refusal>::new());
    if let Some(credentials) = aws.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, credentials);
    }
    StaticRuntimePlugin::new()
        .with_config(layer.freeze())
        .with_runtime_components(components)
}
