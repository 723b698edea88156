//! A DB cluster: its configuration, its server, and what it is doing.

use std::sync::Arc;

use jiff::Timestamp;

use super::job::{Job, Progress};
use super::settings::Settings;
use super::tags::{self, Tags};
use super::xml::Xml;
use crate::postgres::Server;

/// The state of a cluster.
#[derive(Clone, Debug)]
pub enum Phase {
    /// Being created or restored.
    Creating(Job),
    /// Ready for every operation.
    Available,
    /// Serving, but refusing operations, until the time; with the status that says why.
    Changing(&'static str, Timestamp),
    /// Being deleted.
    Deleting(Timestamp),
    /// Lost, with its status.
    Broken(&'static str),
}

/// An IAM role that a cluster may assume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// The role's ARN.
    pub arn: String,
    /// The feature: `s3Import`, `Lambda`, ...
    pub feature: Option<String>,
}

/// The secret with the master password that RDS itself keeps in Secrets Manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedSecret {
    /// The secret's ARN.
    pub arn: String,
    /// The key that it is encrypted with.
    pub kms_key: String,
}

/// The endpoints of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Address of the writer endpoint.
    pub writer: String,
    /// Address of the reader endpoint.
    pub reader: String,
    /// Port of both.
    pub port: u16,
}

/// A DB cluster.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct Cluster {
    pub id: String,
    pub arn: String,
    pub resource_id: String,
    pub created: Timestamp,
    pub settings: Settings,
    pub tags: Tags,
    pub roles: Vec<Role>,
    pub secret: Option<ManagedSecret>,
    pub endpoint: Endpoint,
    pub phase: Phase,
    /// The instance that is the writer.
    pub writer: Option<String>,
    /// The server, once it runs.
    pub server: Option<Arc<Server>>,
    /// The time of the base backup that point-in-time restores start from.
    pub backed_up_since: Option<Timestamp>,
    /// Changes that wait for the maintenance window.
    pub pending: Pending,
    pub clone_group: Option<String>,
}

/// Changes that were requested without `ApplyImmediately`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Pending {
    pub identifier: Option<String>,
    pub engine_version: Option<String>,
    pub master_password: Option<String>,
}

/// One instance, as its cluster lists it.
pub struct Member<'a> {
    /// Its identifier.
    pub id: &'a str,
    /// Whether it is the writer.
    pub writer: bool,
    /// Promotion tier.
    pub tier: u32,
}

impl Cluster {
    /// The status on the wire.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match &self.phase {
            Phase::Creating(_) => "creating",
            Phase::Available => "available",
            Phase::Changing(status, _) | Phase::Broken(status) => status,
            Phase::Deleting(_) => "deleting",
        }
    }

    /// Whether clients can connect, given an instance.
    #[must_use]
    pub fn serves(&self) -> bool {
        matches!(self.phase, Phase::Available | Phase::Changing(..))
    }

    /// The earliest time that the cluster can be restored to.
    #[must_use]
    pub fn earliest_restorable(&self, now: Timestamp) -> Option<Timestamp> {
        earliest(self.backed_up_since, self.settings.retention_days, now)
    }

    /// Writes a `DBCluster`.
    pub fn write(&self, xml: &mut Xml, members: &[Member], zone_id: &str, now: Timestamp) {
        xml.text("DBClusterIdentifier", &self.id);
        xml.text("DBClusterArn", &self.arn);
        xml.text("DbClusterResourceId", &self.resource_id);
        xml.time("ClusterCreateTime", self.created);
        xml.text("Status", self.status());
        if let Phase::Creating(job) = &self.phase
            && let Progress::Running(percent) = job.progress(now)
        {
            xml.text("PercentProgress", percent);
        }
        xml.text("AllocatedStorage", 1);
        xml.text("Endpoint", &self.endpoint.writer);
        xml.text("ReaderEndpoint", &self.endpoint.reader);
        xml.text("Port", self.endpoint.port);
        xml.text("HostedZoneId", zone_id);
        xml.text("MultiAZ", members.len() > 1);
        self.settings.write(xml);
        if let Some(earliest) = self.earliest_restorable(now) {
            xml.time("EarliestRestorableTime", earliest);
            xml.time("LatestRestorableTime", latest_restorable(now).max(earliest));
        }
        xml.elements("DBClusterMembers", "DBClusterMember", members, |xml, member| {
            xml.text("DBInstanceIdentifier", member.id);
            xml.text("IsClusterWriter", member.writer);
            xml.text("DBClusterParameterGroupStatus", "in-sync");
            xml.text("PromotionTier", member.tier);
        });
        xml.elements("AssociatedRoles", "DBClusterRole", &self.roles, |xml, role| {
            xml.text("RoleArn", &role.arn);
            xml.text("Status", "ACTIVE");
            xml.maybe("FeatureName", role.feature.as_ref());
        });
        if let Some(secret) = &self.secret {
            xml.element("MasterUserSecret", |xml| {
                xml.text("SecretArn", &secret.arn);
                xml.text("SecretStatus", "active");
                xml.text("KmsKeyId", &secret.kms_key);
            });
        }
        if self.pending != Pending::default() {
            xml.element("PendingModifiedValues", |xml| {
                xml.maybe("DBClusterIdentifier", self.pending.identifier.as_ref());
                xml.maybe(
                    "MasterUserPassword",
                    self.pending.master_password.as_ref().map(|_| "****"),
                );
                xml.maybe("EngineVersion", self.pending.engine_version.as_ref());
            });
        }
        xml.maybe("CloneGroupId", self.clone_group.as_ref());
        xml.text("ActivityStreamStatus", "stopped");
        xml.text("CrossAccountClone", false);
        tags::write(xml, &self.tags);
    }
}

/// The latest time that can be restored to: a second ago. (Aurora is up to five minutes behind.)
#[must_use]
pub fn latest_restorable(now: Timestamp) -> Timestamp {
    now.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(now)
}

/// The earliest time that a base backup and a retention period allow.
#[must_use]
pub fn earliest(since: Option<Timestamp>, retention_days: u32, now: Timestamp) -> Option<Timestamp> {
    let retained = jiff::SignedDuration::from_hours(24 * i64::from(retention_days));
    let oldest = now.checked_sub(retained).unwrap_or(Timestamp::MIN);
    since.map(|since| since.max(oldest))
}
