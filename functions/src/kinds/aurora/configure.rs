//! Applies the settings that no restore call accepts: cluster settings, roles, the Data API and deletion protection. Each is
//! changed only if the copy, as RDS describes it, differs from the captured configuration, so a repeated call finds nothing to do.

use aws_sdk_rds::error::ProvideErrorMetadata;
use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration, DatabaseInsightsMode, DbCluster};
use serde_json::{Value, json};

use super::Aurora;
use super::captured::{text, texts};
use super::describe;
use super::plan::ClusterPlan;
use super::settings::{
    DATA_API, PERHAPS, PROTECTION, ROLES, SETTINGS, changed, is_forwarding, missing_roles, request_groups,
};
use crate::aws::{code, failure};
use crate::domain::restore::settings::{RefusedSetting, SettingAction};
use crate::error::{Error, Result};
use crate::kinds::keys;
use crate::kinds::part;

/// RDS does not accept the settings, or not now.
const REFUSALS: &[&str] = &[
    "InvalidDBClusterStateFault",
    "InvalidParameterCombination",
    "InvalidParameterValue",
];

/// RDS will never accept the settings.
const FOR_GOOD: &[&str] = &["InvalidParameterCombination", "InvalidParameterValue"];

/// A copy without these is unusable: they decide who can reach it, and how it behaves.
pub const MUST: &[&str] = &["DBClusterParameterGroup", "Port", "VpcSecurityGroups"];

/// What one call requested from RDS, and what it waits for, as text.
#[derive(Default)]
pub struct RequestedChanges {
    pub settings: Vec<&'static str>,
    pub refused: Vec<RefusedSetting>,
    pub waits_for: Vec<String>,
}

impl RequestedChanges {
    fn and(&mut self, setting: &'static str, waits_for: String) {
        self.settings.push(setting);
        self.waits_for.push(waits_for);
    }

    /// Whether to request a setting that the copy lacks; a setting that RDS has just accepted is waited for.
    fn should_request(&mut self, plan: &ClusterPlan<'_>, setting: &str) -> bool {
        let next = plan.next_action(setting);
        if next == SettingAction::Wait {
            let late = format!("cluster {} does not show its {setting} yet", plan.copy);
            self.waits_for.push(late);
        }
        next == SettingAction::Request
    }
}

