//! AWS's partitions, by how their Regions' names begin.
//!
//! Source: `partitions.json` of the SDK's endpoint rules.

/// What endpoints in a Region have in common with those of the whole partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    beginning: &'static str,
    pub dns_suffix: &'static str,
    pub dual_stack_dns_suffix: &'static str,
    /// For which requests to services are signed that are one for the whole partition.
    pub global_region: &'static str,
    /// Whether certificates are those of Amazon Trust Services' roots.
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
    /// The partition of a Region; of a Region that nobody knows, the commercial one.
    pub fn of(region: &str) -> Self {
        let other = OTHERS.into_iter().find(|other| region.starts_with(other.beginning));
        other.unwrap_or(COMMERCIAL)
    }
}
