//! EFS file systems.

mod emptiness;
mod upkeep;

use jiff::Timestamp;
use serde_json::Value;

use super::database::Database;
use super::pattern::Pattern;
use super::profile::{Counting, DestinationFacts, Metric, Profile, Stateful, SwitchObstacle, Use};
use crate::domain::descriptor::formats::{self, visible};
use crate::domain::descriptor::reader::{Faults, Object, TextFormat};
use crate::domain::descriptor::{Fact, StackValue};
use crate::domain::resource::{RecoveryPoint, Target};
use crate::domain::restore::infrastructure::place::{Element, SourceLocation, SourceReplacement};
use crate::domain::restore::item::{CreatedResource, RestoreItem};
use crate::domain::restore::plan::{Destination, Source};
use crate::domain::set::Point;

const FILE_SYSTEM: Element = Element {
    terraform: "aws_efs_file_system",
    cloudformation: "AWS::EFS::FileSystem",
    key: "FileSystemId",
    argument: None,
};
const TERRAFORM: TextFormat = visible(
    "the address of the aws_efs_file_system in Terraform's state, such as aws_efs_file_system.main or module.data.aws_efs_file_system.main",
    |text| formats::terraform(text, FILE_SYSTEM.terraform),
);

pub struct Efs;

impl Profile for Efs {
    fn name(&self) -> &'static str {
        "efs"
    }

    fn noun(&self) -> &'static str {
        "file system"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["file_system", "vault", "role", "roots"]
    }

    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<Target> {
        let vault = object.optional_text(faults, "vault", &formats::VAULT);
        let role = object.optional_text(faults, "role", &formats::ROLE);
        let file_system = object.text(faults, "file_system", &formats::FILE_SYSTEM)?;
        Some(Target::Efs {
            file_system,
            vault,
            role,
        })
    }

    fn source(&self, point: &RecoveryPoint) -> Option<Source> {
        let RecoveryPoint::BackupRecoveryPoint { arn, vault, .. } = point else {
            return None;
        };
        Some(Source::RecoveryPoint {
            arn: arn.clone(),
            vault: vault.clone(),
        })
    }

    fn point_words(&self, point: &RecoveryPoint) -> String {
        match point {
            RecoveryPoint::BackupRecoveryPoint { arn, .. } if arn.is_empty() => String::new(),
            RecoveryPoint::BackupRecoveryPoint { arn, vault, .. } => format!("{arn} in vault {vault}"),
            other => format!("{other:?}"),
        }
    }

    fn stack_values(&self) -> &'static [StackValue] {
        &[StackValue::Vault, StackValue::RecoveryPoint]
    }

    fn stack_value<'a>(&self, point: &'a RecoveryPoint, value: StackValue) -> Option<&'a str> {
        match (point, value) {
            (RecoveryPoint::BackupRecoveryPoint { vault, .. }, StackValue::Vault) => Some(vault),
            (RecoveryPoint::BackupRecoveryPoint { arn, .. }, StackValue::RecoveryPoint) => Some(arn),
            _ => None,
        }
    }

    fn source_words(&self, source: &Source) -> String {
        match source {
            Source::RecoveryPoint { arn, vault } => format!("recovery point {arn} in vault {vault}"),
            other => format!("{other:?}"),
        }
    }

    fn stateful(&self) -> Option<&'static dyn Stateful> {
        Some(&Self)
    }
}

impl Stateful for Efs {
    fn counting(&self) -> Option<Counting> {
        None
    }

