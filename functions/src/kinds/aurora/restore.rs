//! `aurora`: how a cluster is restored, always as a new cluster.

use async_trait::async_trait;
use aws_sdk_rds::types::DbCluster;
use serde_json::Value;

use super::wanted::{Wanted, tagged_by};
use super::{Aurora, comparing, foreseeing, restoring, undoing};
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::domain::resource::Resource;
use crate::domain::restore::item::{Advance, Item, Made, Undoing};
use crate::domain::restore::verdict::Check;
use crate::domain::set::Sample;
use crate::error::{Error, Result};
use crate::kinds::whose::{Whose, whose};
use crate::kinds::{Foreseen, Restore};

#[async_trait]
impl Restore for Aurora {
    async fn foresee(&self, run: &Run, item: &Item) -> Result<Foreseen> {
        foreseeing::foresee(self, run, item).await
    }

    async fn advance(&self, run: &Run, item: &Item) -> Result<Advance> {
        restoring::advance(self, run, item).await
    }

    async fn undo(&self, run: &Run, item: &Item) -> Result<Undoing> {
        undoing::undo(self, run, item).await
    }

    async fn compare(&self, run: &Run, item: &Item, _: bool) -> Result<Vec<Check>> {
        comparing::compare(self, run, item).await
    }

    /// A cluster's data is compared by the deployment's probes.
    async fn sample(&self, _: &Resource, _: &Value) -> Result<Option<Sample>> {
        Ok(None)
    }
}

impl Aurora {
    /// The cluster of that name, if there is one.
    pub(super) async fn described(&self, cluster: &str) -> Result<Option<DbCluster>> {
        let answer = self
            .rds
            .describe_db_clusters()
            .db_cluster_identifier(cluster)
            .send()
            .await;
        match answer {
            Ok(found) => Ok(found.db_clusters.unwrap_or_default().into_iter().next()),
            Err(error) if code(&error) == Some("DBClusterNotFoundFault") => Ok(None),
            Err(error) => Err(failure("describing cluster", cluster, error)),
        }
    }
}

/// Whether a cluster is the copy that this run makes.
pub fn is_ours(cluster: &DbCluster, run: &Run, wanted: &Wanted<'_>) -> bool {
    tagged_by(cluster.tag_list(), run, wanted.resource)
}

/// The same, of one that may not show its tags yet.
pub fn whose_cluster(cluster: &DbCluster, run: &Run, wanted: &Wanted<'_>) -> Whose {
    let untagged = cluster.tag_list().is_empty();
    whose(
        run,
        is_ours(cluster, run, wanted),
        untagged,
        cluster.cluster_create_time(),
    )
}

/// The copy's name belongs to something else.
pub fn taken(what: &str, name: &str) -> Error {
    Error::Conflict(format!(
        "restoring into {what} {name}: it exists already, without this restore's tags, and is left alone. Rename or delete \
         it, or start a new restore with another suffix"
    ))
}

pub fn made(cluster: &DbCluster) -> Made {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let secret = cluster.master_user_secret().and_then(|secret| secret.secret_arn());
    Made::Cluster {
        cluster: text(cluster.db_cluster_identifier()),
        arn: text(cluster.db_cluster_arn()),
        host: text(cluster.endpoint()),
        reader_host: text(cluster.reader_endpoint()),
        port: cluster
            .port()
            .and_then(|port| u16::try_from(port).ok())
            .unwrap_or_default(),
        master_secret: secret.map(str::to_owned),
        master_username: cluster.master_username().map(str::to_owned),
        resource_id: cluster.db_cluster_resource_id().map(str::to_owned),
        iam_authentication: cluster.iam_database_authentication_enabled().unwrap_or_default(),
    }
}
