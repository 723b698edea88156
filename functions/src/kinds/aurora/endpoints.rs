//! The custom endpoints of a copy.

use aws_sdk_rds::types::{DbClusterEndpoint, DbInstance, Filter};
use serde_json::Value;

use super::Aurora;
use super::captured::{text, texts};
use super::clusters::name_conflict;
use super::plan::ClusterPlan;
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::error::Result;
use crate::kinds::part;

impl Aurora {
    /// Creates the custom endpoints that are missing; in words what it waits for.
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
        let there = self.custom_endpoints(plan).await?;
        let mut waiting = Vec::new();
        for (name, captured) in endpoints {
            let found = there
                .iter()
                .find(|found| found.db_cluster_endpoint_identifier() == Some(&name));
            match found.map(|found| found.status().unwrap_or("available")) {
                Some("available") => {}
                Some(status) => waiting.push(format!("{name} is {status}")),
                None => {
                    self.create_endpoint(run, plan, &name, captured, instances).await?;
                    waiting.push(format!("{name} is being created"));
                }
            }
        }
        Ok((!waiting.is_empty()).then(|| format!("endpoints of cluster {}: {}", plan.target, waiting.join(", "))))
    }

    /// Those of the copy.
    async fn custom_endpoints(&self, plan: &ClusterPlan<'_>) -> Result<Vec<DbClusterEndpoint>> {
        let custom = Filter::builder()
            .name("db-cluster-endpoint-type")
            .values("custom")
            .build();
        let call = self.rds.describe_db_cluster_endpoints();
        let pages = call.db_cluster_identifier(plan.target).filters(custom).into_paginator();
        pages
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .map_err(|error| failure("describing the endpoints of cluster", plan.target, error))
    }

    async fn create_endpoint(
        &self,
        run: &Run,
        plan: &ClusterPlan<'_>,
        name: &str,
        captured: &Value,
        there: &[DbInstance],
    ) -> Result<()> {
        let instances = plan.instances();
        // A reader for which AWS has no capacity is in none.
        let is_there = |name: &String| {
            there
                .iter()
                .any(|there| there.db_instance_identifier() == Some(name.as_str()))
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
        let created = self
            .rds
            .create_db_cluster_endpoint()
            .db_cluster_identifier(plan.target)
            .db_cluster_endpoint_identifier(name)
            .set_endpoint_type(text(captured, "CustomEndpointType"))
            .set_static_members(at_the_copy("StaticMembers"))
            .set_excluded_members(at_the_copy("ExcludedMembers"))
            .set_tags(Some(plan.tags(run, &Value::Null)))
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            // Ours, where the answer to an earlier create was lost; else another cluster's.
            Err(error) if code(&error) == Some("DBClusterEndpointAlreadyExistsFault") => {
                let there = self.custom_endpoints(plan).await?;
                let ours = there
                    .iter()
                    .any(|found| found.db_cluster_endpoint_identifier() == Some(name));
                if ours {
                    Ok(())
                } else {
                    Err(name_conflict("custom endpoint", name))
                }
            }
            Err(error) => Err(failure("creating custom endpoint", name, error)),
        }
    }
}
