//! Puts the captured auto scaling of a resource back on its copy, for clusters and for tables alike.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use crate::aws::service::Client;
use crate::aws::{code, failure};
use crate::domain::restore::name_map::NameMap;
use crate::error::{Class, Result};
use crate::kinds::part;

/// One thing to put back, about the copy.
#[derive(Debug, Clone, PartialEq)]
pub enum ScalingChange {
    Target(Value),
    Policy(Value),
    Action(Value),
}

impl ScalingChange {
    /// In words, as the object of "putting back".
    pub fn words(&self) -> String {
        match self {
            Self::Target(target) => format!("the scalable target {}", text(target, "ScalableDimension")),
            Self::Policy(policy) => format!("the scaling policy {}", text(policy, "PolicyName")),
            Self::Action(action) => format!("the scheduled action {}", text(action, "ScheduledActionName")),
        }
    }
}

/// What each call takes of what is described. It has to agree for what was captured to be there.
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

/// What of `captured` is not at the `copy`, about which `renaming` makes it speak. Targets come first: nothing else is put
/// without.
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

/// What became of putting things back.
#[derive(Debug, Default)]
pub struct RestoredScaling {
    /// How many AWS took.
    pub put: usize,
    /// In words, those that AWS refuses for good: the comparison names them again.
    pub refused: Vec<String>,
}

/// Puts back what is missing of the scaling of `what`.
///
/// # Errors
/// The first that may pass by itself. What was put by then is not missing in the next try.
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

/// Puts one thing back. Putting it again changes nothing.
async fn put(client: &Client, change: &ScalingChange) -> Result<()> {
    let (action, request) = match change {
        ScalingChange::Target(target) => {
            let mut request = of(target, TARGET);
            // The role of a service-linked target is AWS's to choose.
            let role = target["RoleARN"].as_str();
            request["RoleARN"] = json!(role.filter(|role| !role.contains("/aws-service-role/")));
            ("RegisterScalableTarget", request)
        }
        // AWS makes the alarms of target tracking anew.
        ScalingChange::Policy(policy) => ("PutScalingPolicy", of(policy, POLICY)),
        ScalingChange::Action(scheduled) => ("PutScheduledAction", of(scheduled, ACTION)),
    };
    let put = client.call(action, request).await;
    put.map(drop)
        .map_err(|error| failure("putting back", &change.words(), error))
}

/// Takes a target away, with its policies, their alarms and its scheduled actions; already gone is success.
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

/// Alarms that are somebody's own, and set off only the policies of the source.
pub fn alarms_to_redirect(captured: &Value) -> Vec<String> {
    let policies = part(captured, "ScalingPolicies").as_array().into_iter().flatten();
    let by_steps = policies.filter(|policy| policy["PolicyType"] == "StepScaling");
    by_steps
        .filter_map(|policy| {
            let alarms = policy["Alarms"].as_array()?.iter();
            let alarms: Vec<_> = alarms.filter_map(|alarm| alarm["AlarmName"].as_str()).collect();
            (!alarms.is_empty()).then(|| {
                format!(
                    "alarms set off scaling policy {} at the source: {}. Have them, or others, set off the copy's too",
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

/// Whether what was captured of `names` is there. AWS may describe more than it was told.
fn agree(wanted: &Value, there: &Value, names: &[&str]) -> bool {
    names.iter().all(|name| holds(part(wanted, name), part(there, name)))
}

/// Whether `there` has all of `wanted`; numbers by their value, since 70 may come back as 70.0.
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
