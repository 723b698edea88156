//! Application Auto Scaling, as far as the settings of a DynamoDB table, an Aurora cluster and an ECS service need it: targets, policies and
//! scheduled actions that are stored.

mod request;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Value, json};

use self::request::{Key, Refused, invalid, key, no_target, page, same, text};
use crate::clock::epoch_seconds;
use crate::rest::without_nulls;
use crate::service::{Answer, BoxedFuture, Call, Protocol, Service};
use crate::world::World;

/// The Application Auto Scaling service.
pub struct Autoscaling {
    world: Arc<World>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    targets: BTreeMap<Key, Value>,
    policies: BTreeMap<(Key, String), Value>,
    scheduled: BTreeMap<(Key, String), Value>,
}

impl Autoscaling {
    /// The service without any target.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self {
            world,
            state: Mutex::default(),
        }
    }

    fn reply(&self, call: &Call) -> Option<Result<Value, Refused>> {
        let Some(request) = call.json().ok().filter(Value::is_object) else {
            return Some(Err(invalid("the body is not a JSON object")));
        };
        Some(match call.action.as_str() {
            "RegisterScalableTarget" => self.register(&request),
            "DeregisterScalableTarget" => self.deregister(&request),
            "DescribeScalableTargets" => self.describe_targets(&request),
            "PutScalingPolicy" => self.put_policy(&request),
            "DeleteScalingPolicy" => self.delete_policy(&request),
            "DescribeScalingPolicies" => self.describe_policies(&request),
            "PutScheduledAction" => self.put_scheduled(&request),
            "DeleteScheduledAction" => self.delete_scheduled(&request),
            "DescribeScheduledActions" => self.describe_scheduled(&request),
            _ => return None,
        })
    }

    fn register(&self, request: &Value) -> Result<Value, Refused> {
        let key = key(request)?;
        let id = format!("{}/{}/{}", key.0, key.1, key.2);
        let arn = self.world.arn(
            "application-autoscaling",
            &format!("scalable-target/{}", fingerprint(&id)),
        );
        let mut state = self.state();
        let earlier = state.targets.get(&key).cloned().unwrap_or_default();
        let capacity = |name: &str| {
            let given = request[name].as_i64().or(earlier[name].as_i64());
            given.ok_or_else(|| invalid(format!("{name} is missing for a new target")))
        };
        let (min, max) = (capacity("MinCapacity")?, capacity("MaxCapacity")?);
        if min > max || min < 0 {
            return Err(invalid("MinCapacity must be from 0 to MaxCapacity"));
        }
        let suffix = match key.0.as_str() {
            "rds" => "RDSCluster",
            "ecs" => "ECSService",
            _ => "DynamoDBTable",
        };
        let role = format!(
            "aws-service-role/{}.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_{suffix}",
            key.0
        );
        let default_role = format!("arn:aws:iam::{}:role/{role}", self.world.account);
        let target = json!({
            "ServiceNamespace": key.0,
            "ResourceId": key.1,
            "ScalableDimension": key.2,
            "MinCapacity": min,
            "MaxCapacity": max,
            "RoleARN": request["RoleARN"].as_str().unwrap_or(&default_role),
            "CreationTime": earlier["CreationTime"].as_f64().unwrap_or(epoch_seconds(self.now())),
            "SuspendedState": suspended(&request["SuspendedState"], &earlier["SuspendedState"]),
            "ScalableTargetARN": arn,
        });
        state.targets.insert(key, without_nulls(target));
        Ok(json!({"ScalableTargetARN": arn}))
    }

    fn deregister(&self, request: &Value) -> Result<Value, Refused> {
        let key = key(request)?;
        let mut state = self.state();
        state.targets.remove(&key).ok_or_else(|| no_target(&key))?;
        state.policies.retain(|(owner, _), _| *owner != key);
        state.scheduled.retain(|(owner, _), _| *owner != key);
        Ok(json!({}))
    }

    fn describe_targets(&self, request: &Value) -> Result<Value, Refused> {
        let namespace = text(request, "ServiceNamespace")?;
        let resources = request["ResourceIds"].as_array();
        let state = self.state();
        let wanted = |target: &&Value| {
            target["ServiceNamespace"] == namespace.as_str()
                && resources.is_none_or(|ids| ids.contains(&target["ResourceId"]))
                && same(request, target, "ScalableDimension")
        };
        let targets: Vec<&Value> = state.targets.values().filter(wanted).collect();
        Ok(page(request, "ScalableTargets", &targets))
    }

    fn put_policy(&self, request: &Value) -> Result<Value, Refused> {
        let key = key(request)?;
        let name = text(request, "PolicyName")?;
        let mut state = self.state();
        if !state.targets.contains_key(&key) {
            return Err(no_target(&key));
        }
        let full = (key.clone(), name.clone());
        let earlier = state.policies.remove(&full).unwrap_or(Value::Null);
        let path = format!(
            "scalingPolicy:{}:resource/{}/{}:policyName/{name}",
            crate::ids::uuid(),
            key.0,
            key.1
        );
        let arn = earlier["PolicyARN"].as_str().map(str::to_owned);
        let arn = arn.unwrap_or_else(|| self.world.arn("autoscaling", &path));
        let kind = request["PolicyType"].as_str().or(earlier["PolicyType"].as_str());
        let policy = json!({
            "PolicyARN": arn,
            "PolicyName": name,
            "ServiceNamespace": key.0,
            "ResourceId": key.1,
            "ScalableDimension": key.2,
            "PolicyType": kind.unwrap_or("StepScaling"),
            "StepScalingPolicyConfiguration": request["StepScalingPolicyConfiguration"],
            "PredictiveScalingPolicyConfiguration": request["PredictiveScalingPolicyConfiguration"],
            "TargetTrackingScalingPolicyConfiguration": request["TargetTrackingScalingPolicyConfiguration"],
            "Alarms": [],
            "CreationTime": earlier["CreationTime"].as_f64().unwrap_or(epoch_seconds(self.now())),
        });
        state.policies.insert(full, without_nulls(policy));
        Ok(json!({"PolicyARN": arn, "Alarms": []}))
    }

    fn delete_policy(&self, request: &Value) -> Result<Value, Refused> {
        let full = (key(request)?, text(request, "PolicyName")?);
        let missing = || {
            (
                "ObjectNotFoundException",
                format!("No scaling policy found: {}", full.1),
            )
        };
        self.state().policies.remove(&full).ok_or_else(missing)?;
        Ok(json!({}))
    }

    fn describe_policies(&self, request: &Value) -> Result<Value, Refused> {
        let namespace = text(request, "ServiceNamespace")?;
        let names = request["PolicyNames"].as_array();
        let state = self.state();
        let wanted = |policy: &&Value| {
            policy["ServiceNamespace"] == namespace.as_str()
                && names.is_none_or(|names| names.contains(&policy["PolicyName"]))
                && same(request, policy, "ResourceId")
                && same(request, policy, "ScalableDimension")
        };
        let policies: Vec<&Value> = state.policies.values().filter(wanted).collect();
        Ok(page(request, "ScalingPolicies", &policies))
    }

    /// A new action needs a schedule and capacities; an existing one keeps what is not given, except its start and end.
    fn put_scheduled(&self, request: &Value) -> Result<Value, Refused> {
        let key = key(request)?;
        let name = text(request, "ScheduledActionName")?;
        let mut state = self.state();
        if !state.targets.contains_key(&key) {
            return Err(no_target(&key));
        }
        let full = (key.clone(), name.clone());
        let earlier = state.scheduled.get(&full).cloned().unwrap_or_default();
        let kept = |name: &str| {
            if request[name].is_null() {
                &earlier[name]
            } else {
                &request[name]
            }
            .clone()
        };
        let (schedule, change) = (kept("Schedule"), kept("ScalableTargetAction"));
        let known = ["at(", "rate(", "cron("];
        let is_schedule = |text: &str| text.ends_with(')') && known.iter().any(|form| text.starts_with(form));
        if !schedule.as_str().is_some_and(is_schedule) {
            return Err(invalid("Schedule has to be an at, rate or cron expression"));
        }
        if change["MinCapacity"].is_null() && change["MaxCapacity"].is_null() {
            return Err(invalid("ScalableTargetAction has to have MinCapacity or MaxCapacity"));
        }
        let path = format!(
            "scheduledAction:{}:resource/{}/{}:scheduledActionName/{name}",
            crate::ids::uuid(),
            key.0,
            key.1
        );
        let arn = earlier["ScheduledActionARN"].as_str().map(str::to_owned);
        let action = json!({
            "ScheduledActionName": name,
            "ScheduledActionARN": arn.unwrap_or_else(|| self.world.arn("autoscaling", &path)),
            "ServiceNamespace": key.0,
            "Schedule": schedule,
            "Timezone": kept("Timezone"),
            "ResourceId": key.1,
            "ScalableDimension": key.2,
            "StartTime": request["StartTime"],
            "EndTime": request["EndTime"],
            "ScalableTargetAction": change,
            "CreationTime": earlier["CreationTime"].as_f64().unwrap_or(epoch_seconds(self.now())),
        });
        state.scheduled.insert(full, without_nulls(action));
        Ok(json!({}))
    }

    fn delete_scheduled(&self, request: &Value) -> Result<Value, Refused> {
        let full = (key(request)?, text(request, "ScheduledActionName")?);
        let missing = || {
            (
                "ObjectNotFoundException",
                format!("No scheduled action found: {}", full.1),
            )
        };
        self.state().scheduled.remove(&full).ok_or_else(missing)?;
        Ok(json!({}))
    }

    fn describe_scheduled(&self, request: &Value) -> Result<Value, Refused> {
        let namespace = text(request, "ServiceNamespace")?;
        let names = request["ScheduledActionNames"].as_array();
        let state = self.state();
        let wanted = |action: &&Value| {
            action["ServiceNamespace"] == namespace.as_str()
                && names.is_none_or(|names| names.contains(&action["ScheduledActionName"]))
                && same(request, action, "ResourceId")
                && same(request, action, "ScalableDimension")
        };
        let actions: Vec<&Value> = state.scheduled.values().filter(wanted).collect();
        Ok(page(request, "ScheduledActions", &actions))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn now(&self) -> Timestamp {
        self.world.clock.now()
    }
}

impl Service for Autoscaling {
    fn answer<'a>(&'a self, call: &'a Call) -> BoxedFuture<'a, Option<Answer>> {
        Box::pin(async move {
            if call.service != "application-autoscaling" {
                return None;
            }
            Some(match self.reply(call)? {
                Ok(value) => Answer {
                    content_type: "application/x-amz-json-1.1".to_owned(),
                    ..Answer::json(&value)
                },
                Err((code, message)) => Answer::error(Protocol::Json, 400, code, &message),
            })
        })
    }
}

/// What is not given is unchanged, and not suspended at first. AWS describes all three.
fn suspended(given: &Value, earlier: &Value) -> Value {
    let of = |name: &str| given[name].as_bool().or(earlier[name].as_bool()).unwrap_or(false);
    let names = [
        "DynamicScalingInSuspended",
        "DynamicScalingOutSuspended",
        "ScheduledScalingSuspended",
    ];
    names
        .iter()
        .map(|name| ((*name).to_owned(), of(name).into()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// A stable hash of a text, as twelve hexadecimal digits.
fn fingerprint(text: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(text.as_bytes())
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
