//! Where a service is reached: `https://<service>.<Region>.<suffix of the partition>`, unless the environment says otherwise.
//!
//! The rules are those of the SDK's endpoint rule sets, which are the same for all services here but for two differences,
//! [`Service::govcloud_is_fips`] and [`Service::global`].

use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::service_config::ServiceConfigKey;

use crate::aws::partition::Partition;

/// How a service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// awsJson1_1: the action behind a target's name in a header, JSON both ways.
    Json { target: &'static str },
    /// awsQuery: a form with the action and the API's version, and XML in return.
    Query { version: &'static str },
    /// restJson1: each call has its own method and path.
    Rest,
}

/// A service, as far as calling it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// How its endpoints' names begin, which is also what requests are signed for.
    pub endpoint: &'static str,
    /// Its id in AWS's models: `AWS_ENDPOINT_URL_<ID>` and the user agent go by it.
    pub id: &'static str,
    pub protocol: Protocol,
    /// Whether its ordinary endpoints in GovCloud are its FIPS endpoints.
    pub govcloud_is_fips: bool,
    /// Whether it is one service for all Regions of a partition, with one endpoint, and signed for one Region.
    pub global: bool,
}

/// The Region for which requests are signed that are made from this one.
pub fn signing_region(service: &Service, region: &Region) -> Region {
    match service.global {
        true => Region::from_static(Partition::of(region.as_ref()).global_region),
        false => region.clone(),
    }
}

/// The endpoint that the configuration names for this service or for all, else AWS's own in the Region. `None` without a
/// Region.
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

/// A value as a segment of a path, or a field of a form, holds it.
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
