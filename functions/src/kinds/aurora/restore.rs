//! Restores a cluster: always as a new cluster, one step per call, in the order of CloudFormation's handler for
//! `AWS::RDS::DBCluster`: restore, wait until stable, modify, wait, roles, Data API; then instances, endpoints, scaling, and
//! deletion protection last.

use async_trait::async_trait;
use aws_sdk_rds::types::{ClusterPendingModifiedValues, DbCluster};
use serde_json::Value;

use super::clusters::{cluster_ownership, created_resource, find_cluster, find_instances, name_conflict};
use super::configure::RequestedChanges;
use super::plan::ClusterPlan;
use super::remarks::remarks as remarks_on;
use super::snapshots::reference;
use super::statuses::{is_lost_snapshot, needed_action};
use super::{Aurora, compare, instances, preflight, undo};
use crate::domain::job::Run;
use crate::domain::resource::Resource;
use crate::domain::restore::item::{RestoreItem, RestoreProgress, UndoProgress};
use crate::domain::restore::plan::Source;
use crate::domain::restore::verdict::Check;
use crate::domain::set::Sample;
use crate::error::{Error, Result};
use crate::kinds::ownership::{Ownership, not_tagged_yet};
use crate::kinds::{Preflight, Restore};

/// The stages of a restore, each timed separately: the cluster, its settings, its instances, and what follows them.
const COPYING: &str = "copying";
const CONFIGURING: &str = "configuring";
const INSTANCES: &str = "instances";
const FINISHING: &str = "finishing";

/// The state of a cluster.
enum ClusterState {
    Stable,
    /// In progress at a stage, as text.
    Busy(&'static str, String),
    Lost(String),
}

#[async_trait]
impl Restore for Aurora {
    async fn preflight(&self, run: &Run, item: &RestoreItem) -> Result<Preflight> {
        preflight::check(self, run, item).await
    }

    async fn advance(&self, run: &Run, item: &RestoreItem) -> Result<RestoreProgress> {
        advance(self, run, item).await
    }

    async fn undo(&self, run: &Run, item: &RestoreItem) -> Result<UndoProgress> {
        undo::undo(self, run, item).await
    }

    async fn compare(&self, run: &Run, item: &RestoreItem, _: bool) -> Result<Vec<Check>> {
        compare::compare(self, run, item).await
    }

    /// A cluster's data is compared by the deployment's probes.
    async fn sample(&self, _: &Resource, _: &Value) -> Result<Option<Sample>> {
        Ok(None)
    }
}

async fn advance(aurora: &Aurora, run: &Run, item: &RestoreItem) -> Result<RestoreProgress> {
    let plan = ClusterPlan::of(item)?;
    let Some(cluster) = find_cluster(&aurora.rds, plan.copy).await? else {
        return begin(aurora, run, &plan).await;
    };
    let ownership = cluster_ownership(&cluster, run, &plan);
    if ownership == Ownership::Foreign {
        return Err(name_conflict("cluster", plan.copy));
    }
    let underway = |stage: &'static str, phase: String| {
        Ok(RestoreProgress::InProgress {
            stage: Some(stage),
            phase,
            percent: percent(&cluster),
            made: Some(created_resource(&cluster)),
        })
    };
    let waiting = |stage: &'static str, changes: RequestedChanges| {
        let phase = changes.waits_for.join("; ");
        if changes.settings.is_empty() && changes.refused.is_empty() {
            return underway(stage, phase);
        }
        Ok(RestoreProgress::Requested {
            stage,
            settings: changes.settings,
            refused: changes.refused,
            phase,
            made: created_resource(&cluster),
        })
    };
    if ownership == Ownership::Untagged {
        return underway(COPYING, not_tagged_yet(&format!("cluster {}", plan.copy)));
    }
    match cluster_state(&cluster) {
        ClusterState::Stable => {}
        ClusterState::Busy(stage, phase) => return underway(stage, phase),
        ClusterState::Lost(reason) => return Ok(RestoreProgress::Failed { reason }),
    }
    let configuring = aurora.configure(&plan, &cluster).await?;
    if !configuring.waits_for.is_empty() {
        return waiting(CONFIGURING, configuring);
    }
    let mut changes = aurora.attach(&plan, &cluster).await?;
    let instances = find_instances(&aurora.rds, plan.copy).await?;
    let mut without = Vec::new();
    match aurora.create_instances(run, &plan, &cluster, &instances).await {
        Ok(Ok(making)) => {
            if cluster.db_cluster_members().is_empty() && making.created {
                aurora.request_once(&plan, &cluster).await?;
            }
            without = making.without;
            changes.waits_for.extend(making.waits_for);
            if !making.lacking.is_empty() && changes.settings.is_empty() {
                return Ok(RestoreProgress::LacksCapacity {
                    stage: INSTANCES,
                    phase: changes.waits_for.join("; "),
                    lacking: making.lacking,
                    in_any_zone: making.in_any_zone,
                    made: Some(created_resource(&cluster)),
                });
            }
        }
        Ok(Err(reason)) => return Ok(RestoreProgress::Failed { reason }),
        // The cluster is busy with the changes that were just requested.
        Err(Error::NotReady(_)) if !changes.waits_for.is_empty() => {}
        Err(error) => return Err(error),
    }
    if !changes.waits_for.is_empty() {
        return waiting(INSTANCES, changes);
    }
    let endpoints = aurora.create_endpoints(run, &plan, &instances).await?;
    let mut remarks = remarks_on(&plan);
    remarks.extend(aurora.restore_scaling(&plan).await?);
    let protection = aurora.protect(&plan, &cluster).await?;
    let finishing = RequestedChanges {
        settings: protection.settings,
        refused: Vec::new(),
        waits_for: endpoints.into_iter().chain(protection.waits_for).collect(),
    };
    if !finishing.waits_for.is_empty() {
        return waiting(FINISHING, finishing);
    }
    remarks.extend(instances::omitted_readers(&plan, &without));
    remarks.extend(Aurora::unapplied_reasons(&plan, &cluster));
    remarks.extend(instances::in_other_zones(&plan, &instances));
    Ok(RestoreProgress::Restored {
        made: created_resource(&cluster),
        remarks,
    })
}

