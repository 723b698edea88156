//! RestoreDBClusterFromSnapshot: a new cluster, with the account's defaults for everything that is neither in the
//! snapshot nor in the call. AWS does not document a `DatabaseName` for a restored cluster: it has none.

use std::sync::Arc;

use super::create_cluster::NewCluster;
use crate::postgres::Server;
use crate::rds::catalogue;
use crate::rds::fault::{Fault, Result};
use crate::rds::job::Job;
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::settings::Settings;
use crate::rds::snapshot::{Phase, Snapshot};
use crate::rds::xml::Xml;
use crate::service::Call;

/// Members of the call for Aurora Limitless only.
const LIMITLESS_ONLY: &[&str] = &[
    "MonitoringInterval",
    "MonitoringRoleArn",
    "EnablePerformanceInsights",
    "PerformanceInsightsKMSKeyId",
    "PerformanceInsightsRetentionPeriod",
];

/// RestoreDBClusterFromSnapshot.
pub async fn from_snapshot(plane: &Arc<Plane>, call: &Call, query: &Query) -> Result<Xml> {
    let mut new = NewCluster::read(query)?;
    catalogue::engine(query.required("Engine")?)?;
    refuse_limitless(query)?;
    let snapshot = source(plane, query.required("SnapshotIdentifier")?)?;
    // Without a version: the region's default, not the snapshot's.
    let version = catalogue::version(query.text("EngineVersion"))?;
    if !catalogue::can_upgrade(&snapshot.settings.engine_version, &version) {
        return Err(Fault::combination(format!(
            "Cannot restore a snapshot of engine version {} to version {version}",
            snapshot.settings.engine_version
        )));
    }
    new.settings = inherited(&snapshot.settings, &version);
    new.settings.apply(query)?;
    new.check(plane)?;
    new.settings.kms_key = plane.requested_key(query).await?.or(snapshot.settings.kms_key);
    let home = plane.postgres.home_from_backup(&snapshot.path).await?;
    let job = Job::start(&plane.world, call, plane.world.durations.of(|s| s.cluster_restore));
    let (resource_id, xml) = new.add(plane, job)?;
    let postgres = plane.postgres.clone();
    plane.work(resource_id, async move { Server::start(&postgres, &home).await });
    Ok(xml)
}

fn source(plane: &Plane, name: &str) -> Result<Snapshot> {
    let snapshot = plane.state().snapshot(name)?.clone();
    if matches!(snapshot.phase, Phase::Available) {
        return Ok(snapshot);
    }
    Err(Fault::new(
        "InvalidDBClusterSnapshotStateFault",
        format!(
            "The DB cluster snapshot {} is not in available state; its status is {}.",
            snapshot.id,
            snapshot.status()
        ),
    ))
}

/// Requests that both kinds of restore refuse.
pub fn refuse_limitless(query: &Query) -> Result<()> {
    match LIMITLESS_ONLY.iter().find(|name| query.text(name).is_some()) {
        Some(name) => Err(Fault::combination(format!(
            "You can specify {name} only when restoring from a source Aurora Limitless DB cluster."
        ))),
        None => Ok(()),
    }
}

/// The settings that a restored cluster takes from its source, by the member docs of both restore calls; all others are defaults.
pub fn inherited(source: &Settings, version: &str) -> Settings {
    Settings {
        port: source.port,
        master_username: source.master_username.clone(),
        retention_days: source.retention_days,
        backup_window: source.backup_window.clone(),
        ..Settings::defaults(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restore_inherits_the_user_and_the_backups_and_nothing_that_must_be_passed() {
        let mut source = Settings::defaults("16.8");
        source.master_username = "hubs".to_owned();
        source.database_name = Some("hubs".to_owned());
        source.retention_days = 7;
        source.subnet_group = "prod".to_owned();
        source.security_groups = vec!["sg-prod".to_owned()];
        source.parameter_group = "tuned".to_owned();
        source.deletion_protection = true;
        source.storage_type = "aurora-iopt1".to_owned();
        source.log_exports = vec!["postgresql".to_owned()];
        let restored = inherited(&source, catalogue::DEFAULT_VERSION);
        assert_eq!(
            (restored.master_username.as_str(), restored.retention_days),
            ("hubs", 7)
        );
        let defaults = Settings::defaults(catalogue::DEFAULT_VERSION);
        assert_eq!(restored.engine_version, catalogue::DEFAULT_VERSION);
        assert_eq!(restored.subnet_group, "default");
        assert_eq!(restored.security_groups, defaults.security_groups);
        assert_eq!(restored.parameter_group, "default.aurora-postgresql16");
        assert!(!restored.deletion_protection && restored.log_exports.is_empty());
        assert_eq!(
            (restored.storage_type.as_str(), restored.database_name),
            ("aurora", None)
        );
    }

    #[test]
    fn monitoring_and_insights_are_refused() {
        let fault = refuse_limitless(&Query::read("MonitoringInterval=60"));
        assert_eq!(fault.map_err(|fault| fault.code), Err("InvalidParameterCombination"));
    }
}
