//! `ecs_restart`: an ECS service starts its tasks again, with the revision that it has, so that they read what the switches before
//! this one wrote. Switched back after those, it starts them once more.

use async_trait::async_trait;
use aws_config::SdkConfig;
use serde_json::{Value, json};

use super::ecs::named::{NamedService, short};
use super::ecs::rollout::{self, Rollout};
use super::ecs::service::{self, Service};
use super::ecs::strategy;
use super::switch::{SwitchDriver, fault, wrong_action};
use crate::aws::failure;
use crate::aws::lazy::Lazy;
use crate::aws::service::{Client, ECS};
use crate::domain::descriptor::{Switch, SwitchAction};
use crate::domain::duration;
use crate::domain::job::Run;
use crate::domain::reference::Reference;
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::switch_progress::{DEADLINE, DEADLINE_SECONDS, SwitchProgress};
use crate::error::{Error, Fault, Result};

#[cfg(test)]
mod tests;

pub struct EcsRestart {
    ecs: Lazy<Client>,
}

impl EcsRestart {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            ecs: Lazy::new(aws, |aws| Client::new(aws, ECS)),
        }
    }

    /// Starts the service's tasks again, or looks at the deployment that a call before this one noted. If its response was lost,
    /// another deployment replaces that one: both start tasks with the same revision.
    async fn advance(&self, named: NamedService<'_>, service: &Service, noted: &Value) -> Result<SwitchProgress> {
        if service.desired_count == 0 {
            tracing::info!(service = %named.words(), "has no tasks to start again");
            return Ok(SwitchProgress::Done(json!({ "desired_count": 0 })));
        }
        match noted["deployment"].as_str() {
            None => self.start(named, service).await,
            Some(ours) => Ok(progress(named, service, ours, noted)),
        }
    }

    /// Source: `forceNewDeployment` in
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html>: it starts a deployment without a change
    /// of the service's definition.
    async fn start(&self, named: NamedService<'_>, before: &Service) -> Result<SwitchProgress> {
        let input = json!({ "cluster": named.cluster, "service": named.service, "forceNewDeployment": true });
        let updated = self.ecs.call("UpdateService", input).await;
        let mut updated = updated.map_err(|error| failure("restarting service", &named.words(), error))?;
        let unreadable = |why: String| {
            Error::JobFailed(format!(
                "restarting service {}: AWS's answer cannot be read: {why}. See its deployments in the ECS console",
                named.words()
            ))
        };
        let started = Service::of(updated.body["service"].take()).map_err(|error| unreadable(error.to_string()))?;
        let Some(ours) = started.primary().filter(|primary| !primary.id.is_empty()) else {
            return Err(unreadable("it has no primary deployment".to_owned()));
        };
        Ok(SwitchProgress::Underway {
            phase: format!("service {} starts its tasks again", named.words()),
            noted: json!({ "deployment": ours.id, "replaces": before.primary().map(|primary| &primary.id) }),
        })
    }
}

/// The progress of the deployment that this restore started, whatever others do.
fn progress(named: NamedService<'_>, service: &Service, ours: &str, noted: &Value) -> SwitchProgress {
    let failed = |why: String| {
        SwitchProgress::Failed(format!(
            "service {} could not be restarted: {why}.{} Check in ECS why its tasks stopped, and what they read at their start",
            named.words(),
            rollout::said(service)
        ))
    };
    let underway = |phase: String| SwitchProgress::Underway {
        phase,
        noted: noted.clone(),
    };
    let primary = service.primary().map(|primary| primary.id.as_str()).unwrap_or_default();
    if primary != ours {
        // ECS may still describe the service as it was before.
        let is_shown = service.deployments.iter().any(|deployment| deployment.id == ours);
        if !is_shown && noted["replaces"] == primary {
            return underway(format!(
                "deployment {ours} of service {} is not shown yet",
                named.words()
            ));
        }
        return failed(format!(
            "deployment {primary} has replaced its deployment {ours}; either ECS rolled back, or somebody deployed meanwhile"
        ));
    }
    match rollout::of(service) {
        Rollout::Stable => SwitchProgress::Done(json!({ "deployment": ours })),
        Rollout::Underway(phase) => underway(phase),
        Rollout::Failed(reason) => failed(reason),
    }
}

