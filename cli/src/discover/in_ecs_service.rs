//! Discovery from an ECS service: the file systems that its tasks mount, the secrets and parameters that they get, and the clusters
//! that they reach.

pub mod service_name;
mod task_definition;

use std::collections::{BTreeMap, BTreeSet};

use aws_config::SdkConfig;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use holdfast::aws::service::{Client, ECS};
use holdfast::domain::kinds;
use holdfast::domain::resource::Target;
use serde_json::{Value, json};

use self::service_name::ServiceName;
use self::task_definition::{Mount, TaskDefinition};
use super::clusters::{self, Cluster};
use super::compose::{VaultAndRole, compose};
use super::draft::{DescriptorDraft, Mapping, SuggestedHook};
use super::names::{kebab, unique};
use crate::aws;
use crate::failure::{Failure, Result};

/// A service, the task definition that it runs, and the clusters of its account.
pub struct ServiceListing {
    pub name: ServiceName,
    /// As ECS describes it.
    pub service: Value,
    /// As ECS describes it.
    pub definition: Value,
    pub clusters: BTreeMap<String, Cluster>,
}

/// Describes the service and its task definition.
///
/// # Errors
/// `NotFound` if there is no active service of this name; those of AWS.
pub async fn list(config: &SdkConfig, name: &ServiceName) -> Result<ServiceListing> {
    let client = Client::new(config, ECS);
    let none = || {
        let region = config.region().map_or("", |region| region.as_ref());
        Failure::NotFound(format!(
            "describing service {name}: there is no active one in {region}. `aws ecs list-services --cluster {}` lists them.",
            name.cluster
        ))
    };
    let input = json!({ "cluster": name.cluster, "services": [name.service] });
    let mut described = match client.call("DescribeServices", input).await {
        Ok(described) => described,
        Err(error) if error.code() == Some("ClusterNotFoundException") => return Err(none()),
        Err(error) => return Err(aws::failure("describing service", &name.to_string(), error)),
    };
    let services = described.take_list("services");
    // One that was deleted stays `DRAINING` or `INACTIVE` for a while.
    let active = services.into_iter().find(|service| service["status"] == "ACTIVE");
    let service = active.ok_or_else(none)?;
    let Some(arn) = running(&service) else {
        return Err(Failure::NotDone(format!(
            "describing service {name}: it runs no task definition. Deploy it, then run the command again."
        )));
    };
    let input = json!({ "taskDefinition": arn });
    let described = client.call("DescribeTaskDefinition", input).await;
    let mut described = described.map_err(|error| aws::failure("describing task definition", arn, error))?;
    let definition = described.take("taskDefinition");
    Ok(ServiceListing {
        name: name.clone(),
        definition,
        service,
        clusters: clusters::list(config).await?,
    })
}

/// ARN of the task definition: the service's, or the one of its primary task set where another controller deploys it.
fn running(service: &Value) -> Option<&str> {
    let sets = service["taskSets"].as_array().into_iter().flatten();
    let primary = sets
        .filter(|set| set["status"] == "PRIMARY")
        .map(|set| &set["taskDefinition"]);
    let all = [&service["taskDefinition"]].into_iter().chain(primary);
    all.filter_map(Value::as_str).find(|arn| !arn.is_empty())
}

/// The draft for a service, named after it.
pub fn draft(listing: &ServiceListing) -> DescriptorDraft {
    let definition = TaskDefinition::of(&listing.definition);
    let findings = clusters::sort_out_findings(definition.findings(&listing.clusters), &listing.clusters);
    let mut draft = compose(&listing.name.service, findings, &VaultAndRole::default());
    let (switches, notes) = switches(listing, &draft, &definition);
    draft.cut_over = switches;
    draft.notes = notes;
    let is_restored = draft.resources.iter().any(|entry| !kinds::is_guard(&entry.target));
    if is_restored && listing.service["schedulingStrategy"] != "DAEMON" {
        draft.hooks.push(no_task(&listing.name));
    }
    if is_restored {
        draft.notes.push(format!(
            "Only service {} was looked at. Others that use the same resources need hooks and switches of their own.",
            listing.name
        ));
    }
    draft
}

/// Scales the service to no task.
fn no_task(name: &ServiceName) -> SuggestedHook {
    let own = kebab(&name.service, "service");
    SuggestedHook {
        why: format!(
            "Needed if service {name} writes to its files while it runs, as a database does. The hook scales it to no task for as long as a \
             backup takes, at most for max_quiesced (15m by default)."
        ),
        fields: vec![
            ("name", own),
            ("kind", "ecs_scale".to_owned()),
            ("cluster", name.cluster.clone()),
            ("service", name.service.clone()),
        ],
    }
}

/// The switches that make the service use copies, and notes about what no switch can do.
fn switches(
    listing: &ServiceListing,
    draft: &DescriptorDraft,
    definition: &TaskDefinition<'_>,
) -> (Vec<Mapping>, Vec<String>) {
    let controller = listing.service["deploymentController"]["type"]
        .as_str()
        .unwrap_or("ECS");
    if controller != "ECS" {
        let note = format!(
            "No switch was written: service {} is deployed by {controller}, so a copy has to be deployed through it by hand.",
            listing.name
        );
        return (Vec::new(), vec![note]);
    }
    let mut switched: Vec<(&str, Option<&str>)> = Vec::new();
    let mut notes = Vec::new();
    for entry in &draft.resources {
        if let Target::Efs { file_system, .. } = &entry.target {
            let of_it = definition
                .mounts
                .iter()
                .filter(|mount| mount.file_system == *file_system);
            let (fixed, free): (Vec<&Mount>, Vec<&Mount>) = of_it.partition(|mount| mount.access_point.is_some());
            match fixed.is_empty() {
                // One switch for all volumes of the file system.
                true => switched.push((&entry.name, None)),
                false => switched.extend(free.iter().map(|mount| (&*entry.name, Some(&*mount.volume)))),
            }
            notes.extend(fixed.iter().map(|mount| {
                format!(
                    "No switch was written for volume {}: it mounts by an access point, which fixes the directory. Mount it by \
                     rootDirectory, or deploy a copy by hand.",
                    mount.volume
                )
            }));
        }
        if let Target::Aurora { cluster } = &entry.target {
            let cluster = listing.clusters.get(cluster);
            let is_master = |secret: &str| cluster.is_some_and(|cluster| cluster.has_master(secret));
            // A switch replaces the secret in the containers; one pinned version of it cannot be replaced.
            if definition.current_secrets().any(is_master) {
                switched.push((&entry.name, None));
            }
        }
    }
    let mut taken = BTreeSet::new();
    let switch = |(resource, volume): (&str, Option<&str>)| {
        let name = unique(&kebab(&listing.name.service, "service"), &mut taken);
        switch_of(&listing.name, name, resource, volume)
    };
    (switched.into_iter().map(switch).collect(), notes)
}

/// A switch of the service to the copy of a resource.
fn switch_of(service: &ServiceName, name: String, resource: &str, volume: Option<&str>) -> Mapping {
    let mut fields = vec![
        ("name", name),
        ("kind", "ecs_service".to_owned()),
        ("resource", resource.to_owned()),
        ("cluster", service.cluster.clone()),
        ("service", service.service.clone()),
    ];
    fields.extend(volume.map(|volume| ("volume", volume.to_owned())));
    fields
}

#[cfg(test)]
mod tests;
