//! Applies the configuration of a new file system, which AWS Backup does not restore: changes each setting that differs from the
//! captured one, until nothing is left to wait for.

use std::collections::BTreeMap;

use aws_sdk_efs::types::{
    BackupPolicy, LifecyclePolicy, ReplicationOverwriteProtection, Status, ThroughputMode, TransitionToArchiveRules,
    TransitionToIaRules, TransitionToPrimaryStorageClassRules,
};
use serde_json::Value;

use super::canonical::{groups, lifecycle, tags};
use super::capture::capture;
use super::captured::list;
use super::directories::{self, LocatedDirectory};
use super::new_file_system::{NewFileSystem, policy_of_copy, sdk_tags, unreadable};
use super::plan::FileSystemPlan;
use super::restore_jobs::Job;
use super::{Efs, access_points};
use crate::access::unmounted;
use crate::aws::failure;
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::restore::item::RestoreProgress;
use crate::error::Result;
use crate::kinds::optional::Optional;
use crate::kinds::part;

/// Performs the next step for the file system that a completed job created.
pub async fn configure(efs: &Efs, run: &Run, plan: &FileSystemPlan<'_>, job: &Job) -> Result<RestoreProgress> {
    let Some(id) = job.created() else {
        return Ok(RestoreProgress::Failed {
            reason: format!(
                "restore job {} completed, but AWS Backup names no file system that it created",
                job.id
            ),
        });
    };
    let new = NewFileSystem {
        efs,
        run,
        plan,
        id,
        before: &plan.item.configuration,
        now: capture(&efs.efs, id, Optional::of_copy()).await?,
    };
    new.ensure_ours()?;
    let waits = |stage: &'static str, phase: String| RestoreProgress::InProgress {
        stage: Some(stage),
        phase,
        percent: None,
        made: Some(plan.created_resource(&job.id, Some(id), None)),
    };
    match new.now["FileSystem"]["LifeCycleState"].as_str().unwrap_or_default() {
        "available" => {}
        state @ ("creating" | "updating") => return Ok(waits("file-system", format!("file system {id} is {state}"))),
        state => {
            return Ok(RestoreProgress::Failed {
                reason: format!("restore job {} completed, but file system {id} is {state}", job.id),
            });
        }
    }
    new.tag().await?;
    if new.set_throughput().await? {
        return Ok(waits("throughput", format!("file system {id} changes its throughput")));
    }
    let mut remarks = Vec::new();
    let mut policy = None;
    if new.before.is_null() {
        remarks.push(format!(
            "nothing but its tags was set for file system {id}: its source was not captured"
        ));
    } else {
        new.set_protection().await?;
        new.set_lifecycle().await?;
        new.set_backup_policy().await?;
        if let Some(what) = new.set_mount_targets().await? {
            return Ok(waits("mount-targets", what));
        }
        policy = part(new.before, "Policy").as_str().map(str::to_owned);
    }
    let located = directories::find(efs, id, job).await?;
    let directory = match located {
        Some(LocatedDirectory::NotYet) => {
            return Ok(waits(
                "locating",
                format!("the restored directory is not yet seen in file system {id}"),
            ));
        }
        Some(LocatedDirectory::Directory(directory, said)) => {
            remarks.extend(said);
            Some(directory)
        }
        Some(LocatedDirectory::Unknown(why)) => {
            remarks.push(format!(
                "the restored directory of file system {id} cannot be determined: {why}"
            ));
            None
        }
        None => {
            remarks.push(format!(
                "the files are in a directory aws-backup-restore_… of file system {id}, whose name is unknown: {}",
                unmounted(id)
            ));
            None
        }
    };
    let points = access_points::create(&new, directory.as_deref()).await?;
    remarks.extend(points.remarks);
    if let Some(policy) = policy {
        new.set_policy(&policy, &points.ids).await?;
    }
    if !list(part(new.before, "Replications")).is_empty() {
        remarks.push(format!(
            "file system {} is replicated; file system {id} is not: set its replication up by hand",
            plan.source
        ));
    }
    Ok(RestoreProgress::Restored {
        made: plan.created_resource(&job.id, Some(id), directory),
        remarks,
    })
}

