//! AWS's partitions, by the prefixes of their Regions' names.
//!
//! Source: `partitions.json` of the SDK's endpoint rules.

/// What the endpoints of a partition have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    beginning: &'static str,
    pub dns_suffix: &'static str,
    pub dual_stack_dns_suffix: &'static str,
    /// The Region for which requests to global services are signed.
    pub global_region: &'static str,
    /// Whether certificates chain to the roots of Amazon Trust Services.
    pub amazons_roots: bool,
}

const fn partition(
    beginning: &'static str,
    dns_suffix: &'static str,
    dual_stack_dns_suffix: &'static str,
    global_region: &'static str,
    amazons_roots: bool,
) -> Partition {
    Partition {
        beginning,
        dns_suffix,
        dual_stack_dns_suffix,
        global_region,
        amazons_roots,
    }
}

const COMMERCIAL: Partition = partition("", "amazonaws.com", "api.aws", "us-east-1", true);

const OTHERS: [Partition; 7] = [
    partition("us-gov-", "amazonaws.com", "api.aws", "us-gov-west-1", true),
    partition(
        "cn-",
        "amazonaws.com.cn",
        "api.amazonwebservices.com.cn",
        "cn-northwest-1",
        false,
    ),
    partition("us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1", false),
    partition("us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1", false),
    partition(
        "us-isof-",
        "csp.hci.ic.gov",
        "api.aws.hci.ic.gov",
        "us-isof-south-1",
        false,
    ),
    partition(
        "eu-isoe-",
        "cloud.adc-e.uk",
        "api.cloud-aws.adc-e.uk",
        "eu-isoe-west-1",
        false,
    ),
    partition(
        "eusc-",
        "amazonaws.eu",
        "api.amazonwebservices.eu",
        "eusc-de-east-1",
        false,
    ),
];

impl Partition {
    /// The partition of a Region; the commercial one for an unknown Region.
    pub fn of(region: &str) -> Self {
        let other = OTHERS.into_iter().find(|other| region.starts_with(other.beginning));
        other.unwrap_or(COMMERCIAL)
    }
}
