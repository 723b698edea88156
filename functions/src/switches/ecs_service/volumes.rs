//! The volumes of a task definition that mount a file system, led to its copy.

use aws_sdk_ecs::types::{EfsVolumeConfiguration, TaskDefinition, Volume};

use super::Named;
use crate::domain::descriptor::CutOver;
use crate::domain::resource::Target;
use crate::domain::restore::item::{Item, Made};
use crate::domain::restore::plan::Beside;
use crate::error::{Error, Fault, Result};
use crate::switches::fault;

/// What would keep the volumes from being led to the copy.
pub fn foresee(switch: &CutOver, named: &Named<'_>, item: &Item, definition: &TaskDefinition) -> Vec<Fault> {
    let (Target::Efs { file_system, .. }, Beside::Directory { .. } | Beside::FileSystem { .. }) =
        (&item.planned.resource.target, &item.planned.beside)
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
    let mounting: Vec<&Volume> = definition
        .volumes()
        .iter()
        .filter(|volume| mounts(volume, named, file_system))
        .collect();
    if mounting.is_empty() {
        let value = match named.volume {
            Some(volume) => format!("{}, whose volume {volume} does not mount {file_system}", named.words()),
            None => format!("{}, no volume of which mounts {file_system}", named.words()),
        };
        return vec![fault(
            switch,
            "service",
            value,
            "a service whose task definition mounts the file system",
        )];
    }
    let by_access_point = |volume: &&Volume| access_point(volume).is_some();
    mounting
        .into_iter()
        .filter(by_access_point)
        .map(|volume| {
            fault(
                switch,
                "service",
                format!(
                    "{}, whose volume {} mounts by an access point",
                    named.words(),
                    volume.name().unwrap_or_default()
                ),
                "a volume with `rootDirectory` and without an access point, which fixes the directory: mount the file \
                 system so, or take the switch out of the descriptor and deploy by hand",
            )
        })
        .collect()
}

/// The volumes with the copy in place of the file system. Answers whether any changed.
///
/// # Errors
/// `InvalidInput` where they cannot be led to it.
pub fn led_to_the_copy(
    switch: &CutOver,
    named: &Named<'_>,
    item: &Item,
    definition: &TaskDefinition,
) -> Result<(Vec<Volume>, bool)> {
    let faults = foresee(switch, named, item, definition);
    if !faults.is_empty() {
        return Err(Error::InvalidInput(faults));
    }
    let Target::Efs { file_system, .. } = &item.planned.resource.target else {
        return Ok((Vec::new(), false));
    };
    let (copy, directory) = match &item.made {
        Some(Made::Directory {
            directory: Some(directory),
            ..
        }) => (file_system, directory),
        Some(Made::FileSystem {
            file_system: Some(copy),
            directory: Some(directory),
            ..
        }) => (copy, directory),
        _ => {
            return Err(Error::invalid(
                format!("cut_over.{}.resource", switch.name),
                format!("{}, whose directory is not known", item.planned.resource.name),
                "a directory found by the file system's access stack (infra/efs-access.yaml): deploy it, or deploy the \
                 volume by hand",
            ));
        }
    };
    let mut changed = false;
    let volumes = definition.volumes().iter().map(|volume| {
        let mut volume = volume.clone();
        if mounts(&volume, named, file_system)
            && let Some(configuration) = &mut volume.efs_volume_configuration
        {
            lead(configuration, copy, directory);
            changed = true;
        }
        volume
    });
    let volumes = volumes.collect();
    Ok((volumes, changed))
}

fn lead(configuration: &mut EfsVolumeConfiguration, copy: &str, directory: &str) {
    let old = configuration.root_directory().unwrap_or("/").trim_matches('/');
    let directory = directory.trim_end_matches('/');
    configuration.root_directory = Some(match old {
        "" => directory.to_owned(),
        below => format!("{directory}/{below}"),
    });
    copy.clone_into(&mut configuration.file_system_id);
}

fn mounts(volume: &Volume, named: &Named<'_>, file_system: &str) -> bool {
    let named_so = named.volume.is_none_or(|name| volume.name() == Some(name));
    named_so
        && volume
            .efs_volume_configuration()
            .is_some_and(|configuration| configuration.file_system_id() == file_system)
}

fn access_point(volume: &Volume) -> Option<&str> {
    let authorization = volume.efs_volume_configuration()?.authorization_config()?;
    authorization.access_point_id().filter(|id| !id.is_empty())
}