/// Creates the cluster. The next poll shows the result.
async fn begin(aurora: &Aurora, run: &Run, plan: &ClusterPlan<'_>) -> Result<RestoreProgress> {
    let waits = match plan.from {
        Source::ClusterSnapshot { id, arn } => {
            let reference = reference(run, id, arn);
            let Some(snapshot) = aurora.find_source_snapshot(reference).await? else {
                return lost(format!(
                    "cluster snapshot {reference} is not there any more: restore another set"
                ));
            };
            let status = snapshot.status().unwrap_or("unknown");
            if is_lost_snapshot(status) {
                return lost(format!(
                    "the status of cluster snapshot {reference} is {status}: restore another set"
                ));
            }
            let (engine, version) = (snapshot.engine(), snapshot.engine_version());
            let (engine, version) = (engine.unwrap_or_default(), version.unwrap_or_default());
            let Some(version) = aurora.offered(engine, version).await? else {
                return lost(format!(
                    "cluster snapshot {reference} is of {engine} {version}, which AWS does not offer any more, nor a version \
                     of the same major version to upgrade it to: restore it by hand to a newer major version"
                ));
            };
            aurora.create_parameter_groups(run, plan).await?;
            aurora
                .restore_from_snapshot(run, plan, &snapshot, reference, &version)
                .await?
        }
        Source::ClusterAt {
            cluster,
            resource_id,
            at,
        } => {
            aurora.create_parameter_groups(run, plan).await?;
            aurora
                .restore_to_point_in_time(run, plan, cluster, resource_id.as_deref(), *at)
                .await?
        }
        other => return lost(format!("a cluster cannot be restored from {other:?}")),
    };
    if let Some(phase) = waits {
        return Ok(RestoreProgress::LacksCapacity {
            stage: COPYING,
            phase,
            lacking: vec![plan.copy.to_owned()],
            in_any_zone: Vec::new(),
            made: None,
        });
    }
    Ok(RestoreProgress::InProgress {
        stage: Some(COPYING),
        phase: format!("cluster {} is being restored", plan.copy),
        percent: None,
        made: None,
    })
}

fn lost(reason: String) -> Result<RestoreProgress> {
    Ok(RestoreProgress::Failed { reason })
}

/// A cluster is stable if it is `available`, has no pending changes, and its managed secret exists. An unknown status counts as
/// transient: otherwise the deadline ends it.
fn cluster_state(cluster: &DbCluster) -> ClusterState {
    let id = cluster.db_cluster_identifier().unwrap_or_default();
    let status = cluster.status().unwrap_or("unknown");
    if needed_action(status).is_some() {
        return ClusterState::Lost(format!("the status of cluster {id} is {status}"));
    }
    // With instances RDS is creating them; without, it is creating the cluster, or applying requested changes.
    let stage = match status {
        _ if !cluster.db_cluster_members().is_empty() => INSTANCES,
        "creating" => COPYING,
        _ => CONFIGURING,
    };
    if status != "available" {
        return ClusterState::Busy(stage, format!("cluster {id} is {status}"));
    }
    let nothing = ClusterPendingModifiedValues::builder().build();
    if cluster
        .pending_modified_values()
        .is_some_and(|pending| *pending != nothing)
    {
        return ClusterState::Busy(stage, format!("cluster {id} has changes pending"));
    }
    let secret = cluster.master_user_secret().and_then(|secret| secret.secret_status());
    match secret {
        Some("creating") => ClusterState::Busy(stage, format!("the master secret of cluster {id} is being created")),
        _ => ClusterState::Stable,
    }
}

fn percent(cluster: &DbCluster) -> Option<f64> {
    let percent = cluster.percent_progress().and_then(|percent| percent.parse().ok());
    percent.filter(|percent| (0.0..=100.0).contains(percent))
}
