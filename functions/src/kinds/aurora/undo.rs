//! Deletes the copy of a cluster and what was created for it. Resources are found by name, and deleted only if they carry
//! this restore's tags.

use aws_sdk_rds::types::DbCluster;

use super::Aurora;
use super::clusters::{cluster_ownership, find_cluster, find_instances};
use super::plan::ClusterPlan;
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::domain::restore::item::{RestoreItem, UndoProgress};
use crate::error::{Error, Result};
use crate::kinds::ownership::{Ownership, not_tagged_yet};

pub async fn undo(aurora: &Aurora, run: &Run, item: &RestoreItem) -> Result<UndoProgress> {
    let plan = ClusterPlan::of(item)?;
    let cluster = find_cluster(&aurora.rds, plan.copy).await?;
    let removed = match cluster.map(|cluster| (cluster_ownership(&cluster, run, &plan), cluster)) {
        Some((Ownership::Ours, cluster)) => aurora.remove(&plan, &cluster).await.map(Some),
        Some((Ownership::Untagged, _)) => Ok(Some(not_tagged_yet(&format!("cluster {}", plan.copy)))),
        Some((Ownership::Foreign, _)) => {
            tracing::warn!(
                restore = run.id,
                cluster = plan.copy,
                "it does not carry this restore's tags: left in place"
            );
            Ok(None)
        }
        None => Ok(None),
    };
    let removed = match removed {
        Ok(None) => aurora.delete_parameter_groups(run, &plan).await,
        other => other,
    };
    match removed {
        Ok(None) => Ok(UndoProgress::Gone),
        Ok(Some(waiting)) => Ok(UndoProgress::Underway(waiting)),
        Err(Error::AccessDenied(reason)) => Ok(UndoProgress::Remains(format!("cluster {}: {reason}", plan.copy))),
        // RDS refuses while another operation is in progress.
        Err(Error::NotReady(reason)) => Ok(UndoProgress::Underway(reason)),
        Err(error) => Err(error),
    }
}

impl Aurora {
    /// Performs the next step of removing an existing cluster; returns what it waits for, as text.
    async fn remove(&self, plan: &ClusterPlan<'_>, cluster: &DbCluster) -> Result<String> {
        let target = plan.copy;
        let status = cluster.status().unwrap_or("unknown");
        if status == "deleting" {
            return Ok(format!("cluster {target} is deleting"));
        }
        if cluster.deletion_protection() == Some(true) {
            self.set_protection(target, false).await?;
            return Ok(format!(
                "cluster {target} is being modified to disable deletion protection"
            ));
        }
        // Otherwise it could continue to add instances.
        self.remove_scaling(plan).await?;
        let mut waiting = Vec::new();
        for instance in find_instances(&self.rds, target).await? {
            let name = instance.db_instance_identifier().unwrap_or_default();
            let status = instance.db_instance_status().unwrap_or("unknown");
            if status == "deleting" {
                continue;
            }
            let call = self.rds.delete_db_instance().db_instance_identifier(name);
            match call.skip_final_snapshot(true).send().await {
                Ok(_) => {}
                Err(error) if code(&error) == Some("DBInstanceNotFound") => {}
                Err(error) if code(&error) == Some("InvalidDBInstanceState") => {
                    waiting.push(format!("instance {name} is {status}"));
                }
                Err(error) => return Err(failure("deleting instance", name, error)),
            }
        }
        if !waiting.is_empty() {
            return Ok(format!(
                "cluster {target}: {}, and cannot be deleted before",
                waiting.join(", ")
            ));
        }
        let call = self.rds.delete_db_cluster().db_cluster_identifier(target);
        let call = call.skip_final_snapshot(true).delete_automated_backups(true);
        match call.send().await {
            Ok(_) => Ok(format!("cluster {target} is deleting")),
            Err(error) if code(&error) == Some("DBClusterNotFoundFault") => Ok(format!("cluster {target} is gone")),
            Err(error) if code(&error) == Some("InvalidDBClusterStateFault") => Ok(format!(
                "cluster {target} is {status}, and cannot be deleted before that has ended"
            )),
            Err(error) => Err(failure("deleting cluster", target, error)),
        }
    }
}
