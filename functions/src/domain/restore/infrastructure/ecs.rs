//! ECS: the volumes of task definitions, as a template must define them.

use super::hcl::{BodyItem, block, quoted};
use crate::domain::descriptor::{Descriptor, SwitchAction};
use crate::domain::kinds;
use crate::domain::restore::item::RestoreItem;

/// The definition of each service's volume, for CloudFormation and for Terraform.
pub fn patches(descriptor: &Descriptor, items: &[RestoreItem]) -> String {
    let patches = descriptor.cut_over.iter().filter_map(|switch| {
        let SwitchAction::EcsService {
            cluster,
            service,
            volume,
        } = &switch.action
        else {
            return None;
        };
        let item = items
            .iter()
            .find(|item| item.planned.resource.name == switch.resource)?;
        let (file_system, directory) = kinds::directory(item)?;
        // In a new file system, where no directory is known, all of it is the copy.
        let directory = directory.or_else(|| kinds::copy_identifier(item).map(|_| "/"))?;
        let source = item.planned.resource.target.identifier();
        Some(patch(
            &format!("{service} of ECS cluster {cluster}"),
            volume.as_deref(),
            source,
            file_system,
            directory,
        ))
    });
    patches.collect::<Vec<_>>().join("\n")
}

fn patch(service: &str, volume: Option<&str>, source: &str, file_system: &str, directory: &str) -> String {
    let which = match volume {
        Some(volume) => format!("volume {volume}"),
        None => format!("every volume of {source}"),
    };
    let body = [
        BodyItem::Attribute("file_system_id", quoted(file_system)),
        BodyItem::Attribute("root_directory", quoted(directory)),
    ];
    format!(
        "# The task definition of service {service}: {which}.\n\
         # If there was a root directory other than /, append it to this one.\n\
         # CloudFormation, AWS::ECS::TaskDefinition:\n\
         EFSVolumeConfiguration:\n  FilesystemId: {}\n  RootDirectory: {}\n\
         # Terraform, aws_ecs_task_definition:\n{}",
        // JSON strings are valid YAML.
        serde_json::Value::from(file_system),
        serde_json::Value::from(directory),
        block("efs_volume_configuration", &body)
    )
}
