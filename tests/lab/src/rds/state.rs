//! Everything that exists in the region, and how it changes by itself as time passes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::addresses::Addresses;
use super::automated::AutomatedBackup;
use super::catalogue;
use super::cluster::{self, Cluster, Member};
use super::fault::{Fault, Result};
use super::groups::{ParameterGroup, SubnetGroup};
use super::instance::{self, Instance};
use super::job::Progress;
use super::names;
use super::settings::Settings;
use super::snapshot::{self, Snapshot};
use super::timeline::Timeline;
use crate::order::ListOrder;
use crate::postgres::Server;

/// A custom endpoint of a cluster.
#[derive(Clone, Debug)]
pub struct CustomEndpoint {
    pub(super) id: String,
    pub(super) arn: String,
    /// Identifier of its cluster, with which it is deleted.
    pub cluster: String,
    pub(super) host: String,
    pub(super) kind: String,
    pub(super) static_members: Vec<String>,
    pub(super) excluded_members: Vec<String>,
}

/// The region's resources, by identifier.
#[allow(missing_docs)]
pub struct State {
    pub clusters: BTreeMap<String, Cluster>,
    pub cluster_endpoints: BTreeMap<String, CustomEndpoint>,
    pub instances: BTreeMap<String, Instance>,
    pub snapshots: BTreeMap<String, Snapshot>,
    /// Automated backups of deleted clusters, by resource id.
    pub retained: BTreeMap<String, AutomatedBackup>,
    pub subnet_groups: BTreeMap<String, SubnetGroup>,
    pub cluster_parameter_groups: BTreeMap<String, ParameterGroup>,
    pub parameter_groups: BTreeMap<String, ParameterGroup>,
    pub addresses: Addresses,
    pub timeline: Timeline,
    pub order: ListOrder,
    /// ARN of the key `alias/aws/rds`.
    pub default_key: String,
}

/// What has to be stopped and removed after a deletion.
pub struct Discard {
    /// A server to stop.
    pub server: Option<Arc<Server>>,
    /// A directory to remove.
    pub path: Option<PathBuf>,
}

impl State {
    /// The cluster that an identifier or ARN names.
    ///
    /// # Errors
    /// `DBClusterNotFoundFault`.
    pub fn cluster(&self, name: &str) -> Result<&Cluster> {
        let id = names::identifier("cluster", name);
        self.clusters.get(&id).ok_or_else(|| no_cluster(&id))
    }

    /// As [`State::cluster`].
    ///
    /// # Errors
    /// `DBClusterNotFoundFault`.
    pub fn cluster_mut(&mut self, name: &str) -> Result<&mut Cluster> {
        let id = names::identifier("cluster", name);
        self.clusters.get_mut(&id).ok_or_else(|| no_cluster(&id))
    }

    /// A cluster that accepts operations.
    ///
    /// # Errors
    /// `DBClusterNotFoundFault`; `InvalidDBClusterStateFault` if it isn't `available`.
    pub fn available_cluster(&mut self, name: &str) -> Result<&mut Cluster> {
        let cluster = self.cluster_mut(name)?;
        if matches!(cluster.phase, cluster::Phase::Available) {
            return Ok(cluster);
        }
        Err(Fault::new(
            "InvalidDBClusterStateFault",
            format!(
                "DB cluster {} is not in available state; its status is {}.",
                cluster.id,
                cluster.status()
            ),
        ))
    }

    /// The snapshot that an identifier or ARN names.
    ///
    /// # Errors
    /// `DBClusterSnapshotNotFoundFault`.
    pub fn snapshot(&self, name: &str) -> Result<&Snapshot> {
        let id = names::identifier("cluster-snapshot", name);
        self.snapshots.get(&id).ok_or_else(|| no_snapshot(&id))
    }

    /// As [`State::snapshot`].
    ///
    /// # Errors
    /// `DBClusterSnapshotNotFoundFault`.
    pub fn snapshot_mut(&mut self, name: &str) -> Result<&mut Snapshot> {
        let id = names::identifier("cluster-snapshot", name);
        self.snapshots.get_mut(&id).ok_or_else(|| no_snapshot(&id))
    }

