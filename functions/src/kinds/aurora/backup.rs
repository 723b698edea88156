//! How a cluster is backed up: as a manual snapshot, under a name that follows from the set.

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
    /// RDS snapshots an `available` cluster only.
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

    /// The snapshot's name is the same in every try, so RDS makes no second one. That the cluster is `available` is
    /// asked only when there is none yet: our own snapshot may be what keeps it `backing-up`. The new one is described
    /// before it is answered, so a later look that does not find it means that it was deleted.
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

    /// By its name. What bears the name without being ours is none.
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
            })),
            // A status that nothing here knows is under way: the deadline ends it.
            _ => Ok(Progress::InProgress {
                percent: Some(f64::from(percent)),
            }),
        }
    }

    /// RDS cannot stop a snapshot that is being made; retention deletes it once it is `available`.
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
                // It is still being made, or being copied.
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

/// A snapshot by our name, as ours, where its tags and its source say that it is.
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
        // RDS has no time of acceptance, and may leave this one out of a snapshot that has only just begun.
        started_at: captured_at(snapshot).unwrap_or(run.started_at),
    })
}

/// Ours is a snapshot of this cluster that carries this run's tags.
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

/// A finished snapshot that bears our tags, for the rebuilding of a catalog.
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

/// A snapshot holds the cluster volume as it was when the snapshot was created, however long its making takes.
fn captured_at(snapshot: &DbClusterSnapshot) -> Option<Timestamp> {
    snapshot.snapshot_create_time().and_then(timestamp)
}

/// The allocated storage, in bytes. Aurora answers 0 or 1 GiB where it does not account for it: 0 is no size.
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
fn snapshot_of(point: &RecoveryPoint) -> Result<(&str, &str)> {
    match point {
        RecoveryPoint::ClusterSnapshot { id, arn } => Ok((id, arn)),
        _ => Err(wrong_point(KIND, point)),
    }
}
