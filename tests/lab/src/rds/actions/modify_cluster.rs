//! ModifyDBCluster. Renames, passwords and versions wait for the maintenance window unless `ApplyImmediately`;
//! everything else is applied at once, as with Aurora.

use std::sync::Arc;
use std::time::Duration;

use super::describe_clusters;
use crate::rds::catalogue;
use crate::rds::cluster::{Cluster, ManagedSecret, Phase};
use crate::rds::fault::{Fault, Result};
use crate::rds::job::after;
use crate::rds::names;
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::secret::new_password;
use crate::rds::state::State;
use crate::rds::xml::Xml;

/// What the call says about the master password.
struct Password {
    value: Option<String>,
    secret: Option<ManagedSecret>,
}

/// ModifyDBCluster.
pub async fn run(plane: &Arc<Plane>, query: &Query) -> Result<Xml> {
    let name = query.required("DBClusterIdentifier")?;
    let now_please = query.flag("ApplyImmediately")?.unwrap_or(false);
    let before = plane.state().available_cluster(name)?.clone();
    let after_it = changed(plane, &before, query)?;
    let new_id = new_identifier(&plane.state(), &before, query)?;
    let version = version(&before, query)?;
    let password = password(plane, &before, query).await?;
    let apply_password = now_please || password.secret != before.secret;
    if let (Some(value), Some(server), true) = (&password.value, &before.server, apply_password) {
        server
            .set_password(&before.settings.master_username, value)
            .await?;
    }
    let now = plane.now();
    let changing = plane
        .world
        .durations
        .of(|s| s.instance_create)
        .min(Duration::from_secs(60));
    let mut state = plane.state();
    // What came in between two looks at the cluster counts.
    let cluster = state.available_cluster(name)?;
    cluster.settings = after_it;
    cluster.secret = password.secret;
    let mut status = "modifying";
    if apply_password {
        if password.value.is_some() {
            status = "resetting-master-credentials";
            cluster.pending.master_password = None;
        }
    } else {
        cluster.pending.master_password = password.value.or(cluster.pending.master_password.take());
    }
    match (version, now_please) {
        (Some(version), true) => {
            status = "upgrading";
            cluster.settings.engine_version = version;
        }
        (Some(version), false) => cluster.pending.engine_version = Some(version),
        (None, _) => {}
    }
    if new_id.is_some() && !now_please {
        cluster.pending.identifier = new_id.clone();
    }
    cluster.phase = Phase::Changing(status, after(now, changing));
    let mut cluster = cluster.clone();
    if let (Some(new_id), true) = (new_id, now_please) {
        cluster = rename(
            plane,
            &mut state,
            &cluster.id,
            &new_id,
            after(now, changing),
        )?;
    }
    Ok(describe_clusters::one(&state, &cluster, now))
}

/// The settings after the call, with everything that they name checked.
fn changed(
    plane: &Plane,
    cluster: &Cluster,
    query: &Query,
) -> Result<crate::rds::settings::Settings> {
    let mut settings = cluster.settings.clone();
    settings.apply(query)?;
    if query.text("DBSubnetGroupName").is_some() || settings.port != cluster.settings.port {
        return Err(Fault::combination(
            "The subnet group and the port of an Aurora cluster of the lab can't be changed.",
        ));
    }
    if !catalogue::CAS.contains(&settings.ca.as_str()) {
        return Err(Fault::value(format!(
            "CA certificate {} not found",
            settings.ca
        )));
    }
    plane.state().check_references(&settings)?;
    Ok(settings)
}

fn new_identifier(state: &State, cluster: &Cluster, query: &Query) -> Result<Option<String>> {
    let Some(text) = query.text("NewDBClusterIdentifier") else {
        return Ok(None);
    };
    let id = names::new_identifier("NewDBClusterIdentifier", text)?;
    if id != cluster.id && state.clusters.contains_key(&id) {
        let message = format!("DB Cluster already exists: {id}");
        return Err(Fault::new("DBClusterAlreadyExistsFault", message));
    }
    Ok(Some(id).filter(|id| *id != cluster.id))
}

fn version(cluster: &Cluster, query: &Query) -> Result<Option<String>> {
    let Some(asked) = query.text("EngineVersion") else {
        return Ok(None);
    };
    let version = catalogue::version(Some(asked))?;
    let current = &cluster.settings.engine_version;
    if !catalogue::can_upgrade(current, &version) {
        return Err(Fault::combination(format!(
            "Cannot upgrade {} from {current} to {version}",
            catalogue::ENGINE
        )));
    }
    Ok(Some(version).filter(|version| version != current))
}

/// What becomes of the master password and of the secret that manages it.
async fn password(plane: &Plane, cluster: &Cluster, query: &Query) -> Result<Password> {
    let given = query
        .text("MasterUserPassword")
        .map(names::master_password)
        .transpose()?;
    let managed = query.flag("ManageMasterUserPassword")?;
    let rotate = query.flag("RotateMasterUserPassword")?.unwrap_or(false);
    let user = &cluster.settings.master_username;
    match (managed, given, &cluster.secret) {
        (Some(true), Some(_), _) => Err(Fault::combination(
            "You can't specify MasterUserPassword when ManageMasterUserPassword is enabled.",
        )),
        (Some(true), None, None) => {
            let value = new_password();
            let key = query.text("MasterUserSecretKmsKeyId");
            let secret = plane.create_secret(&cluster.arn, user, &value, key).await?;
            Ok(Password {
                value: Some(value),
                secret: Some(secret),
            })
        }
        (Some(false), None, Some(_)) => Err(Fault::combination(
            "You must specify MasterUserPassword when you turn off ManageMasterUserPassword.",
        )),
        (Some(false), Some(value), Some(secret)) => {
            plane.delete_secret(secret).await;
            Ok(Password {
                value: Some(value),
                secret: None,
            })
        }
        (None, Some(_), Some(_)) => Err(Fault::combination(
            "You can't specify MasterUserPassword for a cluster whose password is managed in Secrets Manager.",
        )),
        (_, None, Some(secret)) if rotate => {
            let value = new_password();
            plane.rotate_secret(secret, user, &value).await?;
            Ok(Password {
                value: Some(value),
                secret: Some(secret.clone()),
            })
        }
        (_, value, secret) => Ok(Password {
            value,
            secret: secret.clone(),
        }),
    }
}

/// Gives a cluster another identifier, and with it that identifier's endpoint.
fn rename(
    plane: &Plane,
    state: &mut State,
    old: &str,
    new: &str,
    until: jiff::Timestamp,
) -> Result<Cluster> {
    let mut cluster = state.cluster(old)?.clone();
    state.clusters.remove(old);
    cluster.id = new.to_owned();
    cluster.arn = plane.world.arn("rds", &format!("cluster:{new}"));
    cluster.endpoint = state.addresses.endpoint(new, cluster.settings.port);
    cluster.phase = Phase::Changing("renaming", until);
    cluster.pending.identifier = None;
    for instance in state
        .instances
        .values_mut()
        .filter(|instance| instance.cluster == old)
    {
        instance.cluster = new.to_owned();
    }
    state.clusters.insert(new.to_owned(), cluster.clone());
    Ok(cluster)
}
