//! The rename of a cluster: the old cluster gets a side name, then the copy gets its name; applications that use the cluster's host name follow.
//! Nothing is deleted. The clusters are distinguished by `DbClusterResourceId`, which a rename does not change.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbCluster, Filter};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws::lazy::Lazy;
use crate::aws::{clusters, code, failure};
use crate::domain::descriptor::Switch;
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::reference::Reference;
use crate::domain::resource::Target;
use crate::domain::restore::item::{CreatedResource, RestoreItem};
use crate::domain::restore::plan::Destination;
use crate::domain::restore::switch_progress::SwitchProgress;
use crate::error::{Error, Fault, Result};
use crate::switches::facts::is_ours;
use crate::switches::switch::{SwitchDriver, fault};

/// RDS's longest identifier.
const LONGEST: usize = 63;

pub struct ClusterRenames {
    clusters: Lazy<Client>,
}

/// The names before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct RenameRecord {
    /// The name that applications use.
    cluster: String,
    /// The old cluster's name afterwards.
    side: String,
    /// The copy's name before.
    copy: String,
    /// `DbClusterResourceId` of the old cluster; `None` if it is deleted.
    old: Option<String>,
    /// `DbClusterResourceId` of the copy.
    new: String,
}

/// A cluster, and the name that it gets.
struct ClusterRename<'a> {
    resource_id: &'a str,
    from: &'a str,
    to: &'a str,
}

impl ClusterRenames {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            clusters: Lazy::new(aws, Client::new),
        }
    }

    /// Renames one cluster after the other. A cluster that has neither name was renamed by someone else.
    async fn rename_all(&self, moves: &[ClusterRename<'_>]) -> Result<SwitchProgress> {
        let ids = moves.iter().map(|of| of.resource_id.to_owned()).collect();
        let filter = Filter::builder()
            .name("db-cluster-resource-id")
            .set_values(Some(ids))
            .build();
        let answer = self.clusters.describe_db_clusters().filters(filter).send().await;
        let answer = answer.map_err(|error| failure("describing the clusters to rename:", moves[0].to, error))?;
        for of in moves {
            let found = answer
                .db_clusters()
                .iter()
                .find(|cluster| cluster.db_cluster_resource_id() == Some(of.resource_id));
            let Some(found) = found else {
                return Err(gone(of));
            };
            let name = found.db_cluster_identifier().unwrap_or_default();
            if let Some(phase) = change_in_progress(found, name) {
                return Ok(underway(phase));
            }
            if name == of.to {
                continue;
            }
            if name != of.from {
                return Err(Error::Conflict(format!(
                    "renaming cluster {} to {}: somebody renamed it to {name} meanwhile. Give it the name that it should have",
                    of.from, of.to
                )));
            }
            return self.rename(of, moves).await;
        }
        Ok(SwitchProgress::Done(json!({ "cluster": moves[moves.len() - 1].to })))
    }

    async fn rename(&self, cluster: &ClusterRename<'_>, moves: &[ClusterRename<'_>]) -> Result<SwitchProgress> {
        let asked = self
            .clusters
            .modify_db_cluster()
            .db_cluster_identifier(cluster.from)
            .new_db_cluster_identifier(cluster.to)
            .apply_immediately(true)
            .send()
            .await;
        let phase = format!("cluster {} is being renamed to {}", cluster.from, cluster.to);
        match asked {
            Ok(_) => Ok(underway(phase)),
            Err(error) if code(&error) == Some("DBClusterAlreadyExistsFault") => {
                // A name that an earlier rename freed stays taken for a moment, by one of these clusters or by none.
                let holder = clusters::find(&self.clusters, cluster.to).await?;
                let id = holder.as_ref().and_then(DbCluster::db_cluster_resource_id);
                if holder.is_none() || moves.iter().any(|other| Some(other.resource_id) == id) {
                    return Ok(underway(format!("{phase} as soon as that name is free")));
                }
                Err(failure(
                    "renaming cluster",
                    &format!("{} to {}", cluster.from, cluster.to),
                    error,
                ))
            }
            Err(error) => match failure(
                "renaming cluster",
                &format!("{} to {}", cluster.from, cluster.to),
                error,
            ) {
                // Any other operation ends by itself; or an earlier call of this switch is being carried out.
                Error::NotReady(_) => Ok(underway(phase)),
                error => Err(error),
            },
        }
    }
}

