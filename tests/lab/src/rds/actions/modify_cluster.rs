//! ModifyDBCluster. Renames, passwords and versions wait for the maintenance window unless `ApplyImmediately`;
//! everything else is applied at once, as with Aurora.

use std::sync::Arc;
use std::time::Duration;

use super::describe_clusters;
use crate::rds::catalogue;
use crate::rds::cluster::{Cluster, ManagedSecret, Pending, Phase};
use crate::rds::fault::{Fault, Result};
use crate::rds::job::after;
use crate::rds::names;
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::secret::new_password;
use crate::rds::state::State;
use crate::rds::xml::Xml;

/// Changes take as long as an instance's creation, but at most this.
const LONGEST: Duration = Duration::from_secs(60);

/// The call's change of the master password.
struct Password {
    value: Option<String>,
    secret: Option<ManagedSecret>,
    /// Whether it is applied immediately in any case.
    at_once: bool,
}

/// ModifyDBCluster.
pub async fn run(plane: &Arc<Plane>, query: &Query) -> Result<Xml> {
    let name = query.required("DBClusterIdentifier")?;
    let at_once = query.flag("ApplyImmediately")?.unwrap_or(false);
    let before = plane.state().available_cluster(name)?.clone();
    let settings = changed(plane, &before, query)?;
    let mut asked = Pending {
        identifier: new_identifier(&plane.state(), &before, query)?,
        engine_version: version(&before, query)?,
        master_password: None,
    };
    let password = password(plane, &before, query).await?;
    asked.master_password = password.value;
    let (applied, pending) = sort(asked, &before.pending, at_once, password.at_once);
    if let (Some(value), Some(server)) = (&applied.master_password, &before.server) {
        let user = &before.settings.master_username;
        server.set_password(user, value).await?;
    }
    let takes = plane.world.durations.of(|s| s.instance_create);
    let until = after(plane.now(), takes.min(LONGEST));
    let mut state = plane.state();
    // Changes between two reads of the cluster count.
    let mut cluster = state.available_cluster(name)?.clone();
    if settings.port != cluster.settings.port {
        cluster.endpoint = state.addresses.endpoint(&cluster.id, settings.port);
    }
    cluster.settings = settings;
    cluster.secret = password.secret;
    cluster.phase = Phase::Changing(status(&applied), until);
    cluster.pending = pending;
    cluster.settings.engine_version = applied.engine_version.unwrap_or(cluster.settings.engine_version);
    let old = cluster.id.clone();
    state.clusters.insert(old.clone(), cluster.clone());
    if let Some(new) = applied.identifier {
        cluster = rename(plane, &mut state, &old, &new)?;
    }
    Ok(describe_clusters::one(&state, &cluster, plane.now()))
}

/// Divides the requested changes into those applied now and those that wait. `ApplyImmediately` applies pending ones, too.
fn sort(asked: Pending, waiting: &Pending, at_once: bool, password_at_once: bool) -> (Pending, Pending) {
    let waiting = waiting.clone();
    let mut all = Pending {
        identifier: asked.identifier.or(waiting.identifier),
        engine_version: asked.engine_version.or(waiting.engine_version),
        master_password: asked.master_password.or(waiting.master_password),
    };
    if at_once {
        return (all, Pending::default());
    }
    let master_password = all.master_password.take_if(|_| password_at_once);
    (
        Pending {
            master_password,
            ..Pending::default()
        },
        all,
    )
}

fn status(applied: &Pending) -> &'static str {
    match applied {
        Pending {
            identifier: Some(_), ..
        } => "renaming",
        Pending {
            engine_version: Some(_),
            ..
        } => "upgrading",
        Pending {
            master_password: Some(_),
            ..
        } => "resetting-master-credentials",
        _ => "modifying",
    }
}