    /// The instance that an identifier or ARN names.
    ///
    /// # Errors
    /// `DBInstanceNotFound`.
    pub fn instance_mut(&mut self, name: &str) -> Result<&mut Instance> {
        let id = names::identifier("db", name);
        self.instances
            .get_mut(&id)
            .ok_or_else(|| Fault::new("DBInstanceNotFound", format!("DBInstance {id} not found.")))
    }

    /// A cluster's instances, by identifier.
    pub fn instances_of<'a>(&'a self, cluster: &'a str) -> impl Iterator<Item = &'a Instance> + 'a {
        self.instances
            .values()
            .filter(move |instance| instance.cluster == cluster)
    }

    /// A cluster's instances as it lists them.
    #[must_use]
    pub fn members<'a>(&'a self, cluster: &'a Cluster) -> Vec<Member<'a>> {
        self.instances_of(&cluster.id)
            .map(|instance| Member {
                id: &instance.id,
                writer: cluster.writer.as_deref() == Some(&instance.id),
                tier: instance.tier,
            })
            .collect()
    }

    /// The VPC that a cluster's subnet group is in.
    #[must_use]
    pub fn vpc(&self, settings: &Settings) -> String {
        let group = self.subnet_groups.get(&settings.subnet_group);
        group
            .map_or(catalogue::DEFAULT_VPC, |group| group.vpc.as_str())
            .to_owned()
    }

    /// Checks the groups that a configuration names.
    ///
    /// # Errors
    /// `DBSubnetGroupNotFoundFault`, `DBClusterParameterGroupNotFound`, or `InvalidParameterCombination` if the
    /// parameter group is of another family.
    pub fn check_references(&self, settings: &Settings) -> Result<()> {
        if !self.subnet_groups.contains_key(&settings.subnet_group) {
            let message = format!("DB subnet group '{}' does not exist.", settings.subnet_group);
            return Err(Fault::new("DBSubnetGroupNotFoundFault", message));
        }
        let name = &settings.parameter_group;
        let Some(group) = self.cluster_parameter_groups.get(name) else {
            let message = format!("DBClusterParameterGroup not found: {name}");
            return Err(Fault::new("DBClusterParameterGroupNotFound", message));
        };
        let family = catalogue::family(&settings.engine_version);
        if group.family != family {
            return Err(Fault::combination(format!(
                "The Parameter Group {name} with DBParameterGroupFamily {} can't be used for this cluster. Please use a Parameter Group with DBParameterGroupFamily {family}",
                group.family
            )));
        }
        Ok(())
    }

    /// Checks that a subnet group has a subnet in a zone.
    ///
    /// # Errors
    /// `InvalidVPCNetworkStateFault`.
    pub fn offers(&self, group: &str, zone: &str) -> Result<()> {
        let offered = self
            .subnet_groups
            .get(group)
            .is_none_or(|group| group.zones().contains(zone));
        if offered {
            return Ok(());
        }
        Err(Fault::new(
            "InvalidVPCNetworkStateFault",
            format!("Availability zone '{zone}' is unavailable in this region, please choose another zone set."),
        ))
    }

    /// Applies everything that is due at `now`; returns what has to be removed.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Discard> {
        let mut discards = Vec::new();
        let joined = self.advance_instances(now);
        self.elect(&joined);
        self.advance_clusters(now, &mut discards);
        self.advance_snapshots(now, &mut discards);
        let expired = |backup: &AutomatedBackup| {
            cluster::earliest(Some(backup.earliest), backup.settings.retention_days, now) > Some(backup.latest)
        };
        self.retained.retain(|_, backup| {
            let gone = expired(backup);
            if gone {
                discards.push(Discard {
                    server: None,
                    path: Some(backup.home.clone()),
                });
            }
            !gone
        });
        discards
    }

    /// Updates instances that are due; returns the clusters with a new instance.
    fn advance_instances(&mut self, now: Timestamp) -> BTreeSet<String> {
        use instance::Phase;
        let mut joined = BTreeSet::new();
        self.instances.retain(|_, instance| match &instance.phase {
            Phase::Deleting(until) => *until > now,
            Phase::Creating(job) => {
                match job.progress(now) {
                    Progress::Running(_) => {}
                    Progress::Done => {
                        instance.phase = Phase::Available;
                        joined.insert(instance.cluster.clone());
                    }
                    Progress::Failed => instance.phase = Phase::Failed,
                }
                true
            }
            Phase::Changing(_, until) => {
                if *until <= now {
                    instance.phase = Phase::Available;
                }
                true
            }
            Phase::Available | Phase::Failed => true,
        });
        joined
    }

    /// AWS does not define that the first instance of a cluster is its writer: after each new one, the lab's seed decides.
    fn elect(&mut self, joined: &BTreeSet<String>) {
        for cluster in joined {
            let available = self.instances_of(cluster).filter(|instance| instance.serves());
            let elected = available.min_by_key(|instance| self.order.rank(&format!("writer {}", instance.id)));
            let elected = elected.map(|instance| instance.id.clone());
            if let Some(cluster) = self.clusters.get_mut(cluster) {
                cluster.writer = elected.or(cluster.writer.take());
            }
        }
    }

    fn advance_clusters(&mut self, now: Timestamp, discards: &mut Vec<Discard>) {
        use cluster::Phase;
        let (instances, retained, snapshots) = (&self.instances, &self.retained, &mut self.snapshots);
        self.clusters.retain(|_, cluster| {
            let members = || instances.values().filter(|i| i.cluster == cluster.id);
            match &cluster.phase {
                Phase::Creating(job) => match job.progress(now) {
                    Progress::Running(_) => {}
                    Progress::Done => cluster.phase = Phase::Available,
                    Progress::Failed => cluster.phase = Phase::Broken("incompatible-restore"),
                },
                Phase::Changing(_, until) if *until <= now => cluster.phase = Phase::Available,
                Phase::Deleting(until) if *until <= now && members().next().is_none() => {
                    let server = cluster.server.take();
                    let home = server.as_ref().map(|server| server.home().to_owned());
                    let path = home.filter(|_| !retained.contains_key(&cluster.resource_id));
                    discards.push(Discard { server, path });
                    snapshots.retain(|_, snapshot| {
                        snapshot.kind == snapshot::Kind::Manual || snapshot.cluster_resource_id != cluster.resource_id
                    });
                    return false;
                }
                _ => {}
            }
            // A deleted writer is succeeded by the instance of the lowest tier.
            let living = || members().filter(|i| !matches!(i.phase, instance::Phase::Deleting(_)));
            let writer = living().find(|i| cluster.writer.as_ref() == Some(&i.id));
            if writer.is_none() {
                cluster.writer = living().min_by_key(|i| (i.tier, i.created)).map(|i| i.id.clone());
            }
            true
        });
        let clusters = &self.clusters;
        self.cluster_endpoints
            .retain(|_, endpoint| clusters.contains_key(&endpoint.cluster));
    }

    fn advance_snapshots(&mut self, now: Timestamp, discards: &mut Vec<Discard>) {
        use snapshot::Phase;
        self.snapshots.retain(|_, snapshot| {
            match &snapshot.phase {
                Phase::Creating(job) | Phase::Copying(job) => match job.progress(now) {
                    Progress::Running(_) => {}
                    Progress::Done => snapshot.phase = Phase::Available,
                    Progress::Failed => snapshot.phase = Phase::Failed,
                },
                Phase::Deleting(until) if *until <= now => {
                    discards.push(Discard {
                        server: None,
                        path: Some(snapshot.path.clone()),
                    });
                    return false;
                }
                _ => {}
            }
            true
        });
    }
}

fn no_cluster(id: &str) -> Fault {
    Fault::new("DBClusterNotFoundFault", format!("DBCluster {id} not found."))
}

fn no_snapshot(id: &str) -> Fault {
    Fault::new(
        "DBClusterSnapshotNotFoundFault",
        format!("DBClusterSnapshot not found: {id}"),
    )
}

#[cfg(test)]
mod tests;
