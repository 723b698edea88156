//! What no restore call takes: a copy's settings, roles, Data API and deletion protection, each only where the copy, as RDS
//! describes it, is not what was captured. So a second look finds nothing to do.

use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration, DatabaseInsightsMode, DbCluster};
use serde_json::{Value, json};

use super::Aurora;
use super::describe;
use super::wanted::{Wanted, members, number, text, texts};
use crate::aws::{code, failure};
use crate::error::Result;
use crate::kinds::keys;
use crate::kinds::restoring::part;

/// What ModifyDBCluster sets, by the names under which it is described.
const SETTINGS: &[&str] = &[
    "AutoMinorVersionUpgrade",
    "BackupRetentionPeriod",
    "CopyTagsToSnapshot",
    "DBClusterParameterGroup",
    "DatabaseInsightsMode",
    "EnabledCloudwatchLogsExports",
    "IAMDatabaseAuthenticationEnabled",
    "LocalWriteForwardingStatus",
    "MasterUserSecret",
    "PerformanceInsightsEnabled",
    "PerformanceInsightsKMSKeyId",
    "PerformanceInsightsRetentionPeriod",
    "Port",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "VpcSecurityGroups",
];

/// What the API's text has for Multi-AZ clusters only. Aurora may take it, take it and not show it, or refuse it: it is asked
/// for once, and nothing waits for it.
const PERHAPS: &[&str] = &["CertificateDetails", "MonitoringInterval", "MonitoringRoleArn"];

/// What has a call of its own.
const ROLES: &str = "AssociatedRoles";
const DATA_API: &str = "HttpEndpointEnabled";
const PROTECTION: &str = "DeletionProtection";

/// Settings that RDS takes only together.
const TOGETHER: &[&[&str]] = &[
    &["MonitoringInterval", "MonitoringRoleArn"],
    &[
        "DatabaseInsightsMode",
        "PerformanceInsightsEnabled",
        "PerformanceInsightsKMSKeyId",
        "PerformanceInsightsRetentionPeriod",
    ],
];

/// By what RDS says that it does not take them, or not now.
const REFUSALS: &[&str] = &[
    "InvalidDBClusterStateFault",
    "InvalidParameterCombination",
    "InvalidParameterValue",
];

/// What was asked of RDS in one look, and what is waited for, in words.
#[derive(Default)]
pub struct Asked {
    pub settings: Vec<&'static str>,
    pub waits_for: Vec<String>,
}

impl Asked {
    pub fn and(&mut self, setting: &'static str, waits_for: String) {
        self.settings.push(setting);
        self.waits_for.push(waits_for);
    }
}

impl Aurora {
    /// Changes all settings that are not as captured, at once; nothing that RDS took before and never showed.
    pub(super) async fn configure(&self, wanted: &Wanted<'_>, cluster: &DbCluster) -> Result<Asked> {
        let (captured, now) = (wanted.cluster(), describe::cluster(cluster));
        let mut changed = changed(captured, &now, SETTINGS);
        changed.retain(|setting| !wanted.is_given_up(setting));
        if changed.is_empty() {
            return Ok(Asked::default());
        }
        let text = |name| changed.contains(&name).then(|| wanted.text(name)).flatten();
        let flag = |name| changed.contains(&name).then(|| wanted.flag(name)).flatten();
        let number = |name| changed.contains(&name).then(|| wanted.number(name)).flatten();
        let manage = changed.contains(&"MasterUserSecret");
        let key = match part(captured, "MasterUserSecret") {
            secret if manage => self.secret_key(secret).await?,
            _ => None,
        };
        let groups = changed.contains(&"VpcSecurityGroups").then(|| wanted.security_groups());
        let insights = text("DatabaseInsightsMode").map(|mode| DatabaseInsightsMode::from(mode.as_str()));
        let forwarding = changed.contains(&"LocalWriteForwardingStatus");
        let logs = changed.contains(&"EnabledCloudwatchLogsExports");
        let call = self
            .rds
            .modify_db_cluster()
            .db_cluster_identifier(wanted.target)
            .apply_immediately(true)
            .set_auto_minor_version_upgrade(flag("AutoMinorVersionUpgrade"))
            .set_backup_retention_period(number("BackupRetentionPeriod"))
            .set_copy_tags_to_snapshot(flag("CopyTagsToSnapshot"))
            .set_db_cluster_parameter_group_name(text("DBClusterParameterGroup"))
            .set_database_insights_mode(insights)
            .set_cloudwatch_logs_export_configuration(logs.then(|| log_exports(captured, &now)))
            .set_enable_iam_database_authentication(flag("IAMDatabaseAuthenticationEnabled"))
            .set_enable_local_write_forwarding(forwarding.then(|| is_forwarding(captured)))
            .set_manage_master_user_password(manage.then_some(true))
            .set_master_user_secret_kms_key_id(key)
            .set_enable_performance_insights(flag("PerformanceInsightsEnabled"))
            .set_performance_insights_kms_key_id(text("PerformanceInsightsKMSKeyId"))
            .set_performance_insights_retention_period(number("PerformanceInsightsRetentionPeriod"))
            .set_port(number("Port"))
            .set_preferred_backup_window(text("PreferredBackupWindow"))
            .set_preferred_maintenance_window(text("PreferredMaintenanceWindow"))
            .set_vpc_security_group_ids(groups);
        call.send()
            .await
            .map_err(|error| failure("configuring cluster", wanted.target, error))?;
        let waits_for = format!("cluster {} is being configured: {}", wanted.target, changed.join(", "));
        Ok(Asked {
            settings: changed,
            waits_for: vec![waits_for],
        })
    }

