//! A DB instance, through which clients connect to its cluster.

use jiff::Timestamp;

use super::catalogue;
use super::cluster::Cluster;
use super::groups::SubnetGroup;
use super::job::Job;
use super::settings::write_security_groups;
use super::tags::{self, Tags};
use super::xml::Xml;

/// The state of an instance.
#[derive(Clone, Debug)]
pub enum Phase {
    /// Being created.
    Creating(Job),
    /// Available.
    Available,
    /// Being changed or restarted until the time, with the status that says how.
    Changing(&'static str, Timestamp),
    /// Being deleted.
    Deleting(Timestamp),
    /// Its creation failed.
    Failed,
}

/// A DB instance of a cluster.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Instance {
    pub id: String,
    pub arn: String,
    pub resource_id: String,
    pub cluster: String,
    pub class: String,
    pub created: Timestamp,
    pub zone: String,
    pub tier: u32,
    pub parameter_group: String,
    pub publicly_accessible: bool,
    pub maintenance_window: String,
    pub auto_minor_version_upgrade: bool,
    pub monitoring_interval: u32,
    pub monitoring_role: Option<String>,
    pub performance_insights: bool,
    pub insights_key: Option<String>,
    pub insights_retention_days: u32,
    pub ca: String,
    pub tags: Tags,
    pub phase: Phase,
}

impl Instance {
    /// The status on the wire.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match &self.phase {
            Phase::Creating(_) => "creating",
            Phase::Available => "available",
            Phase::Changing(status, _) => status,
            Phase::Deleting(_) => "deleting",
            Phase::Failed => "failed",
        }
    }

    /// Whether clients can connect through it.
    #[must_use]
    pub fn serves(&self) -> bool {
        matches!(self.phase, Phase::Available | Phase::Changing("modifying", _))
    }

    /// Writes a `DBInstance`.
    pub fn write(&self, xml: &mut Xml, cluster: &Cluster, subnets: Option<&SubnetGroup>, writer: bool, zone_id: &str) {
        let settings = &cluster.settings;
        xml.text("DBInstanceIdentifier", &self.id);
        xml.text("DBInstanceArn", &self.arn);
        xml.text("DbiResourceId", &self.resource_id);
        xml.text("DBClusterIdentifier", &self.cluster);
        xml.text("DBInstanceClass", &self.class);
        xml.text("Engine", catalogue::ENGINE);
        xml.text("EngineVersion", &settings.engine_version);
        xml.text("DBInstanceStatus", self.status());
        xml.text("MasterUsername", &settings.master_username);
        xml.maybe("DBName", settings.database_name.as_ref());
        if !matches!(self.phase, Phase::Creating(_) | Phase::Failed) {
            xml.element("Endpoint", |xml| {
                let endpoint = &cluster.endpoint;
                xml.text("Address", if writer { &endpoint.writer } else { &endpoint.reader });
                xml.text("Port", endpoint.port);
                xml.text("HostedZoneId", zone_id);
            });
            xml.time("InstanceCreateTime", self.created);
        }
        xml.text("AllocatedStorage", 1);
        xml.text("PreferredBackupWindow", &settings.backup_window);
        xml.text("BackupRetentionPeriod", settings.retention_days);
        xml.element("DBSecurityGroups", |_| {});
        write_security_groups(xml, &settings.security_groups);
        xml.element("DBParameterGroups", |xml| {
            xml.element("DBParameterGroup", |xml| {
                xml.text("DBParameterGroupName", &self.parameter_group);
                xml.text("ParameterApplyStatus", "in-sync");
            });
        });
        xml.text("AvailabilityZone", &self.zone);
        if let Some(subnets) = subnets {
            xml.element("DBSubnetGroup", |xml| subnets.write(xml));
        }
        xml.text("PreferredMaintenanceWindow", &self.maintenance_window);
        xml.element("PendingModifiedValues", |_| {});
        xml.text("MultiAZ", false);
        xml.text("AutoMinorVersionUpgrade", self.auto_minor_version_upgrade);
        xml.element("ReadReplicaDBInstanceIdentifiers", |_| {});
        xml.text("LicenseModel", "postgresql-license");
        xml.text("PubliclyAccessible", self.publicly_accessible);
        xml.text("StorageType", &settings.storage_type);
        xml.text("DbInstancePort", 0);
        xml.text("StorageEncrypted", settings.kms_key.is_some());
        xml.maybe("KmsKeyId", settings.kms_key.as_ref());
        xml.text("CACertificateIdentifier", &self.ca);
        xml.element("CertificateDetails", |xml| xml.text("CAIdentifier", &self.ca));
        xml.element("DomainMemberships", |_| {});
        xml.text("CopyTagsToSnapshot", settings.copy_tags_to_snapshot);
        xml.text("MonitoringInterval", self.monitoring_interval);
        xml.maybe("MonitoringRoleArn", self.monitoring_role.as_ref());
        xml.text("PromotionTier", self.tier);
        xml.text("IAMDatabaseAuthenticationEnabled", settings.iam_authentication);
        xml.text("PerformanceInsightsEnabled", self.performance_insights);
        xml.maybe("PerformanceInsightsKMSKeyId", self.insights_key.as_ref());
        if self.performance_insights {
            xml.text("PerformanceInsightsRetentionPeriod", self.insights_retention_days);
        }
        xml.text("DeletionProtection", settings.deletion_protection);
        xml.text("NetworkType", &settings.network_type);
        xml.text("BackupTarget", "region");
        xml.text("EngineLifecycleSupport", &settings.lifecycle_support);
        tags::write(xml, &self.tags);
    }
}
