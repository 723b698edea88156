//! What a value that an application reads refers to: the inverse of a fact.

use aws_config::SdkConfig;
use aws_sdk_rds::Client;
use aws_sdk_rds::types::DbCluster;

use super::facts::master_secret;
use crate::aws::lazy::Lazy;
use crate::aws::{clusters, failure};
use crate::domain::descriptor::Fact;
use crate::domain::kinds;
use crate::domain::reference::{self, ClusterHosts, Reference};
use crate::domain::resource::Target;
use crate::error::{Class, Result};

/// Resolves values.
pub struct ReferenceReader {
    clusters: Lazy<Client>,
}

impl ReferenceReader {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            clusters: Lazy::new(aws, Client::new),
        }
    }

    /// What a value of this fact refers to, compared with a resource.
    pub async fn reference(&self, fact: Fact, value: &str, target: &Target) -> Result<Reference> {
        let (noun, identifier) = (kinds::of(target).noun(), target.identifier());
        if !kinds::stateful(target).is_some_and(|kind| kind.has_fact(fact)) {
            return Ok(Reference::Unrelated);
        }
        Ok(match fact {
            Fact::Table => reference::of_table(value, identifier),
            Fact::Cluster | Fact::FileSystem => reference::of_identifier(value, identifier, noun),
            Fact::Host | Fact::ReaderHost => self.of_host(value, identifier).await?,
            Fact::MasterSecret => self.of_master_secret(value, identifier).await?,
            Fact::Port | Fact::Directory => Reference::Unrelated,
        })
    }

    async fn of_host(&self, value: &str, cluster: &str) -> Result<Reference> {
        let Some(found) = clusters::find(&self.clusters, cluster).await? else {
            return Ok(Reference::Unknown(format!(
                "there is no cluster {cluster} to compare with"
            )));
        };
        let own = hosts(&found);
        let reference = reference::of_host(value, &own, &[]);
        if reference == Reference::Matches {
            return Ok(reference);
        }
        match self.all().await {
            Ok(others) => Ok(reference::of_host(value, &own, &others)),
            // A role with access to some clusters only: for the others, it cannot be determined.
            Err(error) if error.class() == Class::Final => Ok(reference),
            Err(error) => Err(error),
        }
    }

    async fn of_master_secret(&self, value: &str, cluster: &str) -> Result<Reference> {
        let found = clusters::find(&self.clusters, cluster).await?;
        let Some(own) = found.as_ref().and_then(master_secret) else {
            let why = format!("there is no cluster {cluster} whose master password RDS manages, to compare with");
            return Ok(Reference::Unknown(why));
        };
        Ok(reference::of_master_secret(value, own))
    }

    async fn all(&self) -> Result<Vec<ClusterHosts>> {
        let mut pages = self.clusters.describe_db_clusters().into_paginator().items().send();
        let mut all = Vec::new();
        while let Some(found) = pages.next().await {
            all.push(hosts(&found.map_err(|error| failure("listing", "clusters", error))?));
        }
        Ok(all)
    }
}

fn hosts(cluster: &DbCluster) -> ClusterHosts {
    let endpoints = [cluster.endpoint(), cluster.reader_endpoint()];
    let custom = cluster.custom_endpoints().iter().map(String::as_str);
    ClusterHosts {
        cluster: cluster.db_cluster_identifier().unwrap_or_default().to_owned(),
        hosts: endpoints
            .into_iter()
            .flatten()
            .chain(custom)
            .map(str::to_owned)
            .collect(),
    }
}
