//! The hook that scales an ECS service to no task, and back to exactly what it was. Its auto scaling, if any, is suspended
//! meanwhile: otherwise it would start tasks again.
//!
//! Sources: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html>,
//! <https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-suspend-resume-scaling.html>,
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html>,
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html>.

use async_trait::async_trait;
use aws_types::SdkConfig;
use serde_json::{Value, json};

use super::driver::{Call, HookDriver, HookProgress, fault, wrong_action};
use crate::aws::codes::ErrorMeaning;
use crate::aws::failure_explained;
use crate::aws::service::{APPLICATION_AUTO_SCALING, CallError, Client, ECS};
use crate::domain::descriptor::{EcsScale, Hook, HookAction};
use crate::error::{Error, Fault, Result};

const DIMENSION: &str = "ecs:service:DesiredCount";

/// Scales services.
pub struct EcsScaleHook {
    ecs: Client,
    scaling: Client,
}

/// What of a service matters here.
struct Counts {
    desired: i64,
    /// Running, and about to.
    present: i64,
    running: i64,
}

impl EcsScaleHook {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            ecs: Client::new(aws, ECS),
            scaling: Client::new(aws, APPLICATION_AUTO_SCALING),
        }
    }

    /// The active service; `None` if there is none.
    async fn service(&self, hook: &Hook) -> Result<Option<Value>> {
        let EcsScale { cluster, service } = scaled(hook)?;
        let input = json!({ "cluster": cluster, "services": [service] });
        match self.ecs.call("DescribeServices", input).await {
            Ok(mut described) => {
                let mut found = described.take_list("services").into_iter();
                Ok(found.find(|service| service["status"] == "ACTIVE"))
            }
            Err(error) if crate::aws::code(&error) == Some("ClusterNotFoundException") => Ok(None),
            Err(error) => Err(refused("describing service", &words(hook)?, error)),
        }
    }

    async fn counts(&self, hook: &Hook) -> Result<Counts> {
        let Some(service) = self.service(hook).await? else {
            return Err(Error::NotFound(format!(
                "scaling service {}: there is no active one. Create it again, or correct the hook",
                words(hook)?
            )));
        };
        let count = |field: &str| service[field].as_i64().unwrap_or(0);
        Ok(Counts {
            desired: count("desiredCount"),
            present: count("runningCount") + count("pendingCount"),
            running: count("runningCount"),
        })
    }

    /// How many tasks that ECS no longer counts as running have not stopped yet: their containers may still write.
    async fn stopping(&self, hook: &Hook) -> Result<usize> {
        let EcsScale { cluster, service } = scaled(hook)?;
        let mut input = json!({ "cluster": cluster, "serviceName": service, "desiredStatus": "STOPPED" });
        let mut stopping = 0;
        loop {
            let listed = self.ecs.call("ListTasks", input.clone()).await;
            let mut listed =
                listed.map_err(|error| refused("listing the tasks of service", &scalable_words(hook), error))?;
            let tasks = listed.take_list("taskArns");
            if !tasks.is_empty() {
                let input = json!({ "cluster": cluster, "tasks": tasks });
                let described = self.ecs.call("DescribeTasks", input).await;
                let mut described = described
                    .map_err(|error| refused("describing the tasks of service", &scalable_words(hook), error))?;
                let tasks = described.take_list("tasks");
                stopping += tasks.iter().filter(|task| task["lastStatus"] != "STOPPED").count();
            }
            match listed.take("nextToken") {
                Value::String(token) if !token.is_empty() => input["nextToken"] = token.into(),
                _ => return Ok(stopping),
            }
        }
    }

    async fn set_desired(&self, hook: &Hook, count: i64) -> Result<()> {
        let EcsScale { cluster, service } = scaled(hook)?;
        let input = json!({ "cluster": cluster, "service": service, "desiredCount": count });
        let updated = self.ecs.call("UpdateService", input).await;
        match updated {
            Ok(_) => Ok(()),
            Err(error) => Err(refused("setting the desired count of service", &words(hook)?, error)),
        }
    }

    /// What of the service's auto scaling is suspended; null if it has no auto scaling.
    async fn suspended(&self, hook: &Hook) -> Result<Value> {
        let input = json!({
            "ServiceNamespace": "ecs", "ResourceIds": [scalable(hook)?], "ScalableDimension": DIMENSION,
        });
        let described = self.scaling.call("DescribeScalableTargets", input).await;
        let mut described = described
            .map_err(|error| refused("describing the auto scaling of service", &scalable_words(hook), error))?;
        let target = described.take_list("ScalableTargets").into_iter().next();
        Ok(target.map_or(Value::Null, |target| suspension(&target["SuspendedState"])))
    }

    async fn suspend(&self, hook: &Hook, state: &Value) -> Result<()> {
        let input = json!({
            "ServiceNamespace": "ecs", "ResourceId": scalable(hook)?, "ScalableDimension": DIMENSION,
            "SuspendedState": state,
        });
        match self.scaling.call("RegisterScalableTarget", input).await {
            Ok(_) => Ok(()),
            Err(error) => Err(refused(
                "suspending or resuming the auto scaling of service",
                &scalable_words(hook),
                error,
            )),
        }
    }
}

