//! Redirects the volumes of a task definition that mount a file system to its copy.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::descriptor::Switch;
use crate::domain::reference::Reference;
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan::Destination;
use crate::error::Fault;
use crate::switches::ecs::named::NamedService;
use crate::switches::switch::fault;

/// The part of a volume that mounts a file system.
const CONFIGURATION: &str = "efsVolumeConfiguration";

/// What would prevent redirecting the volumes to the copy.
pub fn check(switch: &Switch, named: &NamedService<'_>, item: &RestoreItem, definition: &Value) -> Vec<Fault> {
    let (Target::Efs { file_system, .. }, Destination::Directory { .. } | Destination::FileSystem { .. }) =
        (&item.planned.resource.target, &item.planned.destination)
    else {
        let resource = &item.planned.resource;
        let value = format!("{} of kind {}", resource.name, resource.target.kind());
        return vec![fault(
            switch,
            "resource",
            value,
            "a file system: a service is switched by its volumes",
        )];
    };
    let mounting: Vec<&Value> = volumes(definition)
        .filter(|volume| mounts(volume, named, file_system))
        .collect();
    if mounting.is_empty() {
        let value = match named.volume {
            Some(volume) => format!("{}, whose volume {volume} does not mount {file_system},", named.words()),
            None => format!("{}, no volume of which mounts {file_system},", named.words()),
        };
        return vec![fault(
            switch,
            "service",
            value,
            "a service whose task definition mounts the file system",
        )];
    }
    let by_access_point = |volume: &&Value| access_point(volume).is_some();
    mounting
        .into_iter()
        .filter(by_access_point)
        .map(|volume| {
            fault(
                switch,
                "service",
                format!(
                    "{}, whose volume {} mounts by an access point,",
                    named.words(),
                    volume["name"].as_str().unwrap_or_default()
                ),
                "a volume with `rootDirectory` and without an access point, which fixes the directory: mount the file \
                 system so, or take the switch out of the descriptor and deploy by hand",
            )
        })
        .collect()
}

/// What the switch's volumes refer to.
pub fn volume_reference(named: &NamedService<'_>, file_system: &str, definition: &Value) -> Reference {
    let mounted: Vec<&str> = volumes(definition)
        .filter(|volume| named.volume.is_none_or(|name| volume["name"] == name))
        .filter_map(|volume| volume[CONFIGURATION]["fileSystemId"].as_str())
        .collect();
    match mounted.first() {
        _ if mounted.contains(&file_system) => Reference::Matches,
        Some(other) => Reference::Elsewhere(format!("file system {other}")),
        None => Reference::Unknown(format!("service {} mounts no file system", named.words())),
    }
}

/// The switch's volumes, each with the directory that it mounts.
pub fn mounting<'a>(
    named: &'a NamedService<'_>,
    file_system: &'a str,
    definition: &'a Value,
) -> impl Iterator<Item = MountedVolume<'a>> {
    volumes(definition)
        .filter(move |volume| mounts(volume, named, file_system))
        .map(|volume| MountedVolume {
            volume: volume["name"].as_str().unwrap_or_default(),
            root: volume[CONFIGURATION]["rootDirectory"].as_str().unwrap_or("/"),
            access_point: access_point(volume),
        })
}

/// A volume that mounts a file system.
pub struct MountedVolume<'a> {
    pub volume: &'a str,
    pub root: &'a str,
    pub access_point: Option<&'a str>,
}

/// The volumes with the copy in place of the file system, each with its directory in the copy.
pub fn redirect_to_copy(definition: &Value, copy: &str, places: &BTreeMap<String, String>) -> Vec<Value> {
    let redirected = volumes(definition).map(|volume| {
        let mut volume = volume.clone();
        let place = volume["name"].as_str().and_then(|name| places.get(name));
        if let Some(place) = place
            && let Some(configuration) = volume.get_mut(CONFIGURATION)
        {
            configuration["rootDirectory"] = place.as_str().into();
            configuration["fileSystemId"] = copy.into();
        }
        volume
    });
    redirected.collect()
}

fn volumes(definition: &Value) -> impl Iterator<Item = &Value> {
    definition["volumes"].as_array().into_iter().flatten()
}

fn mounts(volume: &Value, named: &NamedService<'_>, file_system: &str) -> bool {
    let named_so = named.volume.is_none_or(|name| volume["name"] == name);
    named_so && volume[CONFIGURATION]["fileSystemId"] == file_system
}

fn access_point(volume: &Value) -> Option<&str> {
    let id = volume[CONFIGURATION]["authorizationConfig"]["accessPointId"].as_str();
    id.filter(|id| !id.is_empty())
}
