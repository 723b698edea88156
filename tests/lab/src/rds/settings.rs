//! A cluster's configuration: everything that create, modify and restore calls can set.

use super::catalogue;
use super::fault::{Fault, Result};
use super::query::Query;
use super::rules::{self, Serverless};
use super::xml::Xml;

/// A cluster's configuration.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // each is the member of the model's DBCluster that has its name
pub struct Settings {
    pub engine_version: String,
    pub engine_mode: String,
    pub port: u16,
    pub database_name: Option<String>,
    pub master_username: String,
    pub subnet_group: String,
    pub security_groups: Vec<String>,
    pub parameter_group: String,
    pub retention_days: u32,
    pub backup_window: String,
    pub maintenance_window: String,
    /// The key's ARN when the storage is encrypted.
    pub kms_key: Option<String>,
    pub iam_authentication: bool,
    pub log_exports: Vec<String>,
    pub deletion_protection: bool,
    pub copy_tags_to_snapshot: bool,
    pub storage_type: String,
    pub serverless: Option<Serverless>,
    pub network_type: String,
    pub auto_minor_version_upgrade: bool,
    pub http_endpoint: bool,
    pub lifecycle_support: String,
    pub insights_mode: String,
    pub performance_insights: bool,
    pub insights_retention_days: Option<u32>,
    pub monitoring_interval: u32,
    pub monitoring_role: Option<String>,
    pub ca: String,
    pub local_write_forwarding: bool,
    pub availability_zones: Vec<String>,
}

impl Settings {
    /// The settings of a cluster without parameters: the defaults of the account and the region, not of any other cluster.
    #[must_use]
    pub fn defaults(engine_version: &str) -> Self {
        let text = str::to_owned;
        Self {
            engine_version: text(engine_version),
            engine_mode: text("provisioned"),
            port: 5432,
            database_name: None,
            master_username: String::new(),
            subnet_group: text("default"),
            security_groups: vec![text(catalogue::DEFAULT_SECURITY_GROUP)],
            parameter_group: catalogue::default_cluster_parameter_group(engine_version),
            retention_days: 1,
            backup_window: text("07:00-07:30"),
            maintenance_window: text("sun:05:00-sun:05:30"),
            kms_key: None,
            iam_authentication: false,
            log_exports: Vec::new(),
            deletion_protection: false,
            copy_tags_to_snapshot: false,
            storage_type: text("aurora"),
            serverless: None,
            network_type: text("IPV4"),
            auto_minor_version_upgrade: true,
            http_endpoint: false,
            lifecycle_support: text("open-source-rds-extended-support"),
            insights_mode: text("standard"),
            performance_insights: false,
            insights_retention_days: None,
            monitoring_interval: 0,
            monitoring_role: None,
            ca: text("rds-ca-rsa2048-g1"),
            local_write_forwarding: false,
            availability_zones: Vec::new(),
        }
    }

    /// Applies a create, modify or restore call; what it omits is unchanged. References to groups and
    /// keys, the engine's version and the user are the caller's to check.
    ///
    /// # Errors
    /// `InvalidParameterValue` or `InvalidParameterCombination`, naming the parameter.
    pub fn apply(&mut self, query: &Query) -> Result<()> {
        fn set<T>(field: &mut T, given: Option<T>) {
            if let Some(given) = given {
                *field = given;
            }
        }
        let text = |name: &str| query.text(name).map(str::to_owned);
        set(&mut self.port, rules::port(query)?);
        set(
            &mut self.subnet_group,
            text("DBSubnetGroupName").map(|name| name.to_lowercase()),
        );
        set(&mut self.security_groups, rules::security_groups(query)?);
        set(
            &mut self.parameter_group,
            text("DBClusterParameterGroupName").map(|name| name.to_lowercase()),
        );
        set(&mut self.retention_days, rules::retention(query)?);
        set(
            &mut self.backup_window,
            rules::window(query, "PreferredBackupWindow", 11)?,
        );
        set(
            &mut self.maintenance_window,
            rules::window(query, "PreferredMaintenanceWindow", 19)?,
        );
        set(
            &mut self.iam_authentication,
            query.flag("EnableIAMDatabaseAuthentication")?,
        );
        set(&mut self.deletion_protection, query.flag("DeletionProtection")?);
        set(&mut self.copy_tags_to_snapshot, query.flag("CopyTagsToSnapshot")?);
        set(&mut self.storage_type, rules::storage_type(query)?);
        set(&mut self.network_type, text("NetworkType"));
        set(
            &mut self.auto_minor_version_upgrade,
            query.flag("AutoMinorVersionUpgrade")?,
        );
        set(&mut self.lifecycle_support, text("EngineLifecycleSupport"));
        set(&mut self.insights_mode, text("DatabaseInsightsMode"));
        set(&mut self.performance_insights, query.flag("EnablePerformanceInsights")?);
        set(&mut self.monitoring_interval, query.number("MonitoringInterval")?);
        set(&mut self.ca, text("CACertificateIdentifier"));
        set(
            &mut self.local_write_forwarding,
            query.flag("EnableLocalWriteForwarding")?,
        );
        set(&mut self.availability_zones, query.given_list("AvailabilityZones"));
        self.insights_retention_days = query
            .number("PerformanceInsightsRetentionPeriod")?
            .or(self.insights_retention_days);
        self.monitoring_role = text("MonitoringRoleArn").or(self.monitoring_role.take());
        if let Some(scaling) = query.structure("ServerlessV2ScalingConfiguration") {
            self.serverless = Some(rules::serverless(&scaling, self.serverless)?);
        }
        self.apply_logs(query)?;
        match query.text("EngineMode") {
            None | Some("provisioned") => Ok(()),
            Some(mode) => Err(Fault::value(format!(
                "The engine mode {mode} you requested is currently unavailable."
            ))),
        }
    }