/// The settings after the call, with their references checked.
fn changed(plane: &Plane, cluster: &Cluster, query: &Query) -> Result<crate::rds::settings::Settings> {
    let mut settings = cluster.settings.clone();
    settings.apply(query)?;
    // Not documented for Aurora: accepted, and not shown.
    let before = &cluster.settings;
    settings.monitoring_interval = before.monitoring_interval;
    settings.monitoring_role = before.monitoring_role.clone();
    let asked = std::mem::replace(&mut settings.ca, before.ca.clone());
    if !catalogue::CAS.contains(&asked.as_str()) {
        return Err(Fault::value(format!("CA certificate {asked} not found")));
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

/// Changes the master password and the secret that manages it.
async fn password(plane: &Plane, cluster: &Cluster, query: &Query) -> Result<Password> {
    let given = query
        .text("MasterUserPassword")
        .map(names::master_password)
        .transpose()?;
    let managed = query.flag("ManageMasterUserPassword")?;
    let rotate = query.flag("RotateMasterUserPassword")?.unwrap_or(false);
    let at_once = query.flag("ApplyImmediately")?.unwrap_or(false);
    let user = &cluster.settings.master_username;
    let refused = |why: &str| Err(Fault::combination(why));
    let now = |value: String, secret: Option<ManagedSecret>| Password {
        value: Some(value),
        secret,
        at_once: true,
    };
    match (managed, given, &cluster.secret) {
        (Some(true), Some(_), _) => {
            refused("You can't specify MasterUserPassword when ManageMasterUserPassword is enabled.")
        }
        (Some(true), None, None) => {
            let value = new_password();
            let key = query.text("MasterUserSecretKmsKeyId");
            let secret = plane.create_secret(&cluster.arn, user, &value, key).await?;
            Ok(now(value, Some(secret)))
        }
        (Some(false), None, Some(_)) => {
            refused("You must specify MasterUserPassword when you turn off ManageMasterUserPassword.")
        }
        (Some(false), Some(value), Some(secret)) => {
            plane.delete_secret(secret).await;
            Ok(now(value, None))
        }
        (None, Some(_), Some(_)) => {
            refused("You can't specify MasterUserPassword for a cluster whose password is managed in Secrets Manager.")
        }
        (_, None, Some(_)) if rotate && !at_once => {
            refused("You must specify ApplyImmediately when you rotate the master user password.")
        }
        (_, None, Some(secret)) if rotate => {
            let value = new_password();
            plane.rotate_secret(secret, user, &value).await?;
            Ok(now(value, Some(secret.clone())))
        }
        (_, _, None) if rotate => refused("The master user password isn't managed in Secrets Manager."),
        (_, value, secret) => Ok(Password {
            value,
            secret: secret.clone(),
            at_once: false,
        }),
    }
}

/// Changes a cluster's identifier, and with it its endpoint.
fn rename(plane: &Plane, state: &mut State, old: &str, new: &str) -> Result<Cluster> {
    let mut cluster = state.cluster(old)?.clone();
    state.clusters.remove(old);
    cluster.id = new.to_owned();
    cluster.arn = plane.world.arn("rds", &format!("cluster:{new}"));
    cluster.endpoint = state.addresses.endpoint(new, cluster.settings.port);
    for instance in state.instances.values_mut().filter(|instance| instance.cluster == old) {
        instance.cluster = new.to_owned();
    }
    for endpoint in state
        .cluster_endpoints
        .values_mut()
        .filter(|endpoint| endpoint.cluster == old)
    {
        endpoint.cluster = new.to_owned();
    }
    state.clusters.insert(new.to_owned(), cluster.clone());
    Ok(cluster)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_wait_until_one_is_applied_immediately() {
        let text = |text: &str| Some(text.to_owned());
        let asked = || Pending {
            identifier: text("new"),
            master_password: text("secret"),
            ..Pending::default()
        };
        let (applied, pending) = sort(asked(), &Pending::default(), false, false);
        assert_eq!((applied, &pending), (Pending::default(), &asked()));
        let later = Pending {
            engine_version: text("16.9"),
            ..Pending::default()
        };
        let (applied, rest) = sort(later, &pending, true, false);
        assert_eq!(
            applied,
            Pending {
                engine_version: text("16.9"),
                ..asked()
            }
        );
        assert_eq!((rest, status(&applied)), (Pending::default(), "renaming"));
        let (applied, pending) = sort(asked(), &Pending::default(), false, true);
        assert_eq!(
            (applied.master_password, pending.identifier),
            (text("secret"), text("new"))
        );
        assert_eq!(pending.master_password, None);
    }
}