/// Waits for what somebody else deploys: a deployment that starts meanwhile would replace it.
fn ensure_idle(named: NamedService<'_>, service: &Service) -> Result<()> {
    if service.desired_count == 0 || !service.is_deploying() {
        return Ok(());
    }
    Err(Error::NotReady(format!(
        "restarting service {}: another deployment of it is in progress. Wait until that has ended, or stop it; if its tasks cannot \
         start, set its desired count to 0, which leaves nothing to restart",
        named.words()
    )))
}

#[async_trait]
impl SwitchDriver for EcsRestart {
    async fn preflight(&self, _: &Run, switch: &Switch, _: &RestoreItem) -> Result<Vec<Fault>> {
        let named = of(switch)?;
        let found = service::find(&self.ecs, named).await?;
        let Some(service) = found.filter(|found| found.status == "ACTIVE") else {
            let allowed = "an active service of a cluster in this account and Region";
            return Ok(vec![fault(switch, "service", named.words(), allowed)]);
        };
        let foreign = service.foreign_controller().map(|(controller, _)| {
            let value = format!("{}, of deployment controller {controller}", named.words());
            let allowed =
                "a service of deployment controller ECS, or no switch: restart the tasks by hand after the cut-over";
            fault(switch, "service", value, allowed)
        });
        Ok(foreign.into_iter().collect())
    }

    async fn remarks(&self, switch: &Switch, _: &RestoreItem) -> Result<Vec<String>> {
        let named = of(switch)?;
        let Some(service) = service::find(&self.ecs, named).await? else {
            return Ok(Vec::new());
        };
        let of_service = format!("switch {}: service {}", switch.name, named.words());
        if service.desired_count == 0 {
            return Ok(vec![format!(
                "{of_service} has a desired count of 0: nothing is restarted if that is so at the cut-over"
            )]);
        }
        let mut remarks = Vec::new();
        if service.is_deploying() {
            remarks.push(format!(
                "{of_service} is being deployed now: the cut-over waits while it is, before it switches anything"
            ));
        }
        let waits = strategy::seconds(&service.deployment_configuration);
        if waits > 0 {
            remarks.push(format!(
                "{of_service} deploys by strategy {}, which waits {} in addition to the time that its tasks take to start, and as \
                 long again after switching back",
                service.deployment_configuration["strategy"].as_str().unwrap_or_default(),
                duration::friendly(waits)
            ));
        }
        Ok(remarks)
    }

    /// It has no value of its own.
    async fn reference(&self, _: &Switch, _: &Target) -> Result<Reference> {
        Ok(Reference::Unrelated)
    }

    async fn ready(&self, _: &Run, switch: &Switch, _: &RestoreItem) -> Result<()> {
        let named = of(switch)?;
        ensure_idle(named, &service::active(&self.ecs, named, "restarting").await?)
    }

    async fn observe(&self, _: &Run, switch: &Switch, _: &RestoreItem) -> Result<Value> {
        let named = of(switch)?;
        let service = service::active(&self.ecs, named, "restarting").await?;
        ensure_idle(named, &service)?;
        let mut before = json!({
            "task_definition": service.task_definition,
            "deployment": service.primary().map(|primary| &primary.id),
        });
        let waits = strategy::seconds(&service.deployment_configuration);
        if waits > 0 {
            before[DEADLINE] = json!(DEADLINE_SECONDS + waits);
        }
        Ok(before)
    }

    async fn apply(
        &self,
        _: &Run,
        switch: &Switch,
        _: &RestoreItem,
        before: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress> {
        let named = of(switch)?;
        let service = service::active(&self.ecs, named, "restarting").await?;
        if before["task_definition"] != service.task_definition {
            return Err(Error::Conflict(format!(
                "restarting service {}: somebody deployed {} meanwhile. It stays as it is: see who deploys, then cut over again \
                 with a new restore",
                named.words(),
                short(&service.task_definition)
            )));
        }
        self.advance(named, &service, noted).await
    }

    /// Whoever deployed since: its tasks may have read what was switched back.
    async fn revert(
        &self,
        _: &Run,
        switch: &Switch,
        _: &RestoreItem,
        _: &Value,
        _: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress> {
        let named = of(switch)?;
        let service = service::active(&self.ecs, named, "restarting").await?;
        self.advance(named, &service, noted).await
    }
}

fn of(switch: &Switch) -> Result<NamedService<'_>> {
    match &switch.action {
        SwitchAction::EcsRestart { cluster, service } => Ok(NamedService {
            cluster,
            service,
            volume: None,
        }),
        _ => Err(wrong_action("ecs_restart", switch)),
    }
}
