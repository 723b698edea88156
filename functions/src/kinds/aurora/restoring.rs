//! Making the copy of a cluster, a step a look, in the order of AWS's own handler (CloudFormation's `AWS::RDS::DBCluster`):
//! restore, wait until stable, modify, wait, roles, Data API; then instances, endpoints, scaling, and deletion protection
//! last of all.

use aws_sdk_rds::types::{ClusterPendingModifiedValues, DbCluster};

use super::configuring::Asked;
use super::restore::{made, taken, whose_cluster};
use super::wanted::Wanted;
use super::{Aurora, LOST as LOST_SNAPSHOT, foreseeing, instances};
use crate::domain::job::Run;
use crate::domain::restore::item::{Advance, Item};
use crate::domain::restore::plan::Source;
use crate::error::{Error, Result};
use crate::kinds::whose::{Whose, untold};

/// Cluster statuses out of which no copy comes any more (the terminal ones of CloudFormation's handler, and those that
/// somebody brings about).
const LOST: &[&str] = &[
    "cloning-failed",
    "deleting",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-network",
    "incompatible-parameters",
    "incompatible-restore",
    "migration-failed",
    "restore-failed",
    "stopped",
];

/// What RDS is at work on, each timed by itself: the cluster, its settings, its instances, and what comes when they are there.
const COPYING: &str = "copying";
const CONFIGURING: &str = "configuring";
const INSTANCES: &str = "instances";
const FINISHING: &str = "finishing";

/// Where a cluster is.
enum Seen {
    Stable,
    /// At work on a stage, in words.
    Busy(&'static str, String),
    Lost(String),
}

pub async fn advance(aurora: &Aurora, run: &Run, item: &Item) -> Result<Advance> {
    let wanted = Wanted::of(item)?;
    let Some(cluster) = aurora.described(wanted.target).await? else {
        return begin(aurora, run, &wanted).await;
    };
    let whose = whose_cluster(&cluster, run, &wanted);
    if whose == Whose::Anothers {
        return Err(taken("cluster", wanted.target));
    }
    let underway = |stage: &'static str, phase: String| {
        Ok(Advance::InProgress {
            stage: Some(stage),
            phase,
            percent: percent(&cluster),
            made: Some(made(&cluster)),
        })
    };
    let waiting = |stage: &'static str, asked: Asked| {
        let phase = asked.waits_for.join("; ");
        if asked.settings.is_empty() && asked.refused.is_empty() {
            return underway(stage, phase);
        }
        Ok(Advance::Asked {
            stage,
            settings: asked.settings,
            refused: asked.refused,
            phase,
            made: made(&cluster),
        })
    };
    if whose == Whose::Untold {
        return underway(COPYING, untold(&format!("cluster {}", wanted.target)));
    }
    match seen(&cluster) {
        Seen::Stable => {}
        Seen::Busy(stage, phase) => return underway(stage, phase),
        Seen::Lost(reason) => return Ok(Advance::Failed { reason }),
    }
    let configuring = aurora.configure(&wanted, &cluster).await?;
    if !configuring.waits_for.is_empty() {
        return waiting(CONFIGURING, configuring);
    }
    let mut asked = aurora.attach(&wanted, &cluster).await?;
    let there = aurora.instances(wanted.target).await?;
    let mut without = Vec::new();
    match aurora.make_instances(run, &wanted, &cluster, &there).await {
        Ok(Ok(making)) => {
            if cluster.db_cluster_members().is_empty() && making.created {
                aurora.ask_once(&wanted, &cluster).await?;
            }
            without = making.without;
            asked.waits_for.extend(making.waits_for);
            if making.short && asked.settings.is_empty() {
                return Ok(Advance::Short {
                    stage: INSTANCES,
                    phase: asked.waits_for.join("; "),
                    in_any_zone: making.in_any_zone,
                    made: Some(made(&cluster)),
                });
            }
        }
        Ok(Err(reason)) => return Ok(Advance::Failed { reason }),
        // The cluster became busy with what was asked of it just now.
        Err(Error::NotReady(_)) if !asked.waits_for.is_empty() => {}
        Err(error) => return Err(error),
    }
    if !asked.waits_for.is_empty() {
        return waiting(INSTANCES, asked);
    }
    let endpoints = aurora.make_endpoints(run, &wanted, &there).await?;
    let mut remarks = foreseeing::remarks(&wanted);
    remarks.extend(aurora.scale(run, &wanted).await?);
    let protection = aurora.protect(&wanted, &cluster).await?;
    let finishing = Asked {
        settings: protection.settings,
        refused: Vec::new(),
        waits_for: endpoints.into_iter().chain(protection.waits_for).collect(),
    };
    if !finishing.waits_for.is_empty() {
        return waiting(FINISHING, finishing);
    }
    remarks.extend(instances::left_out(&wanted, &without));
    remarks.extend(Aurora::in_vain(&wanted, &cluster));
    remarks.extend(instances::elsewhere(&wanted, &there));
    Ok(Advance::Restored {
        made: made(&cluster),
        remarks,
    })
}