    fn apply_logs(&mut self, query: &Query) -> Result<()> {
        if let Some(types) = query.given_list("EnableCloudwatchLogsExports") {
            self.log_exports = types;
        }
        if let Some(change) = query.structure("CloudwatchLogsExportConfiguration") {
            let disabled = change.list("DisableLogTypes");
            self.log_exports.retain(|kind| !disabled.contains(kind));
            self.log_exports.extend(change.list("EnableLogTypes"));
        }
        self.log_exports.sort();
        self.log_exports.dedup();
        match self
            .log_exports
            .iter()
            .find(|kind| !["postgresql", "instance", "iam-db-auth-error"].contains(&kind.as_str()))
        {
            Some(kind) => Err(Fault::combination(format!(
                "You cannot use the log types '{kind}' with engine version aurora-postgresql {}.",
                self.engine_version
            ))),
            None => Ok(()),
        }
    }

    /// Writes the members of `DBCluster` that are configuration, apart from those in nested elements.
    pub fn write(&self, xml: &mut Xml) {
        xml.text("BackupRetentionPeriod", self.retention_days);
        xml.maybe("DatabaseName", self.database_name.as_ref());
        xml.text("DBClusterParameterGroup", &self.parameter_group);
        xml.text("DBSubnetGroup", &self.subnet_group);
        xml.text("Engine", catalogue::ENGINE);
        xml.text("EngineVersion", &self.engine_version);
        xml.text("EngineMode", &self.engine_mode);
        xml.text("MasterUsername", &self.master_username);
        xml.text("PreferredBackupWindow", &self.backup_window);
        xml.text("PreferredMaintenanceWindow", &self.maintenance_window);
        write_security_groups(xml, &self.security_groups);
        xml.text("StorageEncrypted", self.kms_key.is_some());
        xml.maybe("KmsKeyId", self.kms_key.as_ref());
        xml.text("IAMDatabaseAuthenticationEnabled", self.iam_authentication);
        if !self.log_exports.is_empty() {
            xml.texts("EnabledCloudwatchLogsExports", "member", &self.log_exports);
        }
        xml.text("DeletionProtection", self.deletion_protection);
        xml.text("HttpEndpointEnabled", self.http_endpoint);
        xml.text("CopyTagsToSnapshot", self.copy_tags_to_snapshot);
        // As in AWS: the standard storage type isn't shown.
        xml.maybe("StorageType", Some(&self.storage_type).filter(|kind| *kind != "aurora"));
        xml.text("AutoMinorVersionUpgrade", self.auto_minor_version_upgrade);
        xml.text("NetworkType", &self.network_type);
        xml.text("EngineLifecycleSupport", &self.lifecycle_support);
        xml.text("DatabaseInsightsMode", &self.insights_mode);
        xml.text("PerformanceInsightsEnabled", self.performance_insights);
        xml.maybe("PerformanceInsightsRetentionPeriod", self.insights_retention_days);
        xml.text("MonitoringInterval", self.monitoring_interval);
        xml.maybe("MonitoringRoleArn", self.monitoring_role.as_ref());
        xml.text(
            "LocalWriteForwardingStatus",
            if self.local_write_forwarding {
                "enabled"
            } else {
                "disabled"
            },
        );
        xml.texts("AvailabilityZones", "AvailabilityZone", &self.availability_zones);
        xml.element("CertificateDetails", |xml| xml.text("CAIdentifier", &self.ca));
        if let Some(scaling) = self.serverless {
            xml.element("ServerlessV2ScalingConfiguration", |xml| {
                xml.text("MinCapacity", format!("{:?}", scaling.min));
                xml.text("MaxCapacity", format!("{:?}", scaling.max));
                xml.maybe("SecondsUntilAutoPause", scaling.pause);
            });
        }
    }
}

/// Writes `VpcSecurityGroups`, as clusters and instances have them.
pub fn write_security_groups(xml: &mut Xml, groups: &[String]) {
    xml.elements(
        "VpcSecurityGroups",
        "VpcSecurityGroupMembership",
        groups,
        |xml, group| {
            xml.text("VpcSecurityGroupId", group);
            xml.text("Status", "active");
        },
    );
}

#[cfg(test)]
mod tests;
