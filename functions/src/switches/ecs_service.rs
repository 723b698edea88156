//! `ecs_service`: an ECS service gets a new revision of its task definition that mounts the copy of a file system, or gets the
//! master secret of the copy of a cluster. The old revision is kept, and so is the new one when it is switched back.

use async_trait::async_trait;
use aws_config::SdkConfig;
use serde_json::{Value, json};

use super::directories::Directories;
use super::ecs::named::{NamedService, short};
use super::ecs::rollout::{self, Rollout};
use super::ecs::{service, strategy};
use super::facts::{self, Facts};
use super::references::ReferenceReader;
use super::switch::{SwitchDriver, fault, wrong_action};
use crate::aws::lazy::Lazy;
use crate::aws::service::{Client, ECS};
use crate::domain::descriptor::{Fact, Switch, SwitchAction};
use crate::domain::duration;
use crate::domain::efs_access::roots::Mount;
use crate::domain::job::Run;
use crate::domain::kinds::{self, Stateful};
use crate::domain::reference::{self, Reference};
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::switch_progress::{DEADLINE, DEADLINE_SECONDS, SwitchProgress};
use crate::error::{Error, Fault, Result};

mod content;
mod deployment;
mod revision;
mod secrets;
#[cfg(test)]
mod tests;
mod volumes;

use self::deployment::{recorded, revision_in, underway};
use self::revision::{Revisions, RunningRevision, is_of_cluster};

pub struct EcsService {
    ecs: Lazy<Client>,
    directories: Directories,
    facts: Facts,
    places: ReferenceReader,
}

impl EcsService {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            ecs: Lazy::new(aws, |aws| Client::new(aws, ECS)),
            directories: Directories::from_config(aws),
            facts: Facts::from_config(aws),
            places: ReferenceReader::from_config(aws),
        }
    }

    fn revisions(&self) -> Revisions<'_> {
        Revisions {
            ecs: &self.ecs,
            directories: &self.directories,
            facts: &self.facts,
        }
    }

    /// What the cluster secrets of the containers refer to: one of them has to be this cluster's.
    async fn secret_reference(
        &self,
        named: &NamedService<'_>,
        target: &Target,
        definition: &Value,
    ) -> Result<Reference> {
        let mut references = Vec::new();
        for secret in secrets::managed(definition) {
            references.push(self.places.reference(Fact::MasterSecret, secret, target).await?);
        }
        Ok(match references.is_empty() {
            _ if references.contains(&Reference::Matches) => Reference::Matches,
            true => Reference::Unknown(format!(
                "no container of service {} gets a cluster's master secret",
                named.words()
            )),
            false => reference::combine(references),
        })
    }

    /// Deploys the previous revision. If it was deregistered meanwhile, ECS does not deploy it, though services continue to run it:
    /// it is registered again.
    async fn roll_back(
        &self,
        named: NamedService<'_>,
        run: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &str,
    ) -> Result<SwitchProgress> {
        let refused = match deployment::start(&self.ecs, named, before).await? {
            Ok(deploying) => return Ok(deploying),
            Err(refused) => refused,
        };
        match self.revisions().registered_again(run, switch, item, before).await? {
            Some(again) => deployment::start(&self.ecs, named, &again).await?,
            None => Err(refused),
        }
    }
}

#[async_trait]
impl SwitchDriver for EcsService {
    async fn preflight(&self, _: &Run, switch: &Switch, item: &RestoreItem) -> Result<Vec<Fault>> {
        let named = of(switch)?;
        let one = |value: String, allowed: &str| Ok(vec![fault(switch, "service", value, allowed)]);
        let Some(service) = service::find(&self.ecs, named)
            .await?
            .filter(|found| found.status == "ACTIVE")
        else {
            return one(
                named.words(),
                "an active service of a cluster in this account and Region",
            );
        };
        if let Some((controller, by_hand)) = service.foreign_controller() {
            return one(
                format!("{}, of deployment controller {controller}", named.words()),
                &format!("a service of deployment controller ECS, or no switch: {by_hand}"),
            );
        }
        let described = self.revisions().describe(&service.task_definition).await?;
        if is_of_cluster(&item.planned.resource.target) {
            let mut faults = secrets::check(switch, &named, item, &described.definition);
            faults.extend(facts::check(switch, "resource", Fact::MasterSecret, item));
            return Ok(faults);
        }
        Ok(volumes::check(switch, &named, item, &described.definition))
    }

    async fn remarks(&self, switch: &Switch, _: &RestoreItem) -> Result<Vec<String>> {
        let named = of(switch)?;
        let Some(service) = service::find(&self.ecs, named).await? else {
            return Ok(Vec::new());
        };
        let waits = strategy::seconds(&service.deployment_configuration);
        Ok((waits > 0)
            .then(|| {
                format!(
                    "switch {}: service {} deploys by strategy {}, which waits {} in addition to the time that its tasks take \
                     to start, and as long again to switch back; until then both revisions run",
                    switch.name,
                    named.words(),
                    service.deployment_configuration["strategy"].as_str().unwrap_or_default(),
                    duration::friendly(waits)
                )
            })
            .into_iter()
            .collect())
    }

