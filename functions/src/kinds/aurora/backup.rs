//! Backs up a cluster as a manual snapshot, whose name is derived from the set.

use async_trait::async_trait;
use aws_sdk_rds::types::{DbClusterSnapshot, Tag};
use jiff::Timestamp;
use serde_json::Value;

use super::clusters::describe_cluster;
use super::statuses::{is_lost_snapshot, needed_action};
use super::{Aurora, KIND, capture, cluster};
use crate::aws::{code, failure};
use crate::domain::catalog_rebuild::TaggedPoint;
use crate::domain::job::{Finished, Progress, Run};
use crate::domain::names;
use crate::domain::resource::{RecoveryPoint, Resource, Target};
use crate::error::{Error, Result};
use crate::kinds::ownership::{Ownership, not_tagged_yet, ownership};
use crate::kinds::shared::{ensure_ours, refused, tagged_by, timestamp, wrong_point};
use crate::kinds::{Backup, Deletion, StartedBackup};

impl Aurora {
    /// RDS only snapshots a cluster that is `available`.
    async fn ensure_available(&self, cluster: &str) -> Result<()> {
        let found = describe_cluster(&self.rds, cluster).await?;
        let status = found.status().unwrap_or("unknown");
        let seen =
            format!("snapshotting cluster {cluster}: its status is {status}, and only an available cluster can be");
        match needed_action(status) {
            _ if status == "available" => Ok(()),
            Some(next) => Err(Error::JobFailed(format!("{seen}. {next}, then start a new run"))),
            None => Err(Error::NotReady(format!(
                "{seen}. Trying again helps when that has ended"
            ))),
        }
    }
}

#[async_trait]
impl Backup for Aurora {
    async fn capture(&self, resource: &Resource) -> Result<Value> {
        capture::capture(&self.rds, &self.autoscaling, &resource.name, cluster(resource)?).await
    }

    /// The snapshot's name is the same in every attempt, so RDS creates no second one. Whether the cluster is `available` is
    /// checked only if there is no snapshot yet: this run's own snapshot may be the reason for `backing-up`. The new snapshot is
    /// described before this returns, so if a later poll does not find it, it was deleted.
    async fn back_up(&self, run: &Run, resource: &Resource) -> Result<StartedBackup> {
        let cluster = cluster(resource)?;
        let id = names::recovery_point(&run.id, &resource.name);
        if let Some(snapshot) = self.find_snapshot(&id).await? {
            return adopt(run, resource, cluster, &snapshot);
        }
        self.ensure_available(cluster).await?;
        let tags = names::tags(&run.deployment, &run.id, &resource.name)
            .map(|(key, value)| Tag::builder().key(key).value(value).build());
        let created = self
            .rds
            .create_db_cluster_snapshot()
            .db_cluster_snapshot_identifier(&id)
            .db_cluster_identifier(cluster)
            .set_tags(Some(tags.into()))
            .send()
            .await;
        if let Err(error) = created
            && code(&error) != Some("DBClusterSnapshotAlreadyExistsFault")
        {
            return Err(failure("snapshotting cluster", cluster, error));
        }
        match self.find_snapshot(&id).await? {
            Some(snapshot) => adopt(run, resource, cluster, &snapshot),
            None => Err(Error::Unavailable(format!(
                "snapshotting cluster {cluster}: RDS accepted snapshot {id} but does not show it yet. It is looked for again"
            ))),
        }
    }

    /// By its name. A snapshot of that name that is not this run's does not count.
    async fn find(&self, run: &Run, resource: &Resource) -> Result<Option<RecoveryPoint>> {
        let cluster = cluster(resource)?;
        let id = names::recovery_point(&run.id, &resource.name);
        let snapshot = self.find_snapshot(&id).await?;
        match snapshot.map(|snapshot| (snapshot_ownership(run, resource, cluster, &snapshot), snapshot)) {
            Some((Ownership::Ours, snapshot)) => Ok(Some(point(&snapshot))),
            Some((Ownership::Untagged, _)) => Err(Error::Unavailable(format!(
                "looking for the snapshot of cluster {cluster} in set {}: {}",
                run.id,
                not_tagged_yet(&format!("snapshot {id}"))
            ))),
            Some((Ownership::Foreign, _)) | None => Ok(None),
        }
    }

