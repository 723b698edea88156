//! What files cost, and how a person deletes a file system.

use super::Efs;
use crate::domain::kinds::prices;
use crate::domain::kinds::upkeep::{MonthlyCost, Upkeep, number};
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan::Destination;

impl Upkeep for Efs {
    /// The files of a directory, or a file system with its throughput. A new file system of AWS Backup is a Regional one.
    fn monthly_cost(&self, item: &RestoreItem) -> MonthlyCost {
        let source = &item.configuration["FileSystem"];
        let new = matches!(item.planned.destination, Destination::FileSystem { .. });
        let storage = match !new && source["AvailabilityZoneName"].is_string() {
            true => prices::EFS_STORAGE_ONE_ZONE,
            false => prices::EFS_STORAGE,
        };
        let throughput = number(source, "ProvisionedThroughputInMibps")
            .filter(|_| new)
            .unwrap_or(0.0);
        let size = item.planned.size_bytes;
        let files = ("its files", size.map(|size| prices::storage(size, storage)));
        match throughput > 0.0 {
            true => MonthlyCost::of([files, ("its throughput", Some(throughput * prices::EFS_THROUGHPUT))]),
            false => MonthlyCost::of([files]),
        }
    }

    /// EFS refuses to delete a file system with mount targets
    /// (<https://docs.aws.amazon.com/efs/latest/ug/API_DeleteFileSystem.html>).
    fn removal_commands(&self, target: &Target) -> Vec<String> {
        let system = target.identifier();
        vec![
            format!(
                "for target in $(aws efs describe-mount-targets --file-system-id {system} --output text --query \
                 'MountTargets[].MountTargetId'); do aws efs delete-mount-target --mount-target-id $target; done"
            ),
            format!("aws efs delete-file-system --file-system-id {system}"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::kinds::Stateful;
    use crate::testing::restores::item;

    fn cost(destination: Destination, source: Value, size: Option<u64>) -> String {
        let mut item = item("rooms");
        item.planned.destination = destination;
        item.configuration = json!({ "FileSystem": source });
        item.planned.size_bytes = size;
        Efs.monthly_cost(&item).words()
    }

    fn directory() -> Destination {
        Destination::Directory {
            file_system: "fs-1".into(),
        }
    }

    fn file_system() -> Destination {
        Destination::FileSystem { token: "t".into() }
    }

    #[test]
    fn files_are_charged_by_their_size_where_they_are() {
        let one_zone = json!({"AvailabilityZoneName": "us-east-1a"});
        assert_eq!(cost(directory(), json!({}), Some(100 << 30)), "about $30 a month");
        assert_eq!(
            cost(directory(), one_zone.clone(), Some(100 << 30)),
            "about $16 a month"
        );
        assert_eq!(cost(file_system(), one_zone, Some(100 << 30)), "about $30 a month");
        assert_eq!(cost(directory(), json!({}), None), "not known: its files");
    }

    #[test]
    fn the_throughput_of_a_file_system_is_charged_once() {
        let provisioned = json!({"ProvisionedThroughputInMibps": 10.0});
        assert_eq!(
            cost(file_system(), provisioned.clone(), Some(100 << 30)),
            "about $90 a month"
        );
        assert_eq!(cost(directory(), provisioned, Some(100 << 30)), "about $30 a month");
    }

    #[test]
    fn mount_targets_are_deleted_before_their_file_system() {
        let commands = Efs.removal_commands(&Efs.target_of("fs-1".into()));
        assert!(commands[0].contains("delete-mount-target"), "{commands:?}");
        assert_eq!(commands[1], "aws efs delete-file-system --file-system-id fs-1");
    }
}