#[async_trait]
impl SwitchDriver for ClusterRenames {
    async fn preflight(&self, run: &Run, switch: &Switch, item: &RestoreItem) -> Result<Vec<Fault>> {
        let (Target::Aurora { cluster }, Destination::Cluster { .. }) =
            (&item.planned.resource.target, &item.planned.destination)
        else {
            let value = format!(
                "{} of kind {}",
                item.planned.resource.name,
                item.planned.resource.target.kind()
            );
            return Ok(vec![fault(
                switch,
                "resource",
                value,
                "a cluster: nothing else is renamed",
            )]);
        };
        let side_name = side_name(run, cluster);
        Ok(match clusters::find(&self.clusters, &side_name).await? {
            None => Vec::new(),
            Some(_) => vec![fault(
                switch,
                "resource",
                format!("{cluster}, whose side name {side_name} is taken,"),
                "a free side name: rename or remove that cluster, or start the restore again",
            )],
        })
    }

    /// The name is the resource's own: it refers to nothing else.
    async fn reference(&self, _: &Switch, _: &Target) -> Result<Reference> {
        Ok(Reference::Unrelated)
    }

    async fn observe(&self, run: &Run, switch: &Switch, item: &RestoreItem) -> Result<Value> {
        let (Target::Aurora { cluster }, Some(CreatedResource::Cluster { cluster: copy, .. })) =
            (&item.planned.resource.target, &item.created)
        else {
            return Err(Error::invalid(
                format!("cut_over.{}.resource", switch.name),
                &item.planned.resource.name,
                "a cluster that was restored",
            ));
        };
        let new = clusters::find(&self.clusters, copy)
            .await?
            .filter(|found| is_ours(found, item));
        let Some(new) = new.and_then(|found| found.db_cluster_resource_id) else {
            return Err(Error::NotFound(format!(
                "renaming cluster {copy} to {cluster}: there is no {copy} that restore {} created. Switch by hand",
                item.restore
            )));
        };
        let old = clusters::find(&self.clusters, cluster).await?;
        let before = RenameRecord {
            cluster: cluster.clone(),
            side: side_name(run, cluster),
            copy: copy.clone(),
            old: old.and_then(|found| found.db_cluster_resource_id),
            new,
        };
        Ok(json!(before))
    }

    async fn apply(&self, _: &Run, _: &Switch, _: &RestoreItem, before: &Value, _: &Value) -> Result<SwitchProgress> {
        let before = read(before)?;
        let aside = before.old.as_deref().map(|old| ClusterRename {
            resource_id: old,
            from: &before.cluster,
            to: &before.side,
        });
        let into_place = ClusterRename {
            resource_id: &before.new,
            from: &before.copy,
            to: &before.cluster,
        };
        let moves: Vec<ClusterRename> = aside.into_iter().chain([into_place]).collect();
        self.rename_all(&moves).await
    }

    async fn revert(
        &self,
        _: &Run,
        _: &Switch,
        _: &RestoreItem,
        before: &Value,
        _: &Value,
        _: &Value,
    ) -> Result<SwitchProgress> {
        let before = read(before)?;
        let out = ClusterRename {
            resource_id: &before.new,
            from: &before.cluster,
            to: &before.copy,
        };
        let back = before.old.as_deref().map(|old| ClusterRename {
            resource_id: old,
            from: &before.side,
            to: &before.cluster,
        });
        let moves: Vec<ClusterRename> = [out].into_iter().chain(back).collect();
        self.rename_all(&moves).await
    }
}

/// `<cluster>-before-<suffix>`: a cluster's name once its copy has the original name.
fn side_name(run: &Run, cluster: &str) -> String {
    names::copy_of(cluster, &format!("before-{}", names::suffix(run)), LONGEST)
}

fn read(before: &Value) -> Result<RenameRecord> {
    serde_json::from_value(before.clone()).map_err(|error| {
        Error::VerificationFailed(format!(
            "reading the state before a rename: {error}. Rename the clusters by hand"
        ))
    })
}

/// The operation in progress on a cluster, as text; `None` if it is available and nothing is pending.
fn change_in_progress(cluster: &DbCluster, name: &str) -> Option<String> {
    let status = cluster.status().unwrap_or("in an unknown state");
    if status != "available" {
        return Some(format!("cluster {name} is {status}"));
    }
    let waiting = cluster.pending_modified_values()?.db_cluster_identifier()?;
    Some(format!("cluster {name} waits to become {waiting}"))
}

fn underway(phase: String) -> SwitchProgress {
    SwitchProgress::Underway {
        phase,
        noted: Value::Null,
    }
}

fn gone(of: &ClusterRename<'_>) -> Error {
    Error::NotFound(format!(
        "renaming cluster {} to {}: it is gone (resource id {}). See what deleted it, and which cluster should have the name",
        of.from, of.to, of.resource_id
    ))
}