    async fn poll(&self, _: &Resource, point: &RecoveryPoint) -> Result<Progress> {
        let (id, _) = snapshot_of(point)?;
        let Some(snapshot) = self.find_snapshot(id).await? else {
            return Ok(Progress::Failed {
                reason: format!("cluster snapshot {id} is not there any more: it was deleted"),
            });
        };
        let status = snapshot.status().unwrap_or("unknown");
        let percent = snapshot
            .percent_progress()
            .unwrap_or(if status == "available" { 100 } else { 0 });
        if is_lost_snapshot(status) {
            return Ok(Progress::Failed {
                reason: format!("the status of cluster snapshot {id} is {status}"),
            });
        }
        match captured_at(&snapshot) {
            Some(captured_at) if status == "available" && percent >= 100 => Ok(Progress::Succeeded(Finished {
                captured_at,
                finished_at: None,
                size_bytes: size_bytes(&snapshot),
                probes: Vec::new(),
            })),
            // An unknown status counts as in progress: the deadline ends it.
            _ => Ok(Progress::InProgress {
                percent: Some(f64::from(percent)),
            }),
        }
    }

    /// RDS cannot stop the creation of a snapshot; retention deletes it once it is `available`.
    async fn abandon(&self, point: &RecoveryPoint) -> Result<()> {
        snapshot_of(point).map(|_| ())
    }

    async fn mark_sealed(&self, point: &RecoveryPoint, points: usize) -> Result<()> {
        let (id, arn) = snapshot_of(point)?;
        let sealed = Tag::builder().key(names::TAG_SEALED).value(points.to_string()).build();
        let tagged = self
            .rds
            .add_tags_to_resource()
            .resource_name(arn)
            .tags(sealed)
            .send()
            .await;
        tagged.map_err(|error| failure("tagging cluster snapshot", id, error))?;
        Ok(())
    }

    async fn tagged(&self, _: &[Resource]) -> Result<Vec<TaggedPoint>> {
        let mut pages = self
            .rds
            .describe_db_cluster_snapshots()
            .snapshot_type("manual")
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(snapshot) = pages.next().await {
            let snapshot =
                snapshot.map_err(|error| failure("listing the cluster snapshots of", "the account", error))?;
            found.extend(tagged(&snapshot));
        }
        Ok(found)
    }

    async fn delete(&self, run: &Run, point: &RecoveryPoint) -> Result<Deletion> {
        let (id, _) = snapshot_of(point)?;
        let Some(snapshot) = self.find_snapshot(id).await? else {
            return Ok(Deletion::Gone);
        };
        ensure_ours(&format!("cluster snapshot {id}"), tags(&snapshot), run)?;
        if snapshot.status() == Some("deleting") {
            return Ok(Deletion::Underway);
        }
        if let Err(error) = self
            .rds
            .delete_db_cluster_snapshot()
            .db_cluster_snapshot_identifier(id)
            .send()
            .await
        {
            return match code(&error) {
                Some("DBClusterSnapshotNotFoundFault") => Ok(Deletion::Gone),
                // It is still being created, or being copied.
                Some("InvalidDBClusterSnapshotStateFault") => Ok(Deletion::Underway),
                _ => refused(failure("deleting cluster snapshot", id, error)),
            };
        }
        Ok(if self.find_snapshot(id).await?.is_some() {
            Deletion::Underway
        } else {
            Deletion::Gone
        })
    }
}