/// Asks for the cluster. What it came to is seen by the next look.
async fn begin(aurora: &Aurora, run: &Run, wanted: &Wanted<'_>) -> Result<Advance> {
    let waits = match wanted.from {
        Source::ClusterSnapshot { id, arn } => {
            let reference = foreseeing::reference(run, id, arn);
            let Some(snapshot) = aurora.source_snapshot(reference).await? else {
                return lost(format!(
                    "cluster snapshot {reference} is not there any more: restore another set"
                ));
            };
            let status = snapshot.status().unwrap_or("unknown");
            if LOST_SNAPSHOT.contains(&status) {
                return lost(format!(
                    "the status of cluster snapshot {reference} is {status}: restore another set"
                ));
            }
            let (engine, version) = (snapshot.engine(), snapshot.engine_version());
            let (engine, version) = (engine.unwrap_or_default(), version.unwrap_or_default());
            let Some(version) = aurora.offered(engine, version).await? else {
                return lost(format!(
                    "cluster snapshot {reference} is of {engine} {version}, which AWS offers no more, nor any version of \
                     the same major to which it could be upgraded: restore it by hand to a newer major version"
                ));
            };
            aurora.make_groups(run, wanted).await?;
            aurora
                .make_from_snapshot(run, wanted, &snapshot, reference, &version)
                .await?
        }
        Source::ClusterAt {
            cluster,
            resource_id,
            at,
        } => {
            aurora.make_groups(run, wanted).await?;
            aurora
                .make_at(run, wanted, cluster, resource_id.as_deref(), *at)
                .await?
        }
        other => return lost(format!("a cluster cannot be restored from {other:?}")),
    };
    if let Some(phase) = waits {
        return Ok(Advance::Short {
            stage: COPYING,
            phase,
            in_any_zone: Vec::new(),
            made: None,
        });
    }
    Ok(Advance::InProgress {
        stage: Some(COPYING),
        phase: format!("cluster {} is being restored", wanted.target),
        percent: None,
        made: None,
    })
}

fn lost(reason: String) -> Result<Advance> {
    Ok(Advance::Failed { reason })
}

/// Stable is a cluster that is `available`, has nothing pending, and whose managed secret is there. A status that nothing
/// here knows ends by itself: the deadline ends it otherwise.
fn seen(cluster: &DbCluster) -> Seen {
    let id = cluster.db_cluster_identifier().unwrap_or_default();
    let status = cluster.status().unwrap_or("unknown");
    if LOST.contains(&status) {
        return Seen::Lost(format!("the status of cluster {id} is {status}"));
    }
    // With instances it is at work on them; without, it is being made, or what was asked of it since is being done.
    let stage = match status {
        _ if !cluster.db_cluster_members().is_empty() => INSTANCES,
        "creating" => COPYING,
        _ => CONFIGURING,
    };
    if status != "available" {
        return Seen::Busy(stage, format!("cluster {id} is {status}"));
    }
    let nothing = ClusterPendingModifiedValues::builder().build();
    if cluster
        .pending_modified_values()
        .is_some_and(|pending| *pending != nothing)
    {
        return Seen::Busy(stage, format!("cluster {id} has changes pending"));
    }
    let secret = cluster.master_user_secret().and_then(|secret| secret.secret_status());
    match secret {
        Some("creating") => Seen::Busy(stage, format!("the master secret of cluster {id} is being created")),
        _ => Seen::Stable,
    }
}

fn percent(cluster: &DbCluster) -> Option<f64> {
    let percent = cluster.percent_progress().and_then(|percent| percent.parse().ok());
    percent.filter(|percent| (0.0..=100.0).contains(percent))
}
