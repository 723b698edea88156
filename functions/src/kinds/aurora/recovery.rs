//! What RDS can restore a cluster from now: its continuous backup, the backup that was retained of a deleted cluster, or a manual
//! snapshot that Holdfast created.

use async_trait::async_trait;
use aws_sdk_rds::types::{DbClusterAutomatedBackup, DbClusterSnapshot};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::backup::snapshot_of;
use super::clusters::find_cluster;
use super::{Aurora, KIND};
use crate::aws::{code, failure};
use crate::domain;
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::resource::{RecoveryPoint, Resource, Target};
use crate::domain::restore::naming::{Naming, Overrides};
use crate::domain::restore::plan::{Destination, Source};
use crate::domain::restore::retained_backups::{ContinuousBackup, RetainedBackup, RetainedBackups, newest};
use crate::domain::restore::set_selection::RecoveryWindow;
use crate::error::Result;
use crate::kinds::shared::wrong_target_of;
use crate::kinds::{Recovery, timestamp};

/// RDS's longest `DBClusterIdentifier`.
const LONGEST: usize = 63;

#[async_trait]
impl Recovery for Aurora {
    async fn exists(&self, target: &Target) -> Result<bool> {
        Ok(find_cluster(&self.rds, cluster(target)?).await?.is_some())
    }

    async fn continuous_backup(&self, target: &Target) -> Result<Option<ContinuousBackup>> {
        let cluster = cluster(target)?;
        let Some(found) = find_cluster(&self.rds, cluster).await? else {
            return self.retained(cluster).await;
        };
        let earliest = found.earliest_restorable_time().and_then(timestamp);
        let latest = found.latest_restorable_time().and_then(timestamp);
        Ok(earliest
            .zip(latest)
            .map(|(earliest, latest)| continuous(cluster, None, RecoveryWindow { earliest, latest })))
    }

    async fn retained_backups(
        &self,
        deployment: &str,
        target: &Target,
        before: Option<Timestamp>,
    ) -> Result<RetainedBackups> {
        let continuous = self.continuous_backup(target).await?;
        let found = match continuous.and_then(|continuous| continuous.newest(&domain::kinds::aurora::Aurora, before)) {
            Some(found) => Some(found),
            None => newest(self.finished_snapshots(deployment, cluster(target)?).await?, before),
        };
        let needed = "a retained automated backup, or a manual snapshot with this deployment's tags";
        let found = found.ok_or_else(|| needed.to_owned());
        Ok(RetainedBackups::Found(vec![(target.identifier().to_owned(), found)]))
    }

    async fn destination(&self, _: &Run, resource: &Resource, naming: &Naming<'_>) -> Result<Destination> {
        Ok(Destination::Cluster {
            cluster: naming.of_copy(cluster(&resource.target)?, LONGEST),
        })
    }

    async fn lost(&self, point: &RecoveryPoint) -> Result<Option<String>> {
        let (id, _) = snapshot_of(point)?;
        let found = self.find_snapshot(id).await?;
        let status = found
            .as_ref()
            .map(|snapshot| snapshot.status().unwrap_or("without a status"));
        Ok(match status {
            Some("available") => None,
            Some(status) => Some(format!("cluster snapshot {id} is {status}, not available")),
            None => Some(format!("cluster snapshot {id} is not there any more: it was deleted")),
        })
    }

    fn overridden(&self, mut configuration: Value, overrides: &Overrides<'_>) -> Value {
        let Overrides {
            instance_class,
            ca_certificate,
        } = overrides;
        // For the one instance of a copy whose source was not captured.
        if let (Value::Null, Some(class)) = (&configuration, instance_class) {
            return json!({ "InstanceClass": class });
        }
        let instances = configuration.get_mut("DBInstances").and_then(Value::as_array_mut);
        for instance in instances.into_iter().flatten() {
            if let Some(class) = instance_class {
                instance["DBInstanceClass"] = json!(class);
            }
            if let Some(authority) = ca_certificate {
                instance["CACertificateIdentifier"] = json!(authority);
                if instance["CertificateDetails"].is_object() {
                    instance["CertificateDetails"]["CAIdentifier"] = json!(authority);
                }
            }
        }
        configuration
    }
}

impl Aurora {
    /// The newest continuous backup that was retained of a deleted cluster of this name.
    async fn retained(&self, cluster: &str) -> Result<Option<ContinuousBackup>> {
        let call = self.rds.describe_db_cluster_automated_backups();
        let mut pages = call.db_cluster_identifier(cluster).into_paginator().items().send();
        let mut newest: Option<ContinuousBackup> = None;
        while let Some(found) = pages.next().await {
            match found {
                Ok(found) => {
                    let found = retained(cluster, &found);
                    let newer = |found: &ContinuousBackup| {
                        newest
                            .as_ref()
                            .is_none_or(|held| found.window.latest > held.window.latest)
                    };
                    newest = found.filter(newer).or(newest);
                }
                Err(error) if code(&error) == Some("DBClusterAutomatedBackupNotFoundFault") => break,
                Err(error) => return Err(failure("listing the retained backups of cluster", cluster, error)),
            }
        }
        Ok(newest)
    }

    /// The finished manual snapshots of a cluster that carry this deployment's tags.
    async fn finished_snapshots(&self, deployment: &str, cluster: &str) -> Result<Vec<RetainedBackup>> {
        let call = self.rds.describe_db_cluster_snapshots();
        let call = call.db_cluster_identifier(cluster).snapshot_type("manual");
        let mut pages = call.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(snapshot) = pages.next().await {
            let snapshot = snapshot.map_err(|error| failure("listing the snapshots of cluster", cluster, error))?;
            found.extend(finished(deployment, &snapshot));
        }
        Ok(found)
    }
}

fn cluster(target: &Target) -> Result<&str> {
    match target {
        Target::Aurora { cluster } => Ok(cluster),
        other => Err(wrong_target_of(KIND, other)),
    }
}

fn continuous(cluster: &str, resource_id: Option<String>, window: RecoveryWindow) -> ContinuousBackup {
    ContinuousBackup {
        window,
        source: Source::ClusterAt {
            cluster: cluster.to_owned(),
            resource_id,
            at: None,
        },
    }
}

fn retained(cluster: &str, backup: &DbClusterAutomatedBackup) -> Option<ContinuousBackup> {
    let window = backup.restore_window()?;
    let window = RecoveryWindow {
        earliest: window.earliest_time().and_then(timestamp)?,
        latest: window.latest_time().and_then(timestamp)?,
    };
    let id = backup.db_cluster_resource_id()?.to_owned();
    Some(continuous(cluster, Some(id), window))
}

fn finished(deployment: &str, snapshot: &DbClusterSnapshot) -> Option<RetainedBackup> {
    let ours =
        |tag: &aws_sdk_rds::types::Tag| tag.key() == Some(names::TAG_DEPLOYMENT) && tag.value() == Some(deployment);
    if snapshot.status() != Some("available") || !snapshot.tag_list().iter().any(ours) {
        return None;
    }
    Some(RetainedBackup {
        source: Source::ClusterSnapshot {
            id: snapshot.db_cluster_snapshot_identifier()?.to_owned(),
            arn: snapshot.db_cluster_snapshot_arn()?.to_owned(),
        },
        captured_at: snapshot.snapshot_create_time().and_then(timestamp)?,
        size_bytes: None,
    })
}
