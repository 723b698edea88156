//! The custom endpoints of a copy.

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbClusterEndpoint, DbInstance, Filter};
use serde_json::Value;

use super::Aurora;
use super::captured::{members, text, texts};
use super::clusters::name_conflict;
use super::plan::ClusterPlan;
use crate::aws::{code, failure, offered};
use crate::domain::job::Run;
use crate::error::Result;
use crate::kinds::part;

/// The custom endpoints of a cluster; `None` if the Region does not offer them.
pub async fn find_custom_endpoints(rds: &Client, id: &str) -> Result<Option<Vec<DbClusterEndpoint>>> {
    let custom = Filter::builder()
        .name("db-cluster-endpoint-type")
        .values("custom")
        .build();
    let endpoints = rds
        .describe_db_cluster_endpoints()
        .db_cluster_identifier(id)
        .filters(custom);
    let pages = endpoints.into_paginator().items().send();
    let endpoints = offered(pages.collect::<Result<Vec<_>, _>>().await);
    endpoints.map_err(|error| failure("describing the endpoints of cluster", id, error))
}

impl Aurora {
    /// Creates the missing custom endpoints; returns what it waits for, as text.
    pub(super) async fn create_endpoints(
        &self,
        run: &Run,
        plan: &ClusterPlan<'_>,
        instances: &[DbInstance],
    ) -> Result<Option<String>> {
        let endpoints = plan.endpoints();
        if endpoints.is_empty() {
            return Ok(None);
        }
        let existing = find_custom_endpoints(&self.rds, plan.copy).await?.unwrap_or_default();
        let mut waiting = Vec::new();
        for (name, captured) in endpoints {
            let found = existing
                .iter()
                .find(|found| found.db_cluster_endpoint_identifier() == Some(&name));
            match found.map(|found| found.status().unwrap_or("available")) {
                Some("available") => {}
                Some(status) => waiting.push(format!("{name} is {status}")),
                None => {
                    if self.create_endpoint(run, plan, &name, captured, instances).await? {
                        waiting.push(format!("{name} is being created"));
                    }
                }
            }
        }
        Ok((!waiting.is_empty()).then(|| format!("endpoints of cluster {}: {}", plan.copy, waiting.join(", "))))
    }

    async fn create_endpoint(
        &self,
        run: &Run,
        plan: &ClusterPlan<'_>,
        name: &str,
        captured: &Value,
        existing: &[DbInstance],
    ) -> Result<bool> {
        let instances = plan.instances();
        // A reader for which AWS has no capacity is in no endpoint.
        let is_there = |name: &String| {
            existing
                .iter()
                .any(|existing| existing.db_instance_identifier() == Some(name.as_str()))
        };
        let at_the_copy = |list: &str| {
            let named = texts(part(captured, list)).into_iter().filter_map(|member| {
                let instance = instances
                    .iter()
                    .find(|instance| instance.source.as_deref() == Some(&member));
                instance.map(|instance| instance.name.clone()).filter(is_there)
            });
            Some(named.collect::<Vec<_>>()).filter(|named| !named.is_empty())
        };
        // An endpoint whose instances are all missing would otherwise contain all instances.
        if members(captured, "StaticMembers").next().is_some() && at_the_copy("StaticMembers").is_none() {
            return Ok(false);
        }
        let created = self
            .rds
            .create_db_cluster_endpoint()
            .db_cluster_identifier(plan.copy)
            .db_cluster_endpoint_identifier(name)
            .set_endpoint_type(text(captured, "CustomEndpointType"))
            .set_static_members(at_the_copy("StaticMembers"))
            .set_excluded_members(at_the_copy("ExcludedMembers"))
            .set_tags(Some(plan.tags(run, &Value::Null)))
            .send()
            .await;
        match created {
            Ok(_) => Ok(true),
            // This restore's, if the response to an earlier create was lost; else another cluster's.
            Err(error) if code(&error) == Some("DBClusterEndpointAlreadyExistsFault") => {
                let existing = find_custom_endpoints(&self.rds, plan.copy).await?.unwrap_or_default();
                let ours = existing
                    .iter()
                    .any(|found| found.db_cluster_endpoint_identifier() == Some(name));
                if ours {
                    Ok(true)
                } else {
                    Err(name_conflict("custom endpoint", name))
                }
            }
            Err(error) => Err(failure("creating custom endpoint", name, error)),
        }
    }
}
