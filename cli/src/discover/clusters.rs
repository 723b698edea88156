//! The account's RDS clusters: which are Aurora, and which instances belong to them.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use holdfast::domain::resource::Target;

use super::FoundResource;
use crate::aws;
use crate::failure::Result;

/// A cluster as DescribeDBClusters describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    pub engine: String,
    /// Identifiers of its instances.
    pub instances: Vec<String>,
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
        let engine = cluster.engine().unwrap_or("unknown").to_owned();
        clusters.insert(
            cluster.db_cluster_identifier().unwrap_or_default().to_owned(),
            Cluster { engine, instances },
        );
    }
    Ok(clusters)
}

/// Keeps only existing Aurora clusters, and drops instances that belong to one.
pub fn sort_out(found: Vec<FoundResource>, clusters: &BTreeMap<String, Cluster>) -> Vec<FoundResource> {
    let checked = found.into_iter().filter(|found| !is_member(found, clusters));
    checked.map(|found| if_aurora(found, clusters)).collect()
}

fn is_member(found: &FoundResource, clusters: &BTreeMap<String, Cluster>) -> bool {
    let FoundResource::Unprotected { what, id } = found else {
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
    let what = match clusters.get(&id.to_ascii_lowercase()) {
        Some(cluster) if cluster.engine.starts_with("aurora") => return found,
        Some(cluster) => format!("{} cluster", cluster.engine),
        None => "database cluster that no longer exists:".to_owned(),
    };
    FoundResource::Unprotected { what, id: id.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_aurora_is_protected_and_members_are_not_listed_again() {
        let cluster = |engine: &str, instance: &str| Cluster {
            engine: engine.into(),
            instances: vec![instance.into()],
        };
        let clusters = BTreeMap::from([
            ("hubs-db".to_owned(), cluster("aurora-postgresql", "hubs-db-1")),
            ("docs".to_owned(), cluster("docdb", "docs-1")),
        ]);
        let found = |id: &str| FoundResource::protected(Target::Aurora { cluster: id.into() }, "h");
        let instance = |id: &str| FoundResource::Unprotected {
            what: "AWS::RDS::DBInstance".into(),
            id: id.into(),
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
        assert!(matches!(&sorted[1], FoundResource::Unprotected { what, .. } if what == "docdb cluster"));
        assert!(matches!(&sorted[2], FoundResource::Unprotected { id, .. } if id == "gone"));
        assert_eq!(sorted[3], instance("alone"));
    }
}