impl Aurora {
    /// Changes all settings that are not as captured: together, or one by one if RDS refuses some of them for good, to find out
    /// which.
    pub(super) async fn configure(&self, plan: &ClusterPlan<'_>, cluster: &DbCluster) -> Result<RequestedChanges> {
        let now = describe::cluster(cluster);
        let differing = changed(plan.cluster(), &now, SETTINGS);
        let are = |next: SettingAction<'_>| {
            let settings = differing.iter().copied();
            settings
                .filter(move |setting| plan.next_action(setting) == next)
                .collect()
        };
        let (mut due, late): (Vec<&'static str>, Vec<&'static str>) =
            (are(SettingAction::Request), are(SettingAction::Wait));
        let mut changes = RequestedChanges::default();
        if !late.is_empty() {
            let late = late.join(", ");
            changes.waits_for.push(format!(
                "cluster {} does not show yet what RDS accepted: {late}",
                plan.copy
            ));
        }
        if due.is_empty() {
            return Ok(changes);
        }
        if self.modify(plan, &now, &due).await?.is_err() {
            for some in request_groups(&due) {
                let Err((why, error)) = self.modify(plan, &now, &some).await? else {
                    due = some;
                    break;
                };
                if some.iter().any(|setting| MUST.contains(setting)) {
                    return Err(error);
                }
                changes.refused.extend(some.iter().map(|setting| RefusedSetting {
                    setting: (*setting).to_owned(),
                    why: why.clone(),
                }));
                due.retain(|setting| !some.contains(setting));
            }
        }
        let phase = match due.is_empty() {
            true => format!("cluster {} stays without what RDS refuses", plan.copy),
            false => format!("cluster {} is being configured: {}", plan.copy, due.join(", ")),
        };
        changes.waits_for.push(phase);
        changes.settings = due;
        Ok(changes)
    }

    /// Changes these settings to their captured values. The inner error is RDS's final refusal: its message, and the error.
    async fn modify(
        &self,
        plan: &ClusterPlan<'_>,
        now: &Value,
        settings: &[&str],
    ) -> Result<std::result::Result<(), (String, Error)>> {
        let captured = plan.cluster();
        let text = |name| settings.contains(&name).then(|| plan.text(name)).flatten();
        let flag = |name| settings.contains(&name).then(|| plan.flag(name)).flatten();
        let number = |name| settings.contains(&name).then(|| plan.number(name)).flatten();
        let manage = settings.contains(&"MasterUserSecret");
        let key = match part(captured, "MasterUserSecret") {
            secret if manage => self.secret_key(secret).await?,
            _ => None,
        };
        let groups = settings.contains(&"VpcSecurityGroups").then(|| plan.security_groups());
        let insights = text("DatabaseInsightsMode").map(|mode| DatabaseInsightsMode::from(mode.as_str()));
        let forwarding = settings.contains(&"LocalWriteForwardingStatus");
        let logs = settings.contains(&"EnabledCloudwatchLogsExports");
        let call = self
            .rds
            .modify_db_cluster()
            .db_cluster_identifier(plan.copy)
            .apply_immediately(true)
            .set_auto_minor_version_upgrade(flag("AutoMinorVersionUpgrade"))
            .set_backup_retention_period(number("BackupRetentionPeriod"))
            .set_copy_tags_to_snapshot(flag("CopyTagsToSnapshot"))
            .set_db_cluster_parameter_group_name(text("DBClusterParameterGroup"))
            .set_database_insights_mode(insights)
            .set_cloudwatch_logs_export_configuration(logs.then(|| log_exports(captured, now)))
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
        match call.send().await {
            Ok(_) => Ok(Ok(())),
            Err(error) => {
                let for_good = code(&error).is_some_and(|code| FOR_GOOD.contains(&code));
                let why = error.message().unwrap_or("no message").to_owned();
                let error = failure("configuring cluster", plan.copy, error);
                if for_good { Ok(Err((why, error))) } else { Err(error) }
            }
        }
    }

    /// The settings that were refused and that the copy lacks, as text.
    pub(super) fn unapplied_reasons(plan: &ClusterPlan<'_>, cluster: &DbCluster) -> Vec<String> {
        let (captured, now) = (plan.cluster(), describe::cluster(cluster));
        let others = [ROLES, DATA_API, PROTECTION].into_iter().filter(|name| match *name {
            ROLES => missing_roles(captured, &now).next().is_some(),
            name => part(captured, name) == &json!(true) && part(&now, name) != &json!(true),
        });
        let differing = changed(captured, &now, SETTINGS).into_iter().chain(others);
        let words = |setting: &'static str| {
            let why = plan.unapplied_reason(setting)?;
            Some(format!(
                "cluster {} does not have {setting} as it was captured: {why}. Check it, and set it by hand",
                plan.copy
            ))
        };
        differing.filter_map(words).collect()
    }

    /// Requests what Aurora may not accept. Only once, when the cluster has just got its first instance: otherwise each poll would
    /// request it again.
    pub(super) async fn request_once(&self, plan: &ClusterPlan<'_>, cluster: &DbCluster) -> Result<()> {
        let (captured, now) = (plan.cluster(), describe::cluster(cluster));
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
            .db_cluster_identifier(plan.copy)
            .apply_immediately(true)
            .set_ca_certificate_identifier(ca.and_then(|ca| text(ca, "CAIdentifier")))
            .set_monitoring_interval(plan.number("MonitoringInterval").filter(|_| monitored))
            .set_monitoring_role_arn(
                plan.text("MonitoringRoleArn")
                    .filter(|_| changed.contains(&"MonitoringRoleArn")),
            );
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) if code(&error).is_some_and(|code| REFUSALS.contains(&code)) => {
                tracing::info!(
                    cluster = plan.copy,
                    settings = changed.join(", "),
                    "not accepted by Aurora"
                );
                Ok(())
            }
            Err(error) => Err(failure("configuring cluster", plan.copy, error)),
        }
    }

    /// The key of the captured managed secret. `None` for the AWS managed key, which RDS uses by default.
    async fn secret_key(&self, secret: &Value) -> Result<Option<String>> {
        let Some(key) = text(secret, "KmsKeyId").filter(|key| !key.contains("alias/aws/")) else {
            return Ok(None);
        };
        let described = keys::describe(&self.kms, &key, "the master secret").await?;
        Ok((described["KeyManager"] != "AWS").then_some(key))
    }

    /// Adds the roles and enables the Data API. Instances can be created meanwhile.
    pub(super) async fn attach(&self, plan: &ClusterPlan<'_>, cluster: &DbCluster) -> Result<RequestedChanges> {
        let target = plan.copy;
        let there = describe::cluster(cluster);
        let mut added = Vec::new();
        let mut changes = RequestedChanges::default();
        let mut missing = missing_roles(plan.cluster(), &there).peekable();
        let should_request = missing.peek().is_some() && changes.should_request(plan, ROLES);
        for role in missing.filter(|_| should_request) {
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
            changes.settings.push(ROLES);
        }
        let pending = cluster.associated_roles().iter();
        let pending = pending.filter(|role| role.status() == Some("PENDING"));
        added.extend(pending.filter_map(|role| role.role_arn().map(str::to_owned)));
        if !added.is_empty() {
            let words = format!("cluster {target} is being given its roles: {}", added.join(", "));
            changes.waits_for.push(words);
        }
        let on = plan.flag(DATA_API) == Some(true);
        if on && cluster.http_endpoint_enabled() != Some(true) && changes.should_request(plan, DATA_API) {
            let arn = cluster.db_cluster_arn().unwrap_or_default();
            match self.rds.enable_http_endpoint().resource_arn(arn).send().await {
                Err(error) if code(&error) != Some("InvalidResourceStateFault") => {
                    return Err(failure("enabling the Data API of cluster", target, error));
                }
                _ => changes.and(DATA_API, format!("cluster {target} is being given its Data API")),
            }
        }
        Ok(changes)
    }

    /// Enables deletion protection if the source had it: the last change.
    pub(super) async fn protect(&self, plan: &ClusterPlan<'_>, cluster: &DbCluster) -> Result<RequestedChanges> {
        let mut changes = RequestedChanges::default();
        let on = plan.flag(PROTECTION) == Some(true);
        if on && cluster.deletion_protection() != Some(true) && changes.should_request(plan, PROTECTION) {
            self.set_protection(plan.copy, true).await?;
            changes.and(
                PROTECTION,
                format!("cluster {} is being given its deletion protection", plan.copy),
            );
        }
        Ok(changes)
    }

    pub(super) async fn set_protection(&self, cluster: &str, on: bool) -> Result<()> {
        let call = self.rds.modify_db_cluster().db_cluster_identifier(cluster);
        let set = call.deletion_protection(on).apply_immediately(true).send().await;
        set.map(drop)
            .map_err(|error| failure("setting the deletion protection of cluster", cluster, error))
    }
}

fn log_exports(captured: &Value, now: &Value) -> CloudwatchLogsExportConfiguration {
    let of = |of| texts(part(of, "EnabledCloudwatchLogsExports"));
    let (captured, there) = (of(captured), of(now));
    let without =
        |these: &[String], those: &[String]| these.iter().filter(|log| !those.contains(log)).cloned().collect();
    CloudwatchLogsExportConfiguration::builder()
        .set_enable_log_types(Some(without(&captured, &there)))
        .set_disable_log_types(Some(without(&there, &captured)))
        .build()
}
