//! Puts the captured auto scaling of a resource back on its copy, for clusters and tables.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use crate::aws::service::Client;
use crate::aws::{code, failure};
use crate::domain::restore::name_map::NameMap;
use crate::error::{Class, Result};
use crate::kinds::part;

/// One thing to put back on the copy.
#[derive(Debug, Clone, PartialEq)]
pub enum ScalingChange {
    Target(Value),
    Policy(Value),
    Action(Value),
}

impl ScalingChange {
    /// As text, as the object of "putting back".
    pub fn words(&self) -> String {
        match self {
            Self::Target(target) => format!("the scalable target {}", text(target, "ScalableDimension")),
            Self::Policy(policy) => format!("the scaling policy {}", text(policy, "PolicyName")),
            Self::Action(action) => format!("the scheduled action {}", text(action, "ScheduledActionName")),
        }
    }
}

/// The members of each call's input. Something captured counts as present if these agree.
const TARGET: &[&str] = &[
    "ServiceNamespace",
    "ResourceId",
    "ScalableDimension",
    "MinCapacity",
    "MaxCapacity",
    "SuspendedState",
];
const POLICY: &[&str] = &[
    "ServiceNamespace",
    "ResourceId",
    "ScalableDimension",
    "PolicyName",
    "PolicyType",
    "StepScalingPolicyConfiguration",
    "TargetTrackingScalingPolicyConfiguration",
    "PredictiveScalingPolicyConfiguration",
];
const ACTION: &[&str] = &[
    "ServiceNamespace",
    "ResourceId",
    "ScalableDimension",
    "ScheduledActionName",
    "Schedule",
    "Timezone",
    "StartTime",
    "EndTime",
    "ScalableTargetAction",
];

/// The parts of `captured` that the `copy` lacks, with the names of `renaming`. Targets come first: everything else requires them.
pub fn missing(captured: &Value, copy: &Value, renaming: &NameMap) -> Vec<ScalingChange> {
    let mut changes = Vec::new();
    for (list, names, change) in [
        (
            "ScalableTargets",
            TARGET,
            ScalingChange::Target as fn(Value) -> ScalingChange,
        ),
        ("ScalingPolicies", POLICY, ScalingChange::Policy),
        ("ScheduledActions", ACTION, ScalingChange::Action),
    ] {
        let there = part(copy, list).as_array().map_or(&[][..], Vec::as_slice);
        let wanted = part(captured, list).as_array().into_iter().flatten();
        let wanted = wanted.map(|one| renaming.applied(one));
        let lacking = wanted.filter(|wanted| !there.iter().any(|there| agree(wanted, there, names)));
        changes.extend(lacking.map(change));
    }
    changes
}

/// The outcome of putting things back.
#[derive(Debug, Default)]
pub struct RestoredScaling {
    /// How many AWS accepted.
    pub put: usize,
    /// The ones that AWS refuses for good, as text: the comparison reports them too.
    pub refused: Vec<String>,
}

/// Puts back what is missing of the scaling of `what`.
///
/// # Errors
/// The first transient error. What was already put back is not missing in the next attempt.
pub async fn put_back(client: &Client, changes: &[ScalingChange], what: &str) -> Result<RestoredScaling> {
    let mut became = RestoredScaling::default();
    for change in changes {
        match put(client, change).await {
            Ok(()) => {
                tracing::info!(what, "given {}", change.words());
                became.put += 1;
            }
            Err(error) if error.class() == Class::Final => {
                became
                    .refused
                    .push(format!("{} could not be put back: {error}", change.words()));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(became)
}

/// Puts one thing back. Idempotent.
async fn put(client: &Client, change: &ScalingChange) -> Result<()> {
    let (action, request) = match change {
        ScalingChange::Target(target) => {
            let mut request = of(target, TARGET);
            // AWS chooses the role of a service-linked target.
            let role = target["RoleARN"].as_str();
            request["RoleARN"] = json!(role.filter(|role| !role.contains("/aws-service-role/")));
            ("RegisterScalableTarget", request)
        }
        // AWS creates the alarms of target tracking again.
        ScalingChange::Policy(policy) => ("PutScalingPolicy", of(policy, POLICY)),
        ScalingChange::Action(scheduled) => ("PutScheduledAction", of(scheduled, ACTION)),
    };
    let put = client.call(action, request).await;
    put.map(drop)
        .map_err(|error| failure("putting back", &change.words(), error))
}

/// Deregisters a target, with its policies, their alarms and its scheduled actions; already deregistered is success.
pub async fn deregister(client: &Client, target: &Value) -> Result<()> {
    let request = of(target, &["ServiceNamespace", "ResourceId", "ScalableDimension"]);
    match client.call("DeregisterScalableTarget", request).await {
        Ok(_) => Ok(()),
        Err(error) if code(&error) == Some("ObjectNotFoundException") => Ok(()),
        Err(error) => Err(failure(
            "deregistering scalable target",
            text(target, "ResourceId"),
            error,
        )),
    }
}

/// The owner's alarms, which only trigger the policies of the source.
pub fn alarms_to_redirect(captured: &Value) -> Vec<String> {
    let policies = part(captured, "ScalingPolicies").as_array().into_iter().flatten();
    let by_steps = policies.filter(|policy| policy["PolicyType"] == "StepScaling");
    by_steps
        .filter_map(|policy| {
            let alarms = policy["Alarms"].as_array()?.iter();
            let alarms: Vec<_> = alarms.filter_map(|alarm| alarm["AlarmName"].as_str()).collect();
            (!alarms.is_empty()).then(|| {
                format!(
                    "alarms trigger scaling policy {} at the source: {}. Make them, or others, trigger the copy's too",
                    text(policy, "PolicyName"),
                    alarms.join(", ")
                )
            })
        })
        .collect()
}

fn of(described: &Value, names: &[&str]) -> Value {
    let members = names
        .iter()
        .map(|name| ((*name).to_owned(), part(described, name).clone()));
    Value::Object(members.collect::<Map<_, _>>())
}

/// Whether the members `names` are as captured. AWS may describe more than was set.
fn agree(wanted: &Value, there: &Value, names: &[&str]) -> bool {
    names.iter().all(|name| holds(part(wanted, name), part(there, name)))
}

/// Whether `there` contains all of `wanted`; numbers by their value, since 70 may be described as 70.0.
fn holds(wanted: &Value, there: &Value) -> bool {
    match (wanted, there) {
        (Value::Null, _) => true,
        (Value::Object(wanted), Value::Object(_)) => wanted.iter().all(|(name, value)| holds(value, part(there, name))),
        (Value::Array(wanted), Value::Array(there)) => {
            wanted.len() == there.len() && wanted.iter().zip(there).all(|(wanted, there)| holds(wanted, there))
        }
        (Value::Number(wanted), Value::Number(there)) => wanted.as_f64() == there.as_f64(),
        _ => wanted == there,
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    part(value, name).as_str().unwrap_or_default()
}
