//! The retained automated backup of a deleted cluster.

use std::path::PathBuf;

use jiff::Timestamp;

use super::catalogue;
use super::settings::Settings;
use super::tags::{self, Tags};
use super::xml::Xml;

/// What point-in-time restores need of an existing or deleted cluster.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct AutomatedBackup {
    pub arn: String,
    pub cluster: String,
    pub cluster_arn: String,
    pub resource_id: String,
    pub cluster_created: Timestamp,
    pub vpc: String,
    pub settings: Settings,
    pub tags: Tags,
    pub earliest: Timestamp,
    pub latest: Timestamp,
    /// `active`, or `retained` if the cluster was deleted.
    pub status: &'static str,
    /// Home of the server: `base` and `archive` are in it.
    pub home: PathBuf,
}

impl AutomatedBackup {
    /// Writes a `DBClusterAutomatedBackup`.
    pub fn write(&self, xml: &mut Xml) {
        let settings = &self.settings;
        xml.text("Engine", catalogue::ENGINE);
        xml.text("VpcId", &self.vpc);
        xml.text("DBClusterAutomatedBackupsArn", &self.arn);
        xml.text("DBClusterIdentifier", &self.cluster);
        xml.element("RestoreWindow", |xml| {
            xml.time("EarliestTime", self.earliest);
            xml.time("LatestTime", self.latest);
        });
        xml.text("MasterUsername", &settings.master_username);
        xml.text("DbClusterResourceId", &self.resource_id);
        xml.text("Region", crate::world::REGION);
        xml.text("LicenseModel", "postgresql-license");
        xml.text("Status", self.status);
        xml.text("IAMDatabaseAuthenticationEnabled", settings.iam_authentication);
        xml.time("ClusterCreateTime", self.cluster_created);
        xml.text("StorageEncrypted", settings.kms_key.is_some());
        xml.text("AllocatedStorage", 1);
        xml.text("EngineVersion", &settings.engine_version);
        xml.text("DBClusterArn", &self.cluster_arn);
        xml.text("BackupRetentionPeriod", settings.retention_days);
        xml.text("PreferredBackupWindow", &settings.backup_window);
        xml.text("EngineMode", &settings.engine_mode);
        xml.texts("AvailabilityZones", "AvailabilityZone", &settings.availability_zones);
        xml.text("Port", settings.port);
        xml.maybe("KmsKeyId", settings.kms_key.as_ref());
        xml.text("StorageType", &settings.storage_type);
        tags::write(xml, &self.tags);
    }
}
