//! Finds what would fail a file system's restore, before anything is started.

use aws_sdk_backup::types::{RecoveryPointStatus, StorageClass};
use aws_sdk_efs::types::ReplicationOverwriteProtection;
use serde_json::Value;

use super::captured::list;
use super::file_systems::find_file_system;
use super::plan::FileSystemPlan;
use super::{Efs, restore_jobs};
use crate::access::unmounted;
use crate::aws::failure;
use crate::domain::efs_access::ListedDirectory;
use crate::domain::efs_access::roots::{DirectoriesInUse, LiveDirectory, MOST_ITEMS, below};
use crate::domain::job::Run;
use crate::error::{Error, Fault, Result};
use crate::kinds::keys;
use crate::kinds::{Preflight, part};

/// The vault of EFS's automatic backups. Its policy denies restores from it to everyone (AWS re:Post,
/// "backup-insufficient-privileges-efs").
const AUTOMATIC_VAULT: &str = "aws/efs/automatic-backup-vault";

/// Number of entries of a leftover directory that are listed.
const SOME: u64 = 1_000;

/// Collects what a preflight finds.
struct PreflightBuilder<'a> {
    efs: &'a Efs,
    run: &'a Run,
    plan: &'a FileSystemPlan<'a>,
    found: Preflight,
}

pub async fn check(efs: &Efs, run: &Run, plan: &FileSystemPlan<'_>) -> Result<Preflight> {
    let mut preflight = PreflightBuilder {
        efs,
        run,
        plan,
        found: Preflight::default(),
    };
    preflight.role();
    preflight.recovery_point().await?;
    preflight.covered();
    if plan.new {
        preflight.new_file_system().await?;
    } else {
        preflight.file_system().await?;
        preflight.other_jobs().await?;
        preflight.access().await?;
    }
    Ok(preflight.found)
}