    /// What RDS took as often as it was asked for and does not show, in words.
    pub(super) fn unshown(wanted: &Wanted<'_>, cluster: &DbCluster) -> Vec<String> {
        let (captured, now) = (wanted.cluster(), describe::cluster(cluster));
        let others = [ROLES, DATA_API, PROTECTION].into_iter().filter(|name| match *name {
            ROLES => missing_roles(captured, &now).next().is_some(),
            name => part(captured, name) == &json!(true) && part(&now, name) != &json!(true),
        });
        let given_up = changed(captured, &now, SETTINGS).into_iter().chain(others);
        given_up
            .filter(|setting| wanted.is_given_up(setting))
            .map(|setting| {
                format!(
                    "RDS took {setting} of cluster {} twice, as captured, and does not show it: look at it, and set it by hand",
                    wanted.target
                )
            })
            .collect()
    }

    /// Asks for what Aurora may not take. Only when the cluster has just got its first instance: a second time would be one time
    /// for each look.
    pub(super) async fn ask_once(&self, wanted: &Wanted<'_>, cluster: &DbCluster) -> Result<()> {
        let (captured, now) = (wanted.cluster(), describe::cluster(cluster));
        let changed = changed(captured, &now, PERHAPS);
        if changed.is_empty() {
            return Ok(());
        }
        let monitored = changed.contains(&"MonitoringInterval");
        let ca = changed
            .contains(&"CertificateDetails")
            .then(|| part(captured, "CertificateDetails"));
        let call = self
            .rds
            .modify_db_cluster()
            .db_cluster_identifier(wanted.target)
            .apply_immediately(true)
            .set_ca_certificate_identifier(ca.and_then(|ca| text(ca, "CAIdentifier")))
            .set_monitoring_interval(wanted.number("MonitoringInterval").filter(|_| monitored))
            .set_monitoring_role_arn(
                wanted
                    .text("MonitoringRoleArn")
                    .filter(|_| changed.contains(&"MonitoringRoleArn")),
            );
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) if code(&error).is_some_and(|code| REFUSALS.contains(&code)) => {
                tracing::info!(
                    cluster = wanted.target,
                    settings = changed.join(", "),
                    "not taken by Aurora"
                );
                Ok(())
            }
            Err(error) => Err(failure("configuring cluster", wanted.target, error)),
        }
    }

    /// The key of the captured managed secret. None for that of AWS, which RDS takes by itself.
    async fn secret_key(&self, secret: &Value) -> Result<Option<String>> {
        let Some(key) = text(secret, "KmsKeyId").filter(|key| !key.contains("alias/aws/")) else {
            return Ok(None);
        };
        let described = keys::describe(&self.kms, &key, "the master secret").await?;
        Ok((described["KeyManager"] != "AWS").then_some(key))
    }

    /// Adds the roles, and turns on the Data API. Neither keeps instances from being created.
    pub(super) async fn attach(&self, wanted: &Wanted<'_>, cluster: &DbCluster) -> Result<Asked> {
        let target = wanted.target;
        let there = describe::cluster(cluster);
        let mut added = Vec::new();
        let mut asked = Asked::default();
        for role in missing_roles(wanted.cluster(), &there).filter(|_| !wanted.is_given_up(ROLES)) {
            let Some(arn) = text(role, "RoleArn") else {
                continue;
            };
            let call = self.rds.add_role_to_db_cluster().db_cluster_identifier(target);
            let call = call.role_arn(&arn).set_feature_name(text(role, "FeatureName"));
            match call.send().await {
                Err(error) if code(&error) != Some("DBClusterRoleAlreadyExists") => {
                    return Err(failure("adding a role to cluster", &format!("{target}: {arn}"), error));
                }
                _ => added.push(arn),
            }
        }
        if !added.is_empty() {
            asked.settings.push(ROLES);
        }
        let pending = cluster.associated_roles().iter();
        let pending = pending.filter(|role| role.status() == Some("PENDING"));
        added.extend(pending.filter_map(|role| role.role_arn().map(str::to_owned)));
        if !added.is_empty() {
            let words = format!("cluster {target} gets its roles: {}", added.join(", "));
            asked.waits_for.push(words);
        }
        let on = wanted.flag(DATA_API) == Some(true) && !wanted.is_given_up(DATA_API);
        if on && cluster.http_endpoint_enabled() != Some(true) {
            let arn = cluster.db_cluster_arn().unwrap_or_default();
            match self.rds.enable_http_endpoint().resource_arn(arn).send().await {
                Err(error) if code(&error) != Some("InvalidResourceStateFault") => {
                    return Err(failure("enabling the Data API of cluster", target, error));
                }
                _ => asked.and(DATA_API, format!("cluster {target} gets its Data API")),
            }
        }
        Ok(asked)
    }

    /// Turns deletion protection on, where it was: the last thing of all.
    pub(super) async fn protect(&self, wanted: &Wanted<'_>, cluster: &DbCluster) -> Result<Asked> {
        let mut asked = Asked::default();
        let on = wanted.flag(PROTECTION) == Some(true) && !wanted.is_given_up(PROTECTION);
        if on && cluster.deletion_protection() != Some(true) {
            self.set_protection(wanted.target, true).await?;
            asked.and(
                PROTECTION,
                format!("cluster {} gets its deletion protection", wanted.target),
            );
        }
        Ok(asked)
    }

    pub(super) async fn set_protection(&self, cluster: &str, on: bool) -> Result<()> {
        let call = self.rds.modify_db_cluster().db_cluster_identifier(cluster);
        let set = call.deletion_protection(on).apply_immediately(true).send().await;
        set.map(drop)
            .map_err(|error| failure("setting the deletion protection of cluster", cluster, error))
    }
}

