//! `ecs_service`: an ECS service gets a revision of its task definition that mounts the copy of a file system, or has the
//! master secret of a cluster's copy.

use serde_json::Value;

use super::profile::{LoginSource, SwitchProfile};
use crate::domain::descriptor::reader::{Faults, Object, quoted, shown};
use crate::domain::descriptor::{Fact, SwitchAction, formats};
use crate::domain::kinds::Stateful;

pub struct EcsService;

struct Named<'a> {
    cluster: &'a str,
    service: &'a str,
    volume: Option<&'a str>,
}

fn of(action: &SwitchAction) -> Option<Named<'_>> {
    match action {
        SwitchAction::EcsService {
            cluster,
            service,
            volume,
        } => Some(Named {
            cluster,
            service,
            volume: volume.as_deref(),
        }),
        _ => None,
    }
}

/// The volume to change, where one is named.
fn volume(faults: &mut Faults, object: &Object<'_>, kind: Option<&dyn Stateful>) -> Option<String> {
    match object.get("volume") {
        Some(given) if kind.is_some_and(|kind| !kind.is_mounted()) => {
            let rule = "no volume: the resource is not mounted";
            faults.add(object.path("volume"), shown(given), rule);
            None
        }
        _ => object.optional_text(faults, "volume", &formats::ECS),
    }
}

impl SwitchProfile for EcsService {
    fn name(&self) -> &'static str {
        "ecs_service"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["cluster", "service", "volume"]
    }

    fn read(
        &self,
        faults: &mut Faults,
        object: &Object<'_>,
        kind: Option<&dyn Stateful>,
        _: &[(&'static str, Fact)],
    ) -> Option<SwitchAction> {
        let cluster = object.text(faults, "cluster", &formats::ECS);
        let service = object.text(faults, "service", &formats::ECS);
        let volume = volume(faults, object, kind);
        let (cluster, service) = cluster.zip(service)?;
        Some(SwitchAction::EcsService {
            cluster,
            service,
            volume,
        })
    }

    fn words(&self, action: &SwitchAction) -> String {
        let Some(named) = of(action) else {
            return String::new();
        };
        let volume = named.volume.map(|volume| format!(", volume {volume}"));
        let volume = volume.unwrap_or_default();
        format!("ECS service {} in cluster {}{volume}", named.service, named.cluster)
    }

    fn effect(&self, action: &SwitchAction, copy: &str, kind: Option<&dyn Stateful>) -> String {
        let Some(Named {
            cluster,
            service,
            volume,
        }) = of(action)
        else {
            return String::new();
        };
        match kind.is_some_and(Stateful::is_mounted) {
            true => {
                let volume = volume.map(|volume| format!(" (volume {volume})")).unwrap_or_default();
                format!("service {service} of ECS cluster {cluster}{volume} mounts {copy}")
            }
            false => format!("service {service} of ECS cluster {cluster} gets the master secret of {copy}"),
        }
    }

    fn subject(&self, action: &SwitchAction) -> Option<String> {
        of(action).map(|named| format!("{}/{}", named.cluster, named.service))
    }

    fn conflict(
        &self,
        action: &SwitchAction,
        earlier: &SwitchAction,
        same_resource: bool,
    ) -> Option<(&'static str, String)> {
        let (named, other) = (of(action)?, of(earlier)?);
        if (named.cluster, named.service) != (other.cluster, other.service) {
            return None;
        }
        match (named.volume, other.volume) {
            (Some(one), Some(other)) => (one == other).then(|| ("volume", quoted(one))),
            // Without a volume, all that mount the resource's file system are switched.
            _ => same_resource.then(|| ("service", quoted(named.service))),
        }
    }

    fn values(&self, _: &SwitchAction) -> Vec<Fact> {
        Vec::new()
    }

    /// None: what a service's task definitions name and mount is looked up service by service.
    fn references(&self, _: &SwitchAction) -> Vec<Fact> {
        Vec::new()
    }

    fn login(&self, _: &SwitchAction) -> LoginSource {
        LoginSource::MasterSecret
    }

    fn state(&self, recorded: &Value) -> Option<String> {
        let arn = recorded["task_definition"].as_str()?;
        Some(format!("task definition {}", arn.rsplit('/').next().unwrap_or(arn)))
    }
}