    async fn reference(&self, switch: &Switch, target: &Target) -> Result<Reference> {
        let named = of(switch)?;
        let Some(service) = service::find(&self.ecs, named)
            .await?
            .filter(|found| found.status == "ACTIVE")
        else {
            return Ok(Reference::Unknown(format!(
                "there is no active service {}",
                named.words()
            )));
        };
        let described = self.revisions().describe(&service.task_definition).await?;
        let is_mounted = kinds::stateful(target).is_some_and(Stateful::is_mounted);
        match is_of_cluster(target) {
            true => self.secret_reference(&named, target, &described.definition).await,
            false if !is_mounted => Ok(Reference::Unrelated),
            false => Ok(volumes::volume_reference(
                &named,
                target.identifier(),
                &described.definition,
            )),
        }
    }

    async fn mounts(&self, switch: &Switch, file_system: &str) -> Result<Vec<Mount>> {
        let named = of(switch)?;
        let service = service::active(&self.ecs, named, "looking at").await?;
        let described = self.revisions().describe(&service.task_definition).await?;
        let mounting = volumes::mounting(&named, file_system, &described.definition);
        Ok(mounting
            .map(|mounting| Mount {
                switch: switch.name.clone(),
                by: format!("service {}", named.words()),
                volume: mounting.volume.to_owned(),
                root: mounting.access_point.is_none().then(|| mounting.root.to_owned()),
                access_point: mounting.access_point.map(str::to_owned),
            })
            .collect())
    }

    async fn ready(&self, _: &Run, switch: &Switch, item: &RestoreItem) -> Result<()> {
        let named = of(switch)?;
        let service = service::active(&self.ecs, named, "switching").await?;
        let described = self.revisions().describe(&service.task_definition).await?;
        self.revisions()
            .redirect_part(switch, &named, item, &described.definition)
            .await
            .map(drop)
    }

    async fn observe(&self, _: &Run, switch: &Switch, _: &RestoreItem) -> Result<Value> {
        let service = service::active(&self.ecs, of(switch)?, "switching").await?;
        let mut before = recorded(&service.task_definition);
        let waits = strategy::seconds(&service.deployment_configuration);
        if waits > 0 {
            before[DEADLINE] = json!(DEADLINE_SECONDS + waits);
        }
        Ok(before)
    }

    async fn apply(
        &self,
        run: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress> {
        let named = of(switch)?;
        let before = revision_in(before).unwrap_or_default();
        let service = service::active(&self.ecs, named, "switching").await?;
        let current = service.task_definition.as_str();
        if current == before {
            if let Some(asked) = revision_in(noted) {
                return Ok(SwitchProgress::Failed(rollout::rolled_back(
                    &named.words(),
                    short(asked),
                    &service,
                )));
            }
            let ours = self
                .revisions()
                .ensure_revision(run, switch, &named, item, before)
                .await?;
            if ours == before {
                return Ok(SwitchProgress::Done(recorded(before)));
            }
            return deployment::start(&self.ecs, named, &ours).await?;
        }
        let noted = revision_in(noted) == Some(current);
        if !noted
            && !self
                .revisions()
                .is_registered_by(current, switch, &named, item, before)
                .await?
        {
            return Err(Error::Conflict(format!(
                "switching service {}: somebody deployed {} meanwhile. It stays as it is: see who deploys, then cut over \
                 again with a new restore, or deploy the volumes by hand",
                named.words(),
                short(current)
            )));
        }
        Ok(match rollout::of(&service) {
            Rollout::Stable => SwitchProgress::Done(recorded(current)),
            Rollout::Underway(phase) => underway(phase, current),
            Rollout::Failed(reason) => SwitchProgress::Failed(format!(
                "service {} could not be deployed with {}: {reason}. Check the service's events, and that the directory exists \
                 and can be mounted",
                named.words(),
                short(current)
            )),
        })
    }

    async fn revert(
        &self,
        run: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        after: &Value,
        _: &Value,
    ) -> Result<SwitchProgress> {
        let named = of(switch)?;
        let before = revision_in(before).unwrap_or_default();
        let service = service::active(&self.ecs, named, "switching").await?;
        let current = service.task_definition.as_str();
        let left = match revision_in(after) {
            _ if current == before => RunningRevision::Before,
            Some(after) if current == after => RunningRevision::Ours,
            after => {
                self.revisions()
                    .running_revision(current, before, after, switch, item)
                    .await?
            }
        };
        match left {
            RunningRevision::Before => Ok(match rollout::of(&service) {
                Rollout::Stable => SwitchProgress::Done(recorded(current)),
                Rollout::Underway(phase) => underway(phase, current),
                Rollout::Failed(reason) => SwitchProgress::Failed(format!(
                    "service {} could not be deployed with {} again: {reason}. Check the service's events, and deploy a \
                     revision that starts",
                    named.words(),
                    short(current)
                )),
            }),
            RunningRevision::Ours => self.roll_back(named, run, switch, item, before).await,
            RunningRevision::Theirs => Err(Error::Conflict(format!(
                "switching service {} back: somebody deployed {} since, which differs from what this restore deployed. It \
                 stays as it is: if a later restore did, switch that one back first; else deploy {} if that is what should run",
                named.words(),
                short(current),
                short(before)
            ))),
        }
    }
}

fn of(switch: &Switch) -> Result<NamedService<'_>> {
    match &switch.action {
        SwitchAction::EcsService {
            cluster,
            service,
            volume,
        } => Ok(NamedService {
            cluster,
            service,
            volume: volume.as_deref(),
        }),
        _ => Err(wrong_action("ecs_service", switch)),
    }
}
