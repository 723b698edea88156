//! Checks that the source of a restore exists and can be restored.

use aws_sdk_rds::types::DbCluster;
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use super::builder::PreflightBuilder;
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::domain::restore::plan::Source;
use crate::error::Result;
use crate::kinds::aurora::Aurora;
use crate::kinds::aurora::clusters::find_cluster;
use crate::kinds::aurora::snapshots::{account_and_region, reference};
use crate::kinds::aurora::statuses::{is_lost_snapshot, needed_action};
use crate::kinds::shared::timestamp;

/// A source that exists.
pub(super) struct RestoreSource {
    /// For example `cluster snapshot x`.
    pub words: String,
    pub engine: String,
    pub version: String,
    pub mode: Option<String>,
    pub key: Option<String>,
}

impl Aurora {
    /// Checks the source; `None` if a fault says why it cannot be restored from.
    pub(super) async fn check_source(
        &self,
        run: &Run,
        preflight: &mut PreflightBuilder<'_>,
    ) -> Result<Option<RestoreSource>> {
        match preflight.plan.from {
            Source::ClusterSnapshot { id, arn } => self.check_snapshot(run, preflight, id, arn).await,
            Source::ClusterAt {
                resource_id: Some(id),
                at,
                cluster,
            } => self.check_retained_backup(preflight, cluster, id, *at).await,
            Source::ClusterAt { cluster, at, .. } => self.check_continuous_backup(preflight, cluster, *at).await,
            // Already refused.
            _ => Ok(None),
        }
    }

    async fn check_snapshot(
        &self,
        run: &Run,
        preflight: &mut PreflightBuilder<'_>,
        id: &str,
        arn: &str,
    ) -> Result<Option<RestoreSource>> {
        let in_other_zones = match (account_and_region(arn), account_and_region(&run.execution)) {
            (Some((_, theirs)), Some((_, ours))) if theirs != ours => Some((theirs, ours)),
            _ => None,
        };
        if let Some((theirs, ours)) = in_other_zones {
            preflight.fault(
                "snapshot",
                format!("{id} (in {theirs})"),
                format!(
                    "a snapshot in {ours}: aws rds copy-db-cluster-snapshot --region {ours} --source-region {theirs} \
                     --source-db-cluster-snapshot-identifier {arn} --target-db-cluster-snapshot-identifier {id} --copy-tags \
                     (and --kms-key-id with a key of {ours}, where it is encrypted)"
                ),
            );
            return Ok(None);
        }
        let reference = reference(run, id, arn);
        let Some(snapshot) = self.find_source_snapshot(reference).await? else {
            let allowed = if reference == id {
                "an existing cluster snapshot: restore another set (`holdfast sets` lists them)"
            } else {
                "a snapshot of this account, or one that its owner shares with it and its key: have it shared, or copied here"
            };
            preflight.fault("snapshot", format!("{reference} (gone)"), allowed);
            return Ok(None);
        };
        let status = snapshot.status().unwrap_or("unknown");
        if status != "available" {
            let allowed = if is_lost_snapshot(status) {
                "one that is available: restore another set"
            } else {
                "one that is available: wait until it is, then start a new restore"
            };
            preflight.fault("snapshot", format!("{reference} ({status})"), allowed);
            return Ok(None);
        }
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Ok(Some(RestoreSource {
            words: format!("cluster snapshot {reference}"),
            engine: text(snapshot.engine()),
            version: text(snapshot.engine_version()),
            mode: snapshot.engine_mode().map(str::to_owned),
            key: snapshot.kms_key_id().map(str::to_owned),
        }))
    }

    /// The continuous backup of a cluster that exists.
    async fn check_continuous_backup(
        &self,
        preflight: &mut PreflightBuilder<'_>,
        id: &str,
        at: Option<Timestamp>,
    ) -> Result<Option<RestoreSource>> {
        let Some(cluster) = find_cluster(&self.rds, id).await? else {
            preflight.fault(
                "cluster",
                format!("{id} (gone)"),
                "an existing cluster: restore from its snapshot, or from the automated backup that was retained",
            );
            return Ok(None);
        };
        let status = cluster.status().unwrap_or("unknown");
        if let Some(next) = needed_action(status) {
            preflight.fault(
                "cluster",
                format!("{id} ({status})"),
                format!("one that is available. {next}"),
            );
            return Ok(None);
        }
        check_window(preflight, id, window(&cluster), at);
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Ok(Some(RestoreSource {
            words: format!("the continuous backup of cluster {id}"),
            engine: text(cluster.engine()),
            version: text(cluster.engine_version()),
            mode: cluster.engine_mode().map(str::to_owned),
            key: cluster.kms_key_id().map(str::to_owned),
        }))
    }

    /// The automated backup that was retained of a deleted cluster.
    async fn check_retained_backup(
        &self,
        preflight: &mut PreflightBuilder<'_>,
        cluster: &str,
        id: &str,
        at: Option<Timestamp>,
    ) -> Result<Option<RestoreSource>> {
        let call = self.rds.describe_db_cluster_automated_backups();
        let backup = match call.db_cluster_resource_id(id).send().await {
            Ok(found) => found
                .db_cluster_automated_backups
                .unwrap_or_default()
                .into_iter()
                .next(),
            Err(error) if code(&error) == Some("DBClusterAutomatedBackupNotFoundFault") => None,
            Err(error) => return Err(failure("describing the automated backup of cluster", cluster, error)),
        };
        let Some(backup) = backup else {
            preflight.fault(
                "cluster",
                format!("{cluster} ({id}, without automated backups)"),
                "a deleted cluster whose automated backups were kept: restore from a snapshot",
            );
            return Ok(None);
        };
        let range = backup
            .restore_window()
            .map(|window| (window.earliest_time(), window.latest_time()));
        check_window(preflight, cluster, range.and_then(both), at);
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Ok(Some(RestoreSource {
            words: format!("the automated backup of cluster {cluster}"),
            engine: text(backup.engine()),
            version: text(backup.engine_version()),
            mode: backup.engine_mode().map(str::to_owned),
            key: backup.kms_key_id().map(str::to_owned),
        }))
    }
}

fn check_window(
    preflight: &mut PreflightBuilder<'_>,
    cluster: &str,
    window: Option<(Timestamp, Timestamp)>,
    at: Option<Timestamp>,
) {
    match (window, at) {
        (None, _) => preflight.fault(
            "cluster",
            format!("{cluster} (without continuous backups)"),
            "a cluster whose first automated backup is done: restore from a snapshot",
        ),
        (Some((from, to)), Some(at)) if at < from || at > to => preflight.fault(
            "at",
            at.to_string(),
            format!("a time from {from} to {to}: the window of the continuous backup of cluster {cluster}"),
        ),
        _ => {}
    }
}

fn window(cluster: &DbCluster) -> Option<(Timestamp, Timestamp)> {
    both((cluster.earliest_restorable_time(), cluster.latest_restorable_time()))
}

fn both((from, to): (Option<&DateTime>, Option<&DateTime>)) -> Option<(Timestamp, Timestamp)> {
    Some((timestamp(from?)?, timestamp(to?)?))
}