/// The captured roles that are not there.
fn missing_roles<'a>(captured: &'a Value, now: &'a Value) -> impl Iterator<Item = &'a Value> {
    members(captured, ROLES).filter(|role| {
        let same = |other: &Value| {
            let mut names = ["RoleArn", "FeatureName"].iter();
            names.all(|name| text(other, name) == text(role, name))
        };
        !members(now, ROLES).any(same)
    })
}

/// The settings that are not as captured, with those that RDS takes only with them.
fn changed(captured: &Value, now: &Value, settings: &[&'static str]) -> Vec<&'static str> {
    let off = |name: &str, value: Value| setting(captured, name) == Some(value);
    let moot = |name: &str| match name {
        "MonitoringRoleArn" => off("MonitoringInterval", json!(0)),
        "PerformanceInsightsKMSKeyId" | "PerformanceInsightsRetentionPeriod" => {
            setting(captured, "PerformanceInsightsEnabled") != Some(json!(true))
        }
        _ => false,
    };
    let differs =
        |name: &str| !part(captured, name).is_null() && !moot(name) && setting(captured, name) != setting(now, name);
    let together = |name: &str| {
        let others = TOGETHER.iter().find(|names| names.contains(&name));
        others.is_some_and(|names| names.iter().any(|name| differs(name)))
    };
    let settings = settings.iter().copied();
    settings
        .filter(|name| differs(name) || together(name) && !part(captured, name).is_null() && !moot(name))
        .collect()
}

/// A setting as it is compared: RDS leaves out, or says with a word of its own, what is off.
fn setting(of: &Value, name: &str) -> Option<Value> {
    let value = part(of, name);
    Some(match name {
        "AutoMinorVersionUpgrade"
        | "CopyTagsToSnapshot"
        | "IAMDatabaseAuthenticationEnabled"
        | "PerformanceInsightsEnabled" => json!(value.as_bool().unwrap_or(false)),
        "VpcSecurityGroups" => {
            let ids = members(of, name).filter_map(|group| text(group, "VpcSecurityGroupId"));
            json!(texts(&ids.collect()))
        }
        "EnabledCloudwatchLogsExports" => json!(texts(value)),
        "LocalWriteForwardingStatus" => json!(is_forwarding(of)),
        // Its ARN is another; that there is one is what counts.
        "MasterUserSecret" => json!(value.is_object()),
        "CertificateDetails" => json!(text(value, "CAIdentifier")),
        "DatabaseInsightsMode" => json!(text(of, name).unwrap_or_else(|| "standard".to_owned())),
        "MonitoringInterval" => json!(number(of, name).unwrap_or(0)),
        "PreferredBackupWindow" | "PreferredMaintenanceWindow" => json!(text(of, name)?.to_lowercase()),
        _ if value.is_null() => return None,
        _ => value.clone(),
    })
}

fn is_forwarding(of: &Value) -> bool {
    text(of, "LocalWriteForwardingStatus").is_some_and(|status| status.starts_with("enabl") || status == "requested")
}

fn log_exports(captured: &Value, now: &Value) -> CloudwatchLogsExportConfiguration {
    let of = |of| texts(part(of, "EnabledCloudwatchLogsExports"));
    let (wanted, there) = (of(captured), of(now));
    let without =
        |these: &[String], those: &[String]| these.iter().filter(|log| !those.contains(log)).cloned().collect();
    CloudwatchLogsExportConfiguration::builder()
        .set_enable_log_types(Some(without(&wanted, &there)))
        .set_disable_log_types(Some(without(&there, &wanted)))
        .build()
}
