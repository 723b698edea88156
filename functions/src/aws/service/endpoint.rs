//! The endpoint of a service: `https://<service>.<Region>.<suffix of the partition>`, unless the environment overrides it.
//!
//! The rules are those of the SDK's endpoint rule sets, which are the same for all services here except for two differences,
//! [`Service::govcloud_is_fips`] and [`Service::global`].

use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::service_config::ServiceConfigKey;

use crate::aws::partition::Partition;

/// The protocol of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// awsJson1_1: the action in a header, after the target's name; JSON in both directions.
    Json { target: &'static str },
    /// awsQuery: a form with the action and the API version; the response is XML.
    Query { version: &'static str },
    /// restJson1: each call has its own method and path.
    Rest,
}

/// What is needed to call a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// The prefix of its endpoints, which is also its signing name.
    pub endpoint: &'static str,
    /// Its service id in AWS's models, used in `AWS_ENDPOINT_URL_<ID>` and in the user agent.
    pub id: &'static str,
    pub protocol: Protocol,
    /// Whether its ordinary endpoints in GovCloud are its FIPS endpoints.
    pub govcloud_is_fips: bool,
    /// Whether it is global: one endpoint for all Regions of a partition, and requests signed for one Region.
    pub global: bool,
}

/// The Region for which requests from `region` are signed.
pub fn signing_region(service: &Service, region: &Region) -> Region {
    match service.global {
        true => Region::from_static(Partition::of(region.as_ref()).global_region),
        false => region.clone(),
    }
}

/// The endpoint that the configuration sets for this service or for all, else AWS's own in the Region. `None` without a Region.
pub fn of(aws: &SdkConfig, service: &Service) -> Option<String> {
    configured(aws, service)
        .or_else(|| aws.endpoint_url().map(str::to_owned))
        .or_else(|| {
            let (fips, dual_stack) = (aws.use_fips() == Some(true), aws.use_dual_stack() == Some(true));
            Some(own(service, aws.region()?.as_ref(), fips, dual_stack))
        })
}

fn configured(aws: &SdkConfig, service: &Service) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service.id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    aws.service_config()?.load_config(key)
}

pub(super) fn own(service: &Service, region: &str, fips: bool, dual_stack: bool) -> String {
    let partition = Partition::of(region);
    let suffix = match dual_stack {
        true => partition.dual_stack_dns_suffix,
        false => partition.dns_suffix,
    };
    if service.global {
        return global(service, region, fips, dual_stack);
    }
    let ordinary = !fips || (service.govcloud_is_fips && !dual_stack && region.starts_with("us-gov-"));
    let fips = if ordinary { "" } else { "-fips" };
    format!("https://{}{fips}.{region}.{suffix}", service.endpoint)
}

/// GovCloud's has the Region group in its name, and is a FIPS endpoint already.
fn global(service: &Service, region: &str, fips: bool, dual_stack: bool) -> String {
    let partition = Partition::of(region);
    let govcloud = region.starts_with("us-gov-");
    let fips = if fips && !govcloud { "-fips" } else { "" };
    let (group, suffix) = match (govcloud, dual_stack) {
        (true, true) => (".us-gov", partition.dual_stack_dns_suffix),
        (true, false) => (".us-gov", partition.dns_suffix),
        (false, true) => (".global", partition.dual_stack_dns_suffix),
        (false, false) => ("", partition.dns_suffix),
    };
    format!("https://{}{fips}{group}.{suffix}", service.endpoint)
}

/// Escapes a value for a path segment or a form field.
pub fn escaped(value: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    value.bytes().fold(String::new(), |mut escaped, byte| {
        if plain(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
        escaped
    })
}
