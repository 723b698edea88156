//! RestoreDBClusterToPointInTime: a base backup and the archived log, replayed up to a time.

use std::sync::Arc;

use jiff::Timestamp;

use super::create_cluster::NewCluster;
use super::restore::{inherited, refuse_limitless};
use crate::postgres::{Server, Target};
use crate::rds::automated::AutomatedBackup;
use crate::rds::fault::{Fault, Result};
use crate::rds::job::Job;
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::tags;
use crate::rds::xml::Xml;
use crate::service::Call;

/// RestoreDBClusterToPointInTime.
pub async fn run(plane: &Arc<Plane>, call: &Call, query: &Query) -> Result<Xml> {
    let mut new = NewCluster::read(query)?;
    refuse_limitless(query)?;
    let (source, server) = source(plane, query)?;
    let until = until(query, &source)?;
    new.settings = inherited(&source.settings, &source.settings.engine_version);
    new.settings.apply(query)?;
    if tags::requested(query)?.is_none() {
        new.tags = source.tags.clone();
    }
    new.clone_group = Some(source.resource_id.clone()).filter(|_| copy_on_write(query));
    new.check(plane)?;
    new.settings.kms_key = plane.requested_key(query).await?.or(source.settings.kms_key);
    // A deleted cluster's log was archived to its end when it was deleted.
    if let Some(server) = server {
        server.archive_now().await?;
    }
    let target = until.map_or(Target::Latest, |time| Target::Time(plane.machine_time(time)));
    let home = plane.postgres.home_for_recovery(&source.home, target).await?;
    let job = Job::start(&plane.world, call, plane.world.durations.of(|s| s.cluster_restore));
    let (resource_id, xml) = new.add(plane, job)?;
    let postgres = plane.postgres.clone();
    plane.work(resource_id, async move { Server::start(&postgres, &home).await });
    Ok(xml)
}

fn copy_on_write(query: &Query) -> bool {
    query.text("RestoreType") == Some("copy-on-write")
}

/// The backups to restore from, and the server that still archives to them.
fn source(plane: &Plane, query: &Query) -> Result<(AutomatedBackup, Option<Arc<Server>>)> {
    let mut state = plane.state();
    let by_id = query.text("SourceDBClusterIdentifier");
    let by_resource = query.text("SourceDbClusterResourceId");
    let name = match (by_id, by_resource) {
        (Some(_), Some(_)) => {
            return Err(Fault::combination(
                "SourceDBClusterIdentifier and SourceDbClusterResourceId exclude each other.",
            ));
        }
        (None, None) => {
            return Err(Fault::combination(
                "SourceDBClusterIdentifier or SourceDbClusterResourceId must be specified.",
            ));
        }
        (Some(name), None) => name.to_owned(),
        (None, Some(resource)) => {
            if let Some(backup) = state.retained.get(resource) {
                return Ok((backup.clone(), None));
            }
            let living = state.clusters.values().find(|cluster| cluster.resource_id == resource);
            living.map(|cluster| cluster.id.clone()).ok_or_else(|| {
                let message = format!("DB cluster automated backup not found: {resource}");
                Fault::new("DBClusterAutomatedBackupNotFoundFault", message)
            })?
        }
    };
    let cluster = state.available_cluster(&name)?.clone();
    let backup = plane.automated_backup(&state, &cluster).ok_or_else(|| {
        Fault::new(
            "InvalidDBClusterStateFault",
            format!("DB cluster {name} has no backups yet."),
        )
    })?;
    Ok((backup, cluster.server))
}

/// The time to restore to, `None` for the latest.
fn until(query: &Query, source: &AutomatedBackup) -> Result<Option<Timestamp>> {
    let time = query.time("RestoreToTime")?;
    let latest = query.flag("UseLatestRestorableTime")?.unwrap_or(false);
    match query.text("RestoreType") {
        None | Some("full-copy" | "copy-on-write") => {}
        Some(kind) => return Err(Fault::value(format!("Invalid restore type: {kind}"))),
    }
    match (time, latest) {
        (Some(_), _) if copy_on_write(query) => Err(Fault::combination(
            "RestoreToTime can't be specified if the RestoreType parameter is copy-on-write.",
        )),
        (Some(_), true) => Err(Fault::combination(
            "RestoreToTime and UseLatestRestorableTime cannot be specified together.",
        )),
        (None, false) => Err(Fault::combination(
            "Either RestoreToTime or UseLatestRestorableTime must be specified.",
        )),
        (None, true) => Ok(None),
        (Some(time), false) if time > source.latest => Err(Fault::value(format!(
            "Cannot restore to a time later than {}, the latest restorable time of {}.",
            source.latest, source.cluster
        ))),
        (Some(time), false) if time < source.earliest => Err(Fault::value(format!(
            "Cannot restore to a time earlier than {} because of the backup retention window of {}.",
            source.earliest, source.cluster
        ))),
        (Some(time), false) => Ok(Some(time)),
    }
}
