//! What a backup asks about clusters: their endpoints, and the quota of their snapshots.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{Aurora, KIND};
use crate::aws::{clusters, failure};
use crate::domain::kinds::aurora;
use crate::domain::probe::{self, Endpoint};
use crate::domain::resource::Target;
use crate::error::{Error, Result};
use crate::kinds::shared::{WITH_PATTERNS, unsupported, wrong_target_of};
use crate::kinds::{BackupQuota, Discovery};

/// RDS's name for the quota (DescribeAccountAttributes).
const MANUAL_SNAPSHOTS: &str = "ManualClusterSnapshots";

#[async_trait]
impl Discovery for Aurora {
    async fn matching(&self, pattern: &Target) -> Result<Vec<String>> {
        Err(unsupported(pattern, WITH_PATTERNS))
    }

    async fn copies(&self) -> Result<BTreeSet<String>> {
        Ok(BTreeSet::new())
    }

    /// The writer's.
    async fn endpoint(&self, target: &Target) -> Result<Endpoint> {
        let cluster = aurora::cluster(target).ok_or_else(|| wrong_target_of(KIND, target))?;
        let found = clusters::describe(&self.rds, "looking up the endpoint of cluster", cluster).await?;
        if let Some(engine) = found.engine() {
            probe::ensure_countable(cluster, engine)?;
        }
        match (found.endpoint(), found.port().and_then(|port| u16::try_from(port).ok())) {
            (Some(host), Some(port)) => Ok(Endpoint {
                host: host.to_owned(),
                port,
            }),
            _ => Err(Error::NotFound(format!(
                "looking up the endpoint of cluster {cluster}: it has none. Give it an instance, or remove the probe"
            ))),
        }
    }

    async fn backup_quota(&self) -> Result<Option<BackupQuota>> {
        let answer = self.rds.describe_account_attributes().send().await;
        let answer = answer.map_err(|error| failure("describing the quotas of", "the account", error))?;
        let quota = answer
            .account_quotas()
            .iter()
            .find(|quota| quota.account_quota_name() == Some(MANUAL_SNAPSHOTS));
        let number = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        Ok(quota.and_then(|quota| {
            Some(BackupQuota {
                used: number(quota.used())?,
                most: number(quota.max())?,
            })
        }))
    }
}
