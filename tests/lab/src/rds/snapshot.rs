//! A cluster snapshot: a base backup and the description of its cluster.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;

use super::catalogue;
use super::job::{Job, Progress};
use super::settings::Settings;
use super::tags::{self, Tags};
use super::xml::Xml;

/// The state of a snapshot.
#[derive(Clone, Debug)]
pub enum Phase {
    /// Being taken.
    Creating(Job),
    /// Being copied.
    Copying(Job),
    /// Restorable.
    Available,
    /// Its job failed.
    Failed,
    /// Being deleted.
    Deleting(Timestamp),
}

/// How a snapshot was created, which decides how it may be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By a call; kept until a call deletes it.
    Manual,
    /// By the cluster's automated backups; deleted with them.
    Automated,
}

impl Kind {
    /// `SnapshotType` on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Automated => "automated",
        }
    }
}

/// A cluster snapshot.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Snapshot {
    pub id: String,
    pub arn: String,
    pub kind: Kind,
    pub cluster: String,
    pub cluster_resource_id: String,
    pub cluster_created: Timestamp,
    pub created: Timestamp,
    pub vpc: String,
    /// The cluster's configuration at that moment.
    pub settings: Settings,
    pub source_arn: Option<String>,
    pub tags: Tags,
    /// Accounts that may restore it, or `all`.
    pub shared_with: BTreeSet<String>,
    pub phase: Phase,
    /// The base backup is in `<path>/data`.
    pub path: PathBuf,
}

impl Snapshot {
    /// The status on the wire.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match &self.phase {
            Phase::Creating(_) => "creating",
            Phase::Copying(_) => "copying",
            Phase::Available => "available",
            Phase::Failed => "failed",
            Phase::Deleting(_) => "deleting",
        }
    }

    /// The job that creates it, while it runs.
    pub fn job(&mut self) -> Option<&mut Job> {
        match &mut self.phase {
            Phase::Creating(job) | Phase::Copying(job) => Some(job),
            _ => None,
        }
    }

    fn percent(&self, now: Timestamp) -> u8 {
        match &self.phase {
            Phase::Creating(job) | Phase::Copying(job) => match job.progress(now) {
                Progress::Running(percent) => percent,
                Progress::Done => 100,
                Progress::Failed => 0,
            },
            Phase::Failed => 0,
            _ => 100,
        }
    }

    /// Writes a `DBClusterSnapshot`. It has no subnet group, security groups, parameter group, roles or instances:
    /// neither has AWS's.
    pub fn write(&self, xml: &mut Xml, now: Timestamp) {
        let settings = &self.settings;
        xml.texts("AvailabilityZones", "AvailabilityZone", &settings.availability_zones);
        xml.text("DBClusterSnapshotIdentifier", &self.id);
        xml.text("DBClusterIdentifier", &self.cluster);
        xml.time("SnapshotCreateTime", self.created);
        xml.text("Engine", catalogue::ENGINE);
        xml.text("EngineMode", &settings.engine_mode);
        xml.text("EngineVersion", &settings.engine_version);
        xml.text("AllocatedStorage", 1);
        xml.text("Status", self.status());
        xml.text("PercentProgress", self.percent(now));
        xml.text("Port", settings.port);
        xml.text("VpcId", &self.vpc);
        xml.time("ClusterCreateTime", self.cluster_created);
        xml.text("MasterUsername", &settings.master_username);
        xml.text("LicenseModel", "postgresql-license");
        xml.text("SnapshotType", self.kind.name());
        xml.text("StorageEncrypted", settings.kms_key.is_some());
        xml.maybe("KmsKeyId", settings.kms_key.as_ref());
        xml.text("StorageType", &settings.storage_type);
        xml.text("BackupRetentionPeriod", settings.retention_days);
        xml.text("PreferredBackupWindow", &settings.backup_window);
        xml.text("DBClusterSnapshotArn", &self.arn);
        xml.maybe("SourceDBClusterSnapshotArn", self.source_arn.as_ref());
        xml.text("IAMDatabaseAuthenticationEnabled", settings.iam_authentication);
        xml.text("DbClusterResourceId", &self.cluster_resource_id);
        tags::write(xml, &self.tags);
    }
}
