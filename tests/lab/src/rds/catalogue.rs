//! What the region offers: engine versions, zones, defaults, quotas.

use super::fault::{Fault, Result};
use crate::order::ListOrder;

/// The only engine: real PostgreSQL replaces Aurora's.
pub const ENGINE: &str = "aurora-postgresql";
/// Versions that a cluster can have. The server is always PostgreSQL 16; versions are names here.
pub const VERSIONS: &[&str] = &["16.1", "16.2", "16.3", "16.4", "16.6", "16.8", "16.9", "16.10", "16.11"];
/// The version for a create or restore call without `EngineVersion`, independent of its source.
pub const DEFAULT_VERSION: &str = "16.11";
/// Availability zones that subnets, and so instances, can be in.
pub const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];
/// Availability zones that Aurora may put a cluster's storage in: also one without a subnet.
const STORAGE_ZONES: [&str; 4] = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"];
/// MiniStack's default VPC.
pub const DEFAULT_VPC: &str = "vpc-00000001";
/// The default security group of MiniStack's default VPC.
pub const DEFAULT_SECURITY_GROUP: &str = "sg-00000001";
/// The subnets of MiniStack's default VPC.
pub const DEFAULT_SUBNETS: [&str; 3] = ["subnet-00000001", "subnet-00000002", "subnet-00000003"];
/// Certificate authorities that instances and clusters may name.
pub const CAS: [&str; 3] = ["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"];

/// Aurora's quotas per region (Aurora User Guide, CHAP_Limits): name in DescribeAccountAttributes, and maximum.
pub const CLUSTERS: (&str, usize) = ("DBClusters", 40);
/// As [`CLUSTERS`].
pub const INSTANCES: (&str, usize) = ("DBInstances", 40);
/// As [`CLUSTERS`]; manual ones only.
pub const MANUAL_SNAPSHOTS: (&str, usize) = ("ManualClusterSnapshots", 100);
/// As [`CLUSTERS`].
pub const CLUSTER_PARAMETER_GROUPS: (&str, usize) = ("DBClusterParameterGroups", 50);
/// IAM roles per cluster.
pub const CLUSTER_ROLES: (&str, usize) = ("DBClusterRoles", 5);

/// Generations of instance classes that are no longer offered.
const RETIRED_CLASSES: [&str; 3] = ["db.r3.", "db.r4.", "db.t2."];

/// Whether an instance of a class can be ordered.
#[must_use]
pub fn orderable(class: &str) -> bool {
    let named = class.starts_with("db.") && class.matches('.').count() <= 2;
    named && !RETIRED_CLASSES.iter().any(|retired| class.starts_with(retired))
}

/// Checks an engine's name.
///
/// # Errors
/// `InvalidParameterValue`.
pub fn engine(name: &str) -> Result<()> {
    if name == ENGINE {
        return Ok(());
    }
    Err(Fault::value(format!(
        "Invalid DB engine: {name}. The lab has only {ENGINE}."
    )))
}

/// The version that `asked` names: one of the list, or the newest of a major version given alone.
///
/// # Errors
/// `InvalidParameterCombination` if there is none.
pub fn version(asked: Option<&str>) -> Result<String> {
    let asked = asked.unwrap_or(DEFAULT_VERSION);
    let exact = VERSIONS.iter().find(|version| **version == asked);
    let newest = VERSIONS.iter().rfind(|version| major(version) == asked);
    exact
        .or(newest)
        .map(|version| (*version).to_owned())
        .ok_or_else(|| Fault::combination(format!("Cannot find version {asked} for {ENGINE}")))
}

/// `16` of `16.8`.
#[must_use]
pub fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}

/// The three zones of a new cluster's storage: the requested ones, and others that Aurora chooses, independent of the zones
/// of its source and subnets.
#[must_use]
pub fn storage_zones(order: ListOrder, cluster: &str, asked: &[String]) -> Vec<String> {
    let mut others: Vec<&str> = STORAGE_ZONES
        .iter()
        .copied()
        .filter(|zone| !asked.iter().any(|a| a == zone))
        .collect();
    others.sort_by_key(|zone| order.rank(&format!("storage {cluster} {zone}")));
    let others = others.into_iter().map(str::to_owned);
    asked.iter().cloned().chain(others).take(ZONES.len()).collect()
}

/// Whether a cluster of version `to` can read the data of `from`.
#[must_use]
pub fn can_upgrade(from: &str, to: &str) -> bool {
    let place = |version: &str| VERSIONS.iter().position(|v| *v == version);
    place(to) >= place(from)
}

/// `aurora-postgresql16`.
#[must_use]
pub fn family(version: &str) -> String {
    format!("{ENGINE}{}", major(version))
}

/// `default.aurora-postgresql16`, of clusters and of instances.
#[must_use]
pub fn default_cluster_parameter_group(version: &str) -> String {
    format!("default.{}", family(version))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn storage_is_in_three_zones_that_nobody_can_tell_beforehand() {
        let zones = |seed, asked: &[&str]| {
            let asked: Vec<String> = asked.iter().map(|zone| (*zone).to_owned()).collect();
            storage_zones(ListOrder::new(seed), "hubs", &asked)
        };
        assert_eq!(zones(1, &[]).len(), 3);
        assert_eq!(zones(1, &[]), zones(1, &[]));
        assert!((0..20).any(|seed| zones(seed, &[]).contains(&"us-east-1d".to_owned())));
        assert_eq!(zones(1, &["us-east-1b"])[0], "us-east-1b");
        assert_eq!(zones(1, &ZONES), ZONES);
    }

    #[test]
    fn versions_are_chosen_as_aws_does() {
        assert_eq!(version(None).unwrap(), DEFAULT_VERSION);
        assert_eq!(version(Some("16.8")).unwrap(), "16.8");
        assert_eq!(version(Some("16")).unwrap(), "16.11");
        assert_eq!(version(Some("9.6")).unwrap_err().code, "InvalidParameterCombination");
        assert!(can_upgrade("16.8", "16.10") && !can_upgrade("16.10", "16.8"));
        assert_eq!(default_cluster_parameter_group("16.8"), "default.aurora-postgresql16");
    }
}
