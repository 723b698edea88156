//! The account's RDS clusters: which are Aurora, and which instances belong to them.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use holdfast::domain::reference::names_secret;
use holdfast::domain::resource::Target;

use super::unprotected::{self, UnprotectedType};
use super::{Finding, FoundResource};
use crate::aws;
use crate::failure::Result;

/// A cluster as DescribeDBClusters describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cluster {
    pub engine: String,
    /// Identifiers of its instances.
    pub instances: Vec<String>,
    /// Its endpoints: the writer's, the readers' and custom ones.
    pub hosts: Vec<String>,
    /// ARN of the secret in which RDS manages its master password.
    pub master_secret: Option<String>,
}

impl Cluster {
    /// Whether a value, such as a URL, has one of its endpoints.
    pub fn is_reached_by(&self, value: &str) -> bool {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let has = |host: &String| {
            let mut places = value.match_indices(host.as_str());
            places.any(|(at, _)| !value[..at].ends_with(is_name))
        };
        self.hosts.iter().any(has)
    }

    /// Whether an ARN is its master secret's. It may lack the six random characters at the end.
    pub fn has_master(&self, arn: &str) -> bool {
        self.master_secret.as_deref().is_some_and(|master| {
            arn == master
                || arn
                    .split_once(":secret:")
                    .is_some_and(|(_, name)| names_secret(name, master))
        })
    }
}

/// All clusters of this account and Region, by identifier.
pub async fn list(config: &SdkConfig) -> Result<BTreeMap<String, Cluster>> {
    let client = aws_sdk_rds::Client::new(config);
    let mut pages = client.describe_db_clusters().into_paginator().items().send();
    let mut clusters = BTreeMap::new();
    while let Some(cluster) = pages.next().await {
        let cluster = cluster.map_err(|error| aws::failure("listing", "database clusters", error))?;
        let members = cluster.db_cluster_members().iter();
        let instances = members
            .filter_map(|member| member.db_instance_identifier().map(str::to_owned))
            .collect();
        let hosts = [cluster.endpoint(), cluster.reader_endpoint()].into_iter().flatten();
        let hosts = hosts
            .map(str::to_owned)
            .chain(cluster.custom_endpoints().iter().cloned());
        let master_secret = cluster.master_user_secret().and_then(|secret| secret.secret_arn());
        let found = Cluster {
            engine: cluster.engine().unwrap_or("unknown").to_owned(),
            instances,
            hosts: hosts.collect(),
            master_secret: master_secret.map(str::to_owned),
        };
        clusters.insert(cluster.db_cluster_identifier().unwrap_or_default().to_owned(), found);
    }
    Ok(clusters)
}

/// Keeps only existing Aurora clusters, and drops instances that belong to one.
pub fn sort_out(found: Vec<FoundResource>, clusters: &BTreeMap<String, Cluster>) -> Vec<FoundResource> {
    let checked = found.into_iter().filter(|found| !is_member(found, clusters));
    checked.map(|found| if_aurora(found, clusters)).collect()
}

/// The same for what was found with its place.
pub fn sort_out_findings(findings: Vec<Finding>, clusters: &BTreeMap<String, Cluster>) -> Vec<Finding> {
    let checked = findings
        .into_iter()
        .filter(|finding| !is_member(&finding.found, clusters));
    checked
        .map(|finding| Finding {
            found: if_aurora(finding.found, clusters),
            ..finding
        })
        .collect()
}

fn is_member(found: &FoundResource, clusters: &BTreeMap<String, Cluster>) -> bool {
    let FoundResource::Unprotected { what, id, .. } = found else {
        return false;
    };
    what == "AWS::RDS::DBInstance" && clusters.values().any(|cluster| cluster.instances.contains(id))
}

/// A cluster of another engine, or one that is gone, cannot be protected.
fn if_aurora(found: FoundResource, clusters: &BTreeMap<String, Cluster>) -> FoundResource {
    let FoundResource::Protected {
        target: Target::Aurora { cluster: id },
        ..
    } = &found
    else {
        return found;
    };
    match clusters.get(&id.to_ascii_lowercase()) {
        Some(cluster) if cluster.engine.starts_with("aurora") => found,
        Some(cluster) => of_engine(&cluster.engine, id),
        None => FoundResource::Unprotected {
            what: "database cluster that no longer exists:".to_owned(),
            id: id.clone(),
            next: "nothing, if it was deleted on purpose; it is still listed where it was found".to_owned(),
        },
    }
}

/// A cluster of an engine other than Aurora's.
pub fn of_engine(engine: &str, id: &str) -> FoundResource {
    let own = match engine {
        "docdb" => UnprotectedType::of_cloudformation("AWS::DocDB::DBCluster"),
        "neptune" => UnprotectedType::of_cloudformation("AWS::Neptune::DBCluster"),
        _ => None,
    };
    own.map_or_else(
        || FoundResource::Unprotected {
            what: format!("{engine} cluster"),
            id: id.to_owned(),
            next: unprotected::INSTANCE.to_owned(),
        },
        |of| of.resource(id),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_cluster_is_known_by_its_endpoints_and_its_master_secret() {
        let secret = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:rds!cluster-a-Ab12Cd";
        let cluster = Cluster {
            hosts: vec!["db.cluster-x.eu-west-1.rds.amazonaws.com".into()],
            master_secret: Some(secret.into()),
            ..Cluster::default()
        };
        let host = "db.cluster-x.eu-west-1.rds.amazonaws.com";
        assert!(cluster.is_reached_by(host) && cluster.is_reached_by(&format!("postgres://u:p@{host}:5432/app")));
        assert!(!cluster.is_reached_by(&format!("old-{host}")) && !cluster.is_reached_by("db"));
        assert!(cluster.has_master(secret) && cluster.has_master(secret.trim_end_matches("-Ab12Cd")));
        assert!(!cluster.has_master(&secret.replace("cluster-a", "cluster-b")) && !cluster.has_master(""));
    }

    #[test]
    fn only_aurora_is_protected_and_members_are_not_listed_again() {
        let cluster = |engine: &str, instance: &str| Cluster {
            engine: engine.into(),
            instances: vec![instance.into()],
            ..Cluster::default()
        };
        let clusters = BTreeMap::from([
            ("hubs-db".to_owned(), cluster("aurora-postgresql", "hubs-db-1")),
            ("docs".to_owned(), cluster("docdb", "docs-1")),
        ]);
        let found = |id: &str| FoundResource::protected(Target::Aurora { cluster: id.into() }, "h");
        let instance = |id: &str| {
            let of = UnprotectedType::of_cloudformation("AWS::RDS::DBInstance");
            of.unwrap().resource(id)
        };
        let sorted = sort_out(
            vec![
                found("hubs-db"),
                found("docs"),
                found("gone"),
                instance("hubs-db-1"),
                instance("alone"),
            ],
            &clusters,
        );
        assert_eq!(sorted.len(), 4);
        assert_eq!(sorted[0], found("hubs-db"));
        assert!(matches!(&sorted[1], FoundResource::Unprotected { what, .. } if what == "AWS::DocDB::DBCluster"));
        assert!(matches!(&sorted[2], FoundResource::Unprotected { id, .. } if id == "gone"));
        assert_eq!(sorted[3], instance("alone"));
    }
}