impl NewFileSystem<'_> {
    /// Adds the missing tags: the source's, and this restore's in place of those of an earlier run.
    async fn tag(&self) -> Result<()> {
        let resource = &self.plan.item.planned.resource.name;
        let mut wanted = tags(&part(self.before, "FileSystem")["Tags"]);
        let ours = names::restore_tags(&self.run.deployment, &self.run.id, resource);
        wanted.extend(ours.map(|(key, value)| (key.to_owned(), value)));
        let now: BTreeMap<_, _> = list(&self.now["FileSystem"]["Tags"])
            .iter()
            .filter_map(|tag| Some((tag["Key"].as_str()?, tag["Value"].as_str()?)))
            .collect();
        let missing: Vec<_> = wanted
            .iter()
            .filter(|(key, value)| now.get(key.as_str()) != Some(&value.as_str()))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let request = self.efs.efs.tag_resource().resource_id(self.id);
        let request = request.set_tags(Some(sdk_tags(missing)?));
        request.send().await.map_err(|error| self.failed("tagging", error))?;
        Ok(())
    }

    /// Returns whether it had to be changed: the file system is then `updating`.
    async fn set_throughput(&self) -> Result<bool> {
        let (before, now) = (part(self.before, "FileSystem"), &self.now["FileSystem"]);
        let Some(mode) = before["ThroughputMode"].as_str() else {
            return Ok(false);
        };
        let provisioned = before["ProvisionedThroughputInMibps"].as_f64();
        if now["ThroughputMode"].as_str() == Some(mode) && now["ProvisionedThroughputInMibps"].as_f64() == provisioned {
            return Ok(false);
        }
        let request = self.efs.efs.update_file_system().file_system_id(self.id);
        request
            .throughput_mode(ThroughputMode::from(mode))
            .set_provisioned_throughput_in_mibps(provisioned)
            .send()
            .await
            .map_err(|error| self.failed("setting the throughput of", error))?;
        Ok(true)
    }

    /// A new file system is protected from being overwritten by a replication; a replication's destination did not choose
    /// otherwise.
    async fn set_protection(&self) -> Result<()> {
        let protection = |configuration: &Value| {
            let protection = &part(configuration, "FileSystem")["FileSystemProtection"];
            protection["ReplicationOverwriteProtection"].as_str() == Some("DISABLED")
        };
        if !protection(self.before) || protection(&self.now) {
            return Ok(());
        }
        let request = self.efs.efs.update_file_system_protection().file_system_id(self.id);
        request
            .replication_overwrite_protection(ReplicationOverwriteProtection::Disabled)
            .send()
            .await
            .map_err(|error| self.failed("setting the protection of", error))?;
        Ok(())
    }

    async fn set_lifecycle(&self) -> Result<()> {
        let wanted = lifecycle(part(self.before, "LifecyclePolicies"));
        if wanted == lifecycle(part(&self.now, "LifecyclePolicies")) {
            return Ok(());
        }
        // One object per transition (EFS API, PutLifecycleConfiguration).
        let policies = wanted.iter().map(|(transition, after)| {
            let policy = LifecyclePolicy::builder();
            match transition.as_str() {
                "TransitionToIA" => policy.transition_to_ia(TransitionToIaRules::from(after.as_str())),
                "TransitionToArchive" => policy.transition_to_archive(TransitionToArchiveRules::from(after.as_str())),
                _ => policy
                    .transition_to_primary_storage_class(TransitionToPrimaryStorageClassRules::from(after.as_str())),
            }
            .build()
        });
        let request = self.efs.efs.put_lifecycle_configuration().file_system_id(self.id);
        request
            .set_lifecycle_policies(Some(policies.collect()))
            .send()
            .await
            .map_err(|error| self.failed("setting the lifecycle of", error))?;
        Ok(())
    }

    async fn set_backup_policy(&self) -> Result<()> {
        let is_on = |configuration: &Value| {
            let status = part(configuration, "BackupPolicy")["Status"].as_str();
            matches!(status, Some("ENABLED" | "ENABLING"))
        };
        let wanted = is_on(self.before);
        if wanted == is_on(&self.now) {
            return Ok(());
        }
        let status = if wanted { Status::Enabled } else { Status::Disabled };
        let policy = BackupPolicy::builder().status(status).build();
        let policy = policy.map_err(|error| unreadable("BackupPolicy", error))?;
        let request = self.efs.efs.put_backup_policy().file_system_id(self.id);
        request
            .backup_policy(policy)
            .send()
            .await
            .map_err(|error| self.failed("setting the backup policy of", error))?;
        Ok(())
    }

    /// Returns what to wait for until every mount target is as captured. Its old IP address belongs to the old one.
    async fn set_mount_targets(&self) -> Result<Option<String>> {
        let now = list(part(&self.now, "MountTargets"));
        let mut waits = None;
        for before in list(part(self.before, "MountTargets")) {
            let subnet = before["SubnetId"].as_str().unwrap_or_default();
            let wanted = groups(before);
            let Some(there) = now.iter().find(|target| target["SubnetId"] == before["SubnetId"]) else {
                let request = self
                    .efs
                    .efs
                    .create_mount_target()
                    .file_system_id(self.id)
                    .subnet_id(subnet);
                request
                    .set_security_groups(Some(wanted))
                    .send()
                    .await
                    .map_err(|error| failure("creating the mount target in subnet", subnet, error))?;
                waits = Some(format!(
                    "the mount target of file system {} in subnet {subnet} is creating",
                    self.id
                ));
                continue;
            };
            let target = there["MountTargetId"].as_str().unwrap_or_default();
            match there["LifeCycleState"].as_str().unwrap_or_default() {
                "available" => {}
                state => {
                    waits = Some(format!("mount target {target} of file system {} is {state}", self.id));
                    continue;
                }
            }
            if groups(there) != wanted {
                let request = self
                    .efs
                    .efs
                    .modify_mount_target_security_groups()
                    .mount_target_id(target);
                request
                    .set_security_groups(Some(wanted))
                    .send()
                    .await
                    .map_err(|error| failure("setting the security groups of mount target", target, error))?;
            }
        }
        Ok(waits)
    }

    /// The captured policy names the old file system, and possibly the old access points.
    async fn set_policy(&self, captured: &str, points: &BTreeMap<String, String>) -> Result<()> {
        let policy = policy_of_copy(captured, self.plan.source, self.id, points);
        let now = part(&self.now, "Policy").as_str().unwrap_or_default();
        let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
        if parsed(now).is_some() && parsed(now) == parsed(&policy) {
            return Ok(());
        }
        let request = self.efs.efs.put_file_system_policy().file_system_id(self.id);
        request
            .policy(policy)
            .send()
            .await
            .map_err(|error| self.failed("setting the policy of", error))?;
        Ok(())
    }
}
