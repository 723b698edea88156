//! What refers to a cluster by its name: RDS proxies, custom endpoints and event subscriptions.

use async_trait::async_trait;

use super::{Aurora, KIND};
use crate::aws::{code, failure};
use crate::domain::kinds::aurora;
use crate::domain::restore::dependents::{Dependent, listing};
use crate::domain::restore::item::RestoreItem;
use crate::error::Result;
use crate::kinds::Dependents;
use crate::kinds::shared::wrong_target_of;

#[async_trait]
impl Dependents for Aurora {
    async fn dependents(&self, item: &RestoreItem) -> Result<Vec<Dependent>> {
        let target = &item.planned.resource.target;
        let cluster = aurora::cluster(target).ok_or_else(|| wrong_target_of(KIND, target))?;
        let proxies = listing(self.proxies(cluster).await)?;
        let mut found = Dependent::each(proxies, "RDS proxies", |proxy| Dependent::Proxy { proxy });
        let endpoints = item.configuration["DBClusterEndpoints"]
            .as_array()
            .into_iter()
            .flatten();
        let names = endpoints.filter_map(|endpoint| endpoint["DBClusterEndpointIdentifier"].as_str());
        found.extend(names.map(|name| Dependent::Endpoint {
            endpoint: name.to_owned(),
        }));
        let subscriptions = listing(self.subscriptions(cluster).await)?;
        found.extend(Dependent::each(subscriptions, "event subscriptions", |name| {
            Dependent::Subscription { name }
        }));
        Ok(found)
    }
}

impl Aurora {
    /// The proxies that have a cluster as target.
    async fn proxies(&self, cluster: &str) -> Result<Vec<String>> {
        let proxies = self.rds.describe_db_proxies().into_paginator().items().send();
        let proxies = proxies.collect::<std::result::Result<Vec<_>, _>>().await;
        let proxies = proxies.map_err(|error| failure("listing the proxies in front of cluster", cluster, error))?;
        let mut found = Vec::new();
        for name in proxies.iter().filter_map(|proxy| proxy.db_proxy_name()) {
            let targets = self
                .rds
                .describe_db_proxy_targets()
                .db_proxy_name(name)
                .into_paginator();
            let targets = targets.items().send().collect::<std::result::Result<Vec<_>, _>>().await;
            let targets = match targets {
                Ok(targets) => targets,
                Err(error) if code(&error) == Some("DBProxyNotFoundFault") => continue,
                Err(error) => return Err(failure("describing the targets of proxy", name, error)),
            };
            let has_target = targets.iter().any(|target| {
                // A proxy lists the cluster itself and each of its instances.
                target.tracked_cluster_id() == Some(cluster) || target.rds_resource_id() == Some(cluster)
            });
            if has_target {
                found.push(name.to_owned());
            }
        }
        Ok(found)
    }

    /// The event subscriptions that name a cluster.
    async fn subscriptions(&self, cluster: &str) -> Result<Vec<String>> {
        let all = self.rds.describe_event_subscriptions().into_paginator().items().send();
        let all = all.collect::<std::result::Result<Vec<_>, _>>().await;
        let all = all.map_err(|error| failure("listing the event subscriptions of cluster", cluster, error))?;
        let names = all.iter().filter(|subscription| {
            subscription.source_type() == Some("db-cluster")
                && subscription.source_ids_list().iter().any(|source| source == cluster)
        });
        Ok(names
            .filter_map(|subscription| subscription.cust_subscription_id())
            .map(str::to_owned)
            .collect())
    }
}
