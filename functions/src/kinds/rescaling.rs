//! Putting back what Application Auto Scaling did to a resource, from what it described.

use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::types::{
    MetricType, PolicyType, PredefinedMetricSpecification, ScalableDimension, ServiceNamespace, SuspendedState,
    TargetTrackingScalingPolicyConfiguration,
};
use serde_json::Value;

use crate::aws::{code, failure};
use crate::error::{Error, Result};

/// Registers a target as it was described. The role of a service-linked target is AWS's to choose.
pub async fn register(client: &Client, target: &Value) -> Result<()> {
    let id = text(target, "ResourceId");
    let role = target["RoleARN"]
        .as_str()
        .filter(|role| !role.contains("/aws-service-role/"));
    client
        .register_scalable_target()
        .service_namespace(ServiceNamespace::from(text(target, "ServiceNamespace")))
        .resource_id(id)
        .scalable_dimension(ScalableDimension::from(text(target, "ScalableDimension")))
        .set_min_capacity(number(target, "MinCapacity"))
        .set_max_capacity(number(target, "MaxCapacity"))
        .set_role_arn(role.map(str::to_owned))
        .set_suspended_state(suspended(&target["SuspendedState"]))
        .send()
        .await
        .map(|_| ())
        .map_err(|error| failure("registering scalable target", id, error))
}

/// Puts a policy as it was described; AWS makes its alarms anew.
///
/// # Errors
/// `JobFailed` for what is no target tracking of a predefined metric: it cannot be told from its description alone.
pub async fn put_policy(client: &Client, policy: &Value) -> Result<()> {
    let (id, name) = (text(policy, "ResourceId"), text(policy, "PolicyName"));
    let configuration = tracking(&policy["TargetTrackingScalingPolicyConfiguration"]).ok_or_else(|| {
        Error::JobFailed(format!(
            "putting scaling policy {name} of {id}: it does not track a predefined metric, so it has to be put by hand"
        ))
    })?;
    client
        .put_scaling_policy()
        .policy_name(name)
        .service_namespace(ServiceNamespace::from(text(policy, "ServiceNamespace")))
        .resource_id(id)
        .scalable_dimension(ScalableDimension::from(text(policy, "ScalableDimension")))
        .policy_type(PolicyType::TargetTrackingScaling)
        .target_tracking_scaling_policy_configuration(configuration)
        .send()
        .await
        .map(|_| ())
        .map_err(|error| failure("putting scaling policy", name, error))
}

/// Takes a target away, with its policies and their alarms; already gone is success.
pub async fn deregister(client: &Client, target: &Value) -> Result<()> {
    let id = text(target, "ResourceId");
    let deregistered = client
        .deregister_scalable_target()
        .service_namespace(ServiceNamespace::from(text(target, "ServiceNamespace")))
        .resource_id(id)
        .scalable_dimension(ScalableDimension::from(text(target, "ScalableDimension")))
        .send()
        .await;
    match deregistered {
        Ok(_) => Ok(()),
        Err(error) if code(&error) == Some("ObjectNotFoundException") => Ok(()),
        Err(error) => Err(failure("deregistering scalable target", id, error)),
    }
}

fn tracking(configuration: &Value) -> Option<TargetTrackingScalingPolicyConfiguration> {
    let metric = &configuration["PredefinedMetricSpecification"];
    let metric = PredefinedMetricSpecification::builder()
        .predefined_metric_type(MetricType::from(metric["PredefinedMetricType"].as_str()?))
        .set_resource_label(metric["ResourceLabel"].as_str().map(str::to_owned))
        .build();
    TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(configuration["TargetValue"].as_f64()?)
        .predefined_metric_specification(metric.ok()?)
        .set_scale_in_cooldown(number(configuration, "ScaleInCooldown"))
        .set_scale_out_cooldown(number(configuration, "ScaleOutCooldown"))
        .set_disable_scale_in(configuration["DisableScaleIn"].as_bool())
        .build()
        .ok()
}

fn suspended(state: &Value) -> Option<SuspendedState> {
    state.as_object()?;
    Some(
        SuspendedState::builder()
            .set_dynamic_scaling_in_suspended(state["DynamicScalingInSuspended"].as_bool())
            .set_dynamic_scaling_out_suspended(state["DynamicScalingOutSuspended"].as_bool())
            .set_scheduled_scaling_suspended(state["ScheduledScalingSuspended"].as_bool())
            .build(),
    )
}

fn number(value: &Value, name: &str) -> Option<i32> {
    value[name].as_f64().map(|number| number as i32)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