    fn switches(&self) -> &'static [&'static str] {
        &[
            "secret",
            "parameter",
            "lambda_environment",
            "ecs_service",
            "ecs_restart",
            "ssm_command",
            "instance_refresh",
        ]
    }

    fn facts(&self) -> &'static [(&'static str, Fact)] {
        &[("directory", Fact::Directory), ("file_system", Fact::FileSystem)]
    }

    fn fact<'a>(&self, created: &'a CreatedResource, fact: Fact) -> Option<&'a str> {
        let (file_system, directory) = self.directory(created)?;
        match fact {
            Fact::FileSystem => Some(file_system),
            Fact::Directory => directory,
            _ => None,
        }
    }

    fn has_logins(&self) -> bool {
        false
    }

    fn is_mounted(&self) -> bool {
        true
    }

    fn copy_name(&self) -> Result<&'static TextFormat, &'static str> {
        Err("no name: EFS gives a file system its id, AWS Backup a directory its name; use into")
    }

    fn options(&self) -> &'static [&'static str] {
        &["into"]
    }

    /// AWS Backup reads a file system while the job runs.
    fn is_read_while_backed_up(&self) -> bool {
        true
    }

    fn data_expires(&self, _: &Value) -> bool {
        false
    }

    fn arn(&self) -> Option<(&'static str, &'static str)> {
        Some(("elasticfilesystem", "file-system/"))
    }

    fn cloudformation(&self) -> &'static [&'static str] {
        &[FILE_SYSTEM.cloudformation]
    }

    /// In the stack's own vault, with the stack's own role.
    fn target_of(&self, file_system: String) -> Target {
        Target::Efs {
            file_system,
            vault: None,
            role: None,
        }
    }

    /// EFS gives a file system its identifier, which means nothing to people.
    fn entry_name<'a>(&self, _: &'a str) -> &'a str {
        "storage"
    }

    fn alarm_dimension(&self) -> Option<&'static str> {
        Some("FileSystemId")
    }

    fn terraform(&self) -> (&'static str, &'static TextFormat) {
        (FILE_SYSTEM.terraform, &TERRAFORM)
    }

    /// Empty for a directory, which is restored inside the existing file system.
    fn replaced(&self, place: &SourceLocation, item: &RestoreItem, _: bool) -> Vec<SourceReplacement> {
        let new = item.created.as_ref().and_then(|created| self.copy_identifier(created));
        let source = item.planned.resource.target.identifier();
        new.map(|id| place.resource(FILE_SYSTEM, source, id))
            .into_iter()
            .collect()
    }

    fn destination<'a>(&self, destination: &'a Destination) -> Option<DestinationFacts<'a>> {
        if let Destination::FileSystem { token } = destination {
            return Some(DestinationFacts {
                words: format!("a new file system, with creation token {token}"),
                name: "the new file system",
                identity: None,
                is_resource: true,
            });
        }
        let Destination::Directory { file_system } = destination else {
            return None;
        };
        Some(DestinationFacts {
            words: format!("a new directory of file system {file_system}"),
            name: file_system,
            identity: None,
            is_resource: false,
        })
    }

    fn copy_identifier<'a>(&self, created: &'a CreatedResource) -> Option<&'a str> {
        let CreatedResource::FileSystem { file_system, .. } = created else {
            return None;
        };
        file_system.as_deref()
    }

    fn copy(&self, created: &CreatedResource, source: &Target) -> Option<Target> {
        let (file_system, _) = self.directory(created)?;
        Some(source.renamed(file_system))
    }

    fn copy_words(&self, created: &CreatedResource) -> String {
        match created {
            CreatedResource::Directory {
                file_system,
                directory: Some(directory),
                ..
            } => format!("directory {directory} of file system {file_system}"),
            CreatedResource::Directory { file_system, job, .. } => {
                format!("a directory of file system {file_system} (AWS Backup's job {job})")
            }
            CreatedResource::FileSystem {
                file_system: Some(id),
                directory,
                ..
            } => match directory {
                Some(directory) => format!("file system {id}, directory {directory}"),
                None => format!("file system {id}"),
            },
            CreatedResource::FileSystem { job, .. } => format!("a new file system (AWS Backup's job {job})"),
            other => format!("{other:?}"),
        }
    }

    /// EFS has no continuous backup.
    fn as_of(&self, source: Source, _: Timestamp) -> Source {
        source
    }

    fn other_names(&self, _: &CreatedResource) -> Vec<String> {
        Vec::new()
    }

    fn is_named(&self, target: &Target, _: &[String], value: &str) -> bool {
        value.contains(target.identifier())
    }

    fn starts_per_second(&self) -> Option<u64> {
        None
    }

    fn database<'a>(&self, _: &'a RestoreItem) -> Option<Database<'a>> {
        None
    }

    fn directory<'a>(&self, created: &'a CreatedResource) -> Option<(&'a str, Option<&'a str>)> {
        match created {
            CreatedResource::Directory {
                file_system, directory, ..
            }
            | CreatedResource::FileSystem {
                file_system: Some(file_system),
                directory,
                ..
            } => Some((file_system, directory.as_deref())),
            _ => None,
        }
    }

    fn hosts<'a>(&self, _: &'a Value) -> Option<Vec<&'a str>> {
        None
    }

    fn stream(&self, _: &Target) -> Option<String> {
        None
    }

    fn lacks(&self, point: &Point) -> Option<String> {
        if point.size_bytes != Some(0) || emptiness::is_known(point) {
            return None;
        }
        let arn = point
            .recovery_point
            .as_ref()
            .and_then(RecoveryPoint::arn)
            .unwrap_or_default();
        let known = emptiness::against(point);
        Some(format!("its recovery point {arn} holds 0 bytes, {known}"))
    }

    fn limited_backups(&self) -> Option<&'static str> {
        None
    }

    /// A file system that does not exist yet: no function mounts it, so that the restored directory cannot be found, and it has no
    /// access points or mount targets.
    fn switch_obstacle(&self, resource: &str, destination: &Destination) -> Option<SwitchObstacle> {
        let Destination::FileSystem { .. } = destination else {
            return None;
        };
        Some(SwitchObstacle {
            created: "is restored into a new file system",
            needed: format!(
                "an existing file system: its data is restored into a directory of it (`into`: {{\"{resource}\": \"directory\"}}). If it no \
                 longer exists, restore the rest with `except`: [\"{resource}\"], and it alone with `only`: [\"{resource}\"] and `cut_over`: \
                 \"no\"; then give the new file system mount targets, deploy infra/efs-access.yaml for it, create its access points below \
                 the restored directory (aws-backup-restore_...), and switch the service to them by hand"
            ),
        })
    }

    fn patterns(&self) -> Option<&'static dyn Pattern> {
        None
    }

    fn metrics(&self) -> &'static [Metric] {
        &[Metric {
            namespace: "AWS/EFS",
            name: "ClientConnections",
            statistic: "Sum",
            counts: Use::Connections,
            done: "mounted",
        }]
    }
}