/// Adopts a snapshot by its name, if its tags and its source show that this run created it.
fn adopt(run: &Run, resource: &Resource, cluster: &str, snapshot: &DbClusterSnapshot) -> Result<StartedBackup> {
    let id = snapshot.db_cluster_snapshot_identifier().unwrap_or_default();
    let source = snapshot.db_cluster_identifier().unwrap_or_default();
    match snapshot_ownership(run, resource, cluster, snapshot) {
        Ownership::Ours => {}
        Ownership::Untagged => {
            let why = not_tagged_yet(&format!("snapshot {id}"));
            return Err(Error::Unavailable(format!("snapshotting cluster {cluster}: {why}")));
        }
        Ownership::Foreign => {
            return Err(Error::Conflict(format!(
                "snapshotting cluster {cluster}: snapshot {id} exists already, of cluster {source}, without this run's tags. \
                 Delete or rename it, then start a new run"
            )));
        }
    }
    Ok(StartedBackup {
        recovery_point: point(snapshot),
        // RDS does not report when it accepted the request, and may omit this time for a snapshot that has only just begun.
        started_at: captured_at(snapshot).unwrap_or(run.started_at),
    })
}

/// This run's snapshot is one of this cluster that carries this run's tags.
fn snapshot_ownership(run: &Run, resource: &Resource, cluster: &str, snapshot: &DbClusterSnapshot) -> Ownership {
    let source = snapshot.db_cluster_identifier().unwrap_or_default();
    let of_cluster = source.eq_ignore_ascii_case(cluster);
    let ours = of_cluster && tagged_by(tags(snapshot), run, resource);
    let untagged = of_cluster && snapshot.tag_list().is_empty();
    ownership(run, ours, untagged, snapshot.snapshot_create_time())
}

fn point(snapshot: &DbClusterSnapshot) -> RecoveryPoint {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    RecoveryPoint::ClusterSnapshot {
        id: text(snapshot.db_cluster_snapshot_identifier()),
        arn: text(snapshot.db_cluster_snapshot_arn()),
    }
}

/// A finished snapshot with Holdfast's tags, for a catalog rebuild.
fn tagged(snapshot: &DbClusterSnapshot) -> Option<TaggedPoint> {
    let tags = tags(snapshot);
    let of = |wanted: &str| {
        tags.iter()
            .find(|(key, _)| *key == wanted)
            .map(|(_, value)| (*value).to_owned())
    };
    if snapshot.status() != Some("available") {
        return None;
    }
    Some(TaggedPoint {
        deployment: of(names::TAG_DEPLOYMENT)?,
        set: of(names::TAG_SET)?,
        resource: Some(of(names::TAG_RESOURCE)?),
        target: Target::Aurora {
            cluster: snapshot.db_cluster_identifier()?.to_owned(),
        },
        recovery_point: point(snapshot),
        captured_at: captured_at(snapshot)?,
        size_bytes: size_bytes(snapshot),
        sealed: of(names::TAG_SEALED).and_then(|count| count.parse().ok()),
    })
}

/// A snapshot contains the cluster volume as of its creation, regardless of how long the snapshot takes.
fn captured_at(snapshot: &DbClusterSnapshot) -> Option<Timestamp> {
    snapshot.snapshot_create_time().and_then(timestamp)
}

/// The allocated storage, in bytes. Aurora returns 0 or 1 GiB if it does not account for it: 0 is not a size.
fn size_bytes(snapshot: &DbClusterSnapshot) -> Option<u64> {
    let gibibytes = u64::try_from(snapshot.allocated_storage()?).ok()?;
    (gibibytes > 0).then_some(gibibytes << 30)
}

fn tags(snapshot: &DbClusterSnapshot) -> Vec<(&str, &str)> {
    snapshot
        .tag_list()
        .iter()
        .map(|tag| (tag.key().unwrap_or_default(), tag.value().unwrap_or_default()))
        .collect()
}

/// Id and ARN.
pub(super) fn snapshot_of(point: &RecoveryPoint) -> Result<(&str, &str)> {
    match point {
        RecoveryPoint::ClusterSnapshot { id, arn } => Ok((id, arn)),
        _ => Err(wrong_point(KIND, point)),
    }
}