#[async_trait]
impl HookDriver for EcsScaleHook {
    async fn check(&self, hook: &Hook) -> Result<Option<Fault>> {
        let Some(service) = self.service(hook).await? else {
            let value = format!("{}, which is not active,", words(hook)?);
            return Ok(Some(fault(
                hook,
                "service",
                value,
                "an active ECS service of this cluster",
            )));
        };
        // ECS refuses a desired count for it.
        let allowed = "a service whose number of tasks can be set: scheduling strategy REPLICA";
        Ok((service["schedulingStrategy"] == "DAEMON").then(|| {
            fault(
                hook,
                "service",
                format!("{}, a DAEMON service,", words(hook).unwrap_or_default()),
                allowed,
            )
        }))
    }

    async fn observe(&self, hook: &Hook) -> Result<Value> {
        let counts = self.counts(hook).await?;
        Ok(json!({ "desired_count": counts.desired, "suspended": self.suspended(hook).await? }))
    }

    async fn act(&self, call: Call<'_>) -> Result<HookProgress> {
        let hook = call.hook;
        if call.before["suspended"].is_object() && self.suspended(hook).await? != all_suspended() {
            self.suspend(hook, &all_suspended()).await?;
        }
        let counts = self.counts(hook).await?;
        if counts.desired != 0 {
            self.set_desired(hook, 0).await?;
            return Ok(HookProgress::InProgress(format!(
                "the tasks of service {} to stop",
                words(hook)?
            )));
        }
        let present = match counts.present {
            0 => self.stopping(hook).await?,
            present => usize::try_from(present).unwrap_or_default(),
        };
        match present {
            0 => Ok(HookProgress::Done),
            present => Ok(HookProgress::InProgress(format!(
                "{present} tasks of service {} to stop",
                words(hook)?
            ))),
        }
    }

    /// The auto scaling is resumed last: until then nothing but this hook sets the count. One that a person has set meanwhile stays.
    async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
        let (hook, before) = (call.hook, call.before);
        let Some(wanted) = before["desired_count"].as_i64() else {
            return Err(Error::NotFound(format!(
                "resuming service {}: how many tasks it had was not recorded",
                words(hook)?
            )));
        };
        let counts = self.counts(hook).await?;
        if counts.desired == 0 && wanted != 0 {
            self.set_desired(hook, wanted).await?;
            return waits_for_tasks(hook, 0, wanted);
        }
        if counts.running < counts.desired {
            return waits_for_tasks(hook, counts.running, counts.desired);
        }
        let suspended = &before["suspended"];
        if suspended.is_object() && self.suspended(hook).await? != *suspended {
            self.suspend(hook, suspended).await?;
        }
        Ok(HookProgress::Done)
    }
}

fn waits_for_tasks(hook: &Hook, running: i64, wanted: i64) -> Result<HookProgress> {
    Ok(HookProgress::InProgress(format!(
        "tasks of service {} to run: {running} of {wanted} do",
        words(hook)?
    )))
}

fn scaled(hook: &Hook) -> Result<&EcsScale> {
    match &hook.action {
        HookAction::EcsScale(scaled) => Ok(scaled),
        _ => Err(wrong_action("ecs_scale", hook)),
    }
}

fn words(hook: &Hook) -> Result<String> {
    let EcsScale { cluster, service } = scaled(hook)?;
    Ok(format!("{service} in cluster {cluster}"))
}

fn scalable(hook: &Hook) -> Result<String> {
    let EcsScale { cluster, service } = scaled(hook)?;
    Ok(format!("service/{cluster}/{service}"))
}

fn scalable_words(hook: &Hook) -> String {
    words(hook).unwrap_or_default()
}

fn all_suspended() -> Value {
    json!({
        "DynamicScalingInSuspended": true, "DynamicScalingOutSuspended": true, "ScheduledScalingSuspended": true,
    })
}

/// All three members, which AWS leaves out if false.
fn suspension(state: &Value) -> Value {
    let is = |member: &str| state[member].as_bool().unwrap_or(false);
    json!({
        "DynamicScalingInSuspended": is("DynamicScalingInSuspended"),
        "DynamicScalingOutSuspended": is("DynamicScalingOutSuspended"),
        "ScheduledScalingSuspended": is("ScheduledScalingSuspended"),
    })
}

/// What a denied call means for this kind of hook.
fn refused(doing: &str, what: &str, error: CallError) -> Error {
    failure_explained(doing, what, error, |meaning| {
        (meaning == ErrorMeaning::AccessDenied)
            .then_some("<cluster>/<service> has to match the stack's parameter EcsServicePattern")
    })
}

#[cfg(test)]
mod tests;
