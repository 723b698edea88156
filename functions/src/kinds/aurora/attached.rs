//! What belongs to a cluster and lives outside it: custom endpoints, and the scaling of its replicas.

use std::collections::BTreeSet;

use aws_sdk_applicationautoscaling::types::{
    CustomizedMetricSpecification, MetricDimension, MetricType, PolicyType, PredefinedMetricSpecification,
    ScalableDimension, ServiceNamespace, SuspendedState, TargetTrackingScalingPolicyConfiguration,
};
use aws_sdk_rds::types::{DbClusterEndpoint, Filter};
use serde_json::Value;

use super::Aurora;
use super::restore::taken;
use super::wanted::{Wanted, members, number, text, texts};
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::error::{Error, Result};
use crate::kinds::restoring::part;
use crate::kinds::scaling::scaling;

impl Aurora {
    /// Creates the custom endpoints that are missing; in words what it waits for.
    pub(super) async fn make_endpoints(&self, run: &Run, wanted: &Wanted<'_>) -> Result<Option<String>> {
        let endpoints = wanted.endpoints();
        if endpoints.is_empty() {
            return Ok(None);
        }
        let custom = Filter::builder()
            .name("db-cluster-endpoint-type")
            .values("custom")
            .build();
        let call = self.rds.describe_db_cluster_endpoints();
        let pages = call
            .db_cluster_identifier(wanted.target)
            .filters(custom)
            .into_paginator();
        let there: Vec<DbClusterEndpoint> = pages
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .map_err(|error| failure("describing the endpoints of cluster", wanted.target, error))?;
        let mut waiting = Vec::new();
        for (name, captured) in endpoints {
            let found = there
                .iter()
                .find(|found| found.db_cluster_endpoint_identifier() == Some(&name));
            match found.map(|found| found.status().unwrap_or("available")) {
                Some("available") => {}
                Some(status) => waiting.push(format!("{name} is {status}")),
                None => {
                    self.make_endpoint(run, wanted, &name, captured).await?;
                    waiting.push(format!("{name} is being created"));
                }
            }
        }
        Ok((!waiting.is_empty()).then(|| format!("endpoints of cluster {}: {}", wanted.target, waiting.join(", "))))
    }

