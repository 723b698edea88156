//! Subnet groups and parameter groups.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue;
use super::tags::Tags;
use super::xml::Xml;

/// A DB subnet group.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct SubnetGroup {
    pub name: String,
    pub arn: String,
    pub description: String,
    pub vpc: String,
    pub subnets: Vec<String>,
    pub tags: Tags,
}

impl SubnetGroup {
    /// Each subnet with its zone.
    fn placed(&self) -> impl Iterator<Item = (&String, &&'static str)> {
        self.subnets.iter().zip(catalogue::ZONES.iter().cycle())
    }

    /// The zones that its subnets are in.
    #[must_use]
    pub fn zones(&self) -> BTreeSet<&'static str> {
        self.placed().map(|(_, zone)| *zone).collect()
    }

    /// Writes a `DBSubnetGroup`.
    pub fn write(&self, xml: &mut Xml) {
        xml.text("DBSubnetGroupName", &self.name);
        xml.text("DBSubnetGroupDescription", &self.description);
        xml.text("VpcId", &self.vpc);
        xml.text("SubnetGroupStatus", "Complete");
        xml.elements("Subnets", "Subnet", self.placed(), |xml, (subnet, zone)| {
            xml.text("SubnetIdentifier", subnet);
            xml.element("SubnetAvailabilityZone", |xml| xml.text("Name", zone));
            xml.element("SubnetOutpost", |_| {});
            xml.text("SubnetStatus", "Active");
        });
        xml.text("DBSubnetGroupArn", &self.arn);
        xml.texts("SupportedNetworkTypes", "member", ["IPV4"]);
    }
}

/// A parameter group, of clusters or of instances.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct ParameterGroup {
    pub name: String,
    pub arn: String,
    pub family: String,
    pub description: String,
    /// What a user has set, by parameter: value and apply method.
    pub parameters: BTreeMap<String, (String, String)>,
    pub tags: Tags,
}

impl ParameterGroup {
    /// Writes a `DBClusterParameterGroup` (`prefix` `DBCluster`) or a `DBParameterGroup` (`prefix` `DB`).
    pub fn write(&self, xml: &mut Xml, prefix: &str) {
        xml.text(&format!("{prefix}ParameterGroupName"), &self.name);
        xml.text("DBParameterGroupFamily", &self.family);
        xml.text("Description", &self.description);
        xml.text(&format!("{prefix}ParameterGroupArn"), &self.arn);
    }

    /// Whether clusters with this group take only encrypted connections.
    #[must_use]
    pub fn forces_tls(&self) -> bool {
        self.parameters
            .get("rds.force_ssl")
            .is_some_and(|(value, _)| value == "1")
    }
}