impl PreflightBuilder<'_> {
    fn fault(&mut self, field: &str, value: impl Into<String>, allowed: impl Into<String>) {
        self.found.faults.push(Fault {
            path: format!("resources.{}.{field}", self.plan.item.planned.resource.name),
            value: value.into(),
            allowed: allowed.into(),
        });
    }

    /// AWS Backup accepts no role of another account. Whether the role exists and may restore, only the job shows.
    fn role(&mut self) {
        let account = self.run.execution.split(':').nth(4).unwrap_or_default();
        let parts: Vec<_> = self.plan.role.splitn(6, ':').collect();
        if !matches!(parts[..], ["arn", _, "iam", "", owner, name] if owner == account && name.starts_with("role/")) {
            let allowed =
                format!("the ARN of a role of account {account} that AWS Backup may assume. Correct the descriptor");
            self.fault("role", self.plan.role, allowed);
        }
    }

    async fn recovery_point(&mut self) -> Result<()> {
        let FileSystemPlan { arn, vault, source, .. } = *self.plan;
        if vault == AUTOMATIC_VAULT {
            let allowed = "a recovery point in a vault of your own: this vault's policy denies restores. Choose a set that \
                           was backed up into another vault";
            self.fault("vault", vault, allowed);
            return Ok(());
        }
        let Some(point) = self.efs.find_recovery_point(vault, arn).await? else {
            let allowed = format!("a recovery point that is in vault {vault}: this one is gone. Choose another set");
            self.fault("recovery_point", arn, allowed);
            return Ok(());
        };
        let status = point.status().map_or("without a status", RecoveryPointStatus::as_str);
        if !matches!(
            point.status(),
            Some(RecoveryPointStatus::Completed | RecoveryPointStatus::Available)
        ) {
            let next = match point.status() {
                Some(RecoveryPointStatus::Expired) => "Restore the role that created it, or choose another set",
                _ => "Choose another set",
            };
            let allowed = format!("a recovery point that is COMPLETED or AVAILABLE. {next}");
            self.fault("recovery_point", format!("{arn}, which is {status},"), allowed);
        }
        if let Some(of) = point.resource_arn().filter(|of| of.rsplit('/').next() != Some(source)) {
            let allowed = format!("a recovery point of file system {source}. Choose another set");
            self.fault("recovery_point", format!("{arn}, which is of {of},"), allowed);
        }
        if point.storage_class() == Some(&StorageClass::Cold) {
            self.found.remarks.push(format!(
                "recovery point {arn} is in cold storage: its restore takes hours longer"
            ));
        }
        if let Some(key) = point.encryption_key_arn() {
            self.key("recovery_point", key, &format!("recovery point {arn}"))
                .await?;
        }
        Ok(())
    }

    /// Which of its directories are restored, and which are not.
    fn covered(&mut self) {
        let FileSystemPlan { source, item, .. } = *self.plan;
        let configuration = &item.configuration;
        let live = DirectoriesInUse::captured(configuration).map(|in_use| in_use.live(configuration));
        let live = live.unwrap_or_default();
        let by = |path: &String| {
            let users = live
                .iter()
                .find(|live| live.path == *path)
                .map(|live| live.by.join(", "));
            format!("{path} ({})", users.unwrap_or_default())
        };
        match self.plan.items() {
            Some(items) => {
                let items: Vec<String> = items.iter().map(by).collect();
                self.found.remarks.push(format!(
                    "of file system {source} only the directories in use are restored: {}. Not restored, though they are in the \
                     recovery point: what earlier restores left, and what else nothing that the descriptor names used. What is \
                     missing there: name it in `roots` before the next backup, or restore it by itself with AWS Backup",
                    items.join("; ")
                ));
            }
            None if live.len() > MOST_ITEMS => self.found.remarks.push(format!(
                "{} directories of file system {source} were in use, more than the {MOST_ITEMS} that AWS Backup restores by \
                 themselves: all of it is restored, what earlier restores left too",
                live.len()
            )),
            None => {}
        }
    }

    /// A key that cannot be used is a fault; only a failed call is an error.
    async fn key(&mut self, field: &str, key: &str, protects: &str) -> Result<()> {
        match keys::ensure_usable(&self.efs.kms, self.run, key, protects).await {
            Ok(()) => Ok(()),
            Err(error @ (Error::Throttled(_) | Error::Unavailable(_))) => Err(error),
            Err(why) => {
                self.fault(
                    field,
                    format!("KMS key {key} ({why})"),
                    "an enabled key that may be used",
                );
                Ok(())
            }
        }
    }

    async fn file_system(&mut self) -> Result<()> {
        let source = self.plan.source;
        let Some(found) = find_file_system(self.efs, source).await? else {
            let allowed =
                "an existing file system, to restore into one of its directories. Restore into a new file system";
            self.fault("file_system", format!("{source}, which is gone,"), allowed);
            return Ok(());
        };
        let state = found.life_cycle_state().as_str();
        if !matches!(state, "available" | "updating") {
            let allowed = "a file system that is available. Wait until it is, or restore into a new file system";
            self.fault("file_system", format!("{source}, which is {state},"), allowed);
        }
        let protection = found.file_system_protection();
        if protection.and_then(|protection| protection.replication_overwrite_protection())
            == Some(&ReplicationOverwriteProtection::Replicating)
        {
            let allowed = "a file system that can be written: this one is the destination of a replication. Delete its \
                           replication configuration, or restore into a new file system";
            self.fault("file_system", source, allowed);
        }
        if let Some(key) = found.kms_key_id() {
            self.key("file_system", key, &format!("file system {source}")).await?;
        }
        Ok(())
    }

    /// Two concurrent restores could not be distinguished: AWS Backup does not report the directory of either.
    async fn other_jobs(&mut self) -> Result<()> {
        let source = self.plan.source;
        for job in restore_jobs::under_way(self.efs, source).await? {
            let allowed = format!(
                "no other restore into the file system meanwhile: restore job {job} has not ended. Wait until it has"
            );
            self.fault("file_system", source, allowed);
        }
        Ok(())
    }

    async fn access(&mut self) -> Result<()> {
        let source = self.plan.source;
        match self.efs.access.list(source, SOME).await {
            Ok(Some(listing)) => {
                let configuration = &self.plan.item.configuration;
                let live = DirectoriesInUse::captured(configuration).map(|in_use| in_use.live(configuration));
                let live = live.unwrap_or_default();
                let left = listing.directories.iter().map(|left| leftover(source, left, &live));
                self.found.remarks.extend(left);
            }
            Ok(None) => {
                let allowed = format!("a function that mounts it: {}", unmounted(source));
                self.fault("file_system", source, allowed);
            }
            Err(error @ (Error::Throttled(_) | Error::Unavailable(_))) => return Err(error),
            Err(why) => self.fault(
                "file_system",
                format!("{source} ({why})"),
                "a function that mounts it and responds",
            ),
        }
        Ok(())
    }

    async fn new_file_system(&mut self) -> Result<()> {
        let FileSystemPlan { source, item, .. } = *self.plan;
        let token = &self.plan.token;
        let taken = self.efs.efs.describe_file_systems().creation_token(token).send().await;
        let taken = taken.map_err(|error| failure("looking for a file system of token", token, error))?;
        if let Some(taken) = taken.file_systems().first() {
            let allowed = format!(
                "a creation token that no file system has: {} has it. Start a new run",
                taken.file_system_id()
            );
            self.fault("into", token, allowed);
        }
        let captured = &item.configuration;
        let before = part(captured, "FileSystem");
        if let Some(key) = before["KmsKeyId"].as_str() {
            self.key("file_system", key, &format!("the new file system in place of {source}"))
                .await?;
        }
        self.found
            .creates
            .push(format!("a new file system in place of {source}"));
        let targets = list(part(captured, "MountTargets"));
        for target in targets {
            let subnet = target["SubnetId"].as_str().unwrap_or_default();
            let groups: Vec<_> = list(&target["SecurityGroups"])
                .iter()
                .filter_map(Value::as_str)
                .collect();
            self.found.creates.push(format!(
                "a mount target in subnet {subnet} with security groups {}",
                groups.join(", ")
            ));
            for group in groups {
                if !self.found.security_groups.iter().any(|known| known == group) {
                    self.found.security_groups.push(group.to_owned());
                }
            }
        }
        if captured.is_null() {
            self.found.remarks.push(format!(
                "the configuration of file system {source} was not captured: give the new file system its mount targets, \
                 access points, policy, lifecycle and throughput by hand"
            ));
        } else if targets.is_empty() {
            self.found.remarks.push(format!(
                "file system {source} had no mount target when it was captured: the new one gets none either"
            ));
        }
        let points = list(part(captured, "AccessPoints")).len();
        if points > 0 {
            self.found.remarks.push(format!(
                "the {points} access points of file system {source} have paths below the restored directory, which only a \
                 function that mounts the new file system can determine: once it is created, deploy infra/efs-access.yaml with \
                 its id, then create them"
            ));
        }
        if let Some(zone) = before["AvailabilityZoneName"].as_str() {
            self.found.remarks.push(format!(
                "file system {source} is in one zone, {zone}; the new one is Regional, as AWS Backup creates it"
            ));
        }
        if !list(part(captured, "Replications")).is_empty() {
            self.found.remarks.push(format!(
                "file system {source} is replicated; set up the replication of the new one by hand"
            ));
        }
        Ok(())
    }
}

/// A directory that an earlier restore left, as text for the operator: it takes up space, and is in every backup. Holdfast does not
/// know everything that may use it.
fn leftover(file_system: &str, left: &ListedDirectory, live: &[LiveDirectory]) -> String {
    let more = if left.complete { "" } else { "more than " };
    let root = format!("/{}", left.name);
    let used: Vec<String> = live
        .iter()
        .filter(|live| live.path == root || below(&root, &live.path).is_some())
        .map(|live| format!("{} ({})", live.path, live.by.join(", ")))
        .collect();
    let advice = match used.is_empty() {
        true => "it can be removed once nothing mounts it, and no undo of a cut-over will switch back to it".to_owned(),
        false => format!(
            "{} was in use when the set was captured: keep it while anything mounts it",
            used.join("; ")
        ),
    };
    format!(
        "an earlier restore left {root} in file system {file_system} ({more}{} files, {} bytes): {advice}",
        left.files, left.bytes
    )
}