    async fn make_endpoint(&self, run: &Run, wanted: &Wanted<'_>, name: &str, captured: &Value) -> Result<()> {
        let instances = wanted.instances();
        let at_the_copy = |list: &str| {
            let named = texts(part(captured, list)).into_iter().filter_map(|member| {
                let instance = instances
                    .iter()
                    .find(|instance| instance.source.as_deref() == Some(&member));
                instance.map(|instance| instance.name.clone())
            });
            Some(named.collect::<Vec<_>>()).filter(|named| !named.is_empty())
        };
        let created = self
            .rds
            .create_db_cluster_endpoint()
            .db_cluster_identifier(wanted.target)
            .db_cluster_endpoint_identifier(name)
            .set_endpoint_type(text(captured, "CustomEndpointType"))
            .set_static_members(at_the_copy("StaticMembers"))
            .set_excluded_members(at_the_copy("ExcludedMembers"))
            .set_tags(Some(wanted.tags(run, &Value::Null)))
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            // It is not among those of our cluster.
            Err(error) if code(&error) == Some("DBClusterEndpointAlreadyExistsFault") => {
                Err(taken("custom endpoint", name))
            }
            Err(error) => Err(failure("creating custom endpoint", name, error)),
        }
    }

    /// Lets Application Auto Scaling scale the copy's replicas as it did the source's. Saying it again changes nothing.
    pub(super) async fn scale(&self, run: &Run, wanted: &Wanted<'_>) -> Result<()> {
        let targets: Vec<&Value> = members_of(wanted, "ScalableTargets").collect();
        if targets.is_empty() {
            return Ok(());
        }
        let resource = scaled(wanted.target);
        let ids = [resource.clone()];
        let (there, policies) = scaling(&self.autoscaling, ServiceNamespace::Rds, &ids, wanted.target).await?;
        for target in targets {
            let same = |other: &Value| {
                ["MinCapacity", "MaxCapacity", "ScalableDimension", "SuspendedState"]
                    .iter()
                    .all(|name| part(other, name) == part(target, name))
            };
            if !there.iter().any(same) {
                self.register(wanted, &resource, target).await?;
            }
        }
        let there: BTreeSet<_> = policies
            .iter()
            .filter_map(|policy| text(policy, "PolicyName"))
            .collect();
        for policy in members_of(wanted, "ScalingPolicies") {
            if text(policy, "PolicyName").is_some_and(|name| !there.contains(&name)) {
                self.put_policy(&resource, policy).await?;
            }
        }
        tracing::info!(
            restore = run.id,
            cluster = wanted.target,
            "its replicas are scaled again"
        );
        Ok(())
    }

    async fn register(&self, wanted: &Wanted<'_>, resource: &str, target: &Value) -> Result<()> {
        let suspended = part(target, "SuspendedState");
        let flag = |name| part(suspended, name).as_bool();
        let state = SuspendedState::builder()
            .set_dynamic_scaling_in_suspended(flag("DynamicScalingInSuspended"))
            .set_dynamic_scaling_out_suspended(flag("DynamicScalingOutSuspended"))
            .set_scheduled_scaling_suspended(flag("ScheduledScalingSuspended"))
            .build();
        self.autoscaling
            .register_scalable_target()
            .service_namespace(ServiceNamespace::Rds)
            .resource_id(resource)
            .scalable_dimension(dimension(target))
            .set_min_capacity(number(target, "MinCapacity"))
            .set_max_capacity(number(target, "MaxCapacity"))
            .set_suspended_state(suspended.is_object().then_some(state))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("scaling the replicas of cluster", wanted.target, error))
    }

    async fn put_policy(&self, resource: &str, policy: &Value) -> Result<()> {
        let name = text(policy, "PolicyName").unwrap_or_default();
        // Said in the plan's remarks.
        let Some(tracking) = tracking(policy)? else {
            return Ok(());
        };
        self.autoscaling
            .put_scaling_policy()
            .service_namespace(ServiceNamespace::Rds)
            .resource_id(resource)
            .scalable_dimension(dimension(policy))
            .policy_name(&name)
            .policy_type(PolicyType::TargetTrackingScaling)
            .target_tracking_scaling_policy_configuration(tracking)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("putting scaling policy", &format!("{name} of {resource}"), error))
    }

    /// Has Application Auto Scaling leave the copy alone.
    pub(super) async fn unscale(&self, wanted: &Wanted<'_>) -> Result<()> {
        for target in members_of(wanted, "ScalableTargets") {
            let call = self.autoscaling.deregister_scalable_target();
            let call = call
                .service_namespace(ServiceNamespace::Rds)
                .resource_id(scaled(wanted.target));
            match call.scalable_dimension(dimension(target)).send().await {
                Err(error) if code(&error) != Some("ObjectNotFoundException") => {
                    return Err(failure(
                        "no longer scaling the replicas of cluster",
                        wanted.target,
                        error,
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Scaling policies that are not put back, by name: only target tracking by one metric is.
pub fn lost_policies(wanted: &Wanted<'_>) -> Vec<String> {
    members_of(wanted, "ScalingPolicies")
        .filter(|policy| !matches!(tracking(policy), Ok(Some(_))))
        .filter_map(|policy| text(policy, "PolicyName"))
        .collect()
}

fn members_of<'a>(wanted: &Wanted<'a>, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    wanted.part(name).as_array().into_iter().flatten()
}

/// Application Auto Scaling's id of a cluster.
pub fn scaled(cluster: &str) -> String {
    format!("cluster:{cluster}")
}

fn dimension(of: &Value) -> ScalableDimension {
    ScalableDimension::from(text(of, "ScalableDimension").unwrap_or_default().as_str())
}

/// A target tracking policy by one metric; `None` for every other policy.
fn tracking(policy: &Value) -> Result<Option<TargetTrackingScalingPolicyConfiguration>> {
    let captured = part(policy, "TargetTrackingScalingPolicyConfiguration");
    let (predefined, custom) = (
        part(captured, "PredefinedMetricSpecification"),
        part(captured, "CustomizedMetricSpecification"),
    );
    let Some(value) = part(captured, "TargetValue").as_f64() else {
        return Ok(None);
    };
    if custom.is_object() && !part(custom, "Metrics").is_null() {
        return Ok(None);
    }
    let built = |error: aws_smithy_types::error::operation::BuildError| {
        let name = text(policy, "PolicyName").unwrap_or_default();
        Error::JobFailed(format!(
            "reading captured scaling policy {name}: {error}. Put it back by hand"
        ))
    };
    let configuration = TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(value)
        .set_scale_in_cooldown(number(captured, "ScaleInCooldown"))
        .set_scale_out_cooldown(number(captured, "ScaleOutCooldown"))
        .set_disable_scale_in(part(captured, "DisableScaleIn").as_bool());
    let configuration = match text(predefined, "PredefinedMetricType") {
        Some(metric) => configuration.predefined_metric_specification(
            PredefinedMetricSpecification::builder()
                .predefined_metric_type(MetricType::from(metric.as_str()))
                .set_resource_label(text(predefined, "ResourceLabel"))
                .build()
                .map_err(built)?,
        ),
        None => {
            let dimensions = members(custom, "Dimensions").map(|of| {
                let dimension = MetricDimension::builder().set_name(text(of, "Name"));
                dimension.set_value(text(of, "Value")).build()
            });
            let statistic = text(custom, "Statistic");
            configuration.customized_metric_specification(
                CustomizedMetricSpecification::builder()
                    .set_metric_name(text(custom, "MetricName"))
                    .set_namespace(text(custom, "Namespace"))
                    .set_statistic(statistic.map(|statistic| statistic.as_str().into()))
                    .set_unit(text(custom, "Unit"))
                    .set_dimensions(Some(dimensions.collect::<Result<_, _>>().map_err(built)?))
                    .build(),
            )
        }
    };
    configuration.build().map(Some).map_err(built)
}
