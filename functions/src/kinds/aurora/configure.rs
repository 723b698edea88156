//! The settings that no restore call accepts: cluster settings, roles, the Data API and deletion protection. Each is changed
//! only where the copy, as RDS describes it, differs from the captured configuration, so a second look finds nothing to do.

use aws_sdk_rds::error::ProvideErrorMetadata;
use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration, DatabaseInsightsMode, DbCluster};
use serde_json::{Value, json};

use super::Aurora;
use super::captured::{text, texts};
use super::describe;
use super::plan::ClusterPlan;
use super::settings::{DATA_API, PERHAPS, PROTECTION, ROLES, SETTINGS, apart, changed, is_forwarding, missing_roles};
use crate::aws::{code, failure};
use crate::domain::restore::settings::{RefusedSetting, SettingAction};
use crate::error::{Error, Result};
use crate::kinds::keys;
use crate::kinds::part;

/// By what RDS says that it does not take them, or not now.
const REFUSALS: &[&str] = &[
    "InvalidDBClusterStateFault",
    "InvalidParameterCombination",
    "InvalidParameterValue",
];

/// By what it says that it never will.
const FOR_GOOD: &[&str] = &["InvalidParameterCombination", "InvalidParameterValue"];

/// Without these a copy is none: who can reach it, and how it behaves.
pub const MUST: &[&str] = &["DBClusterParameterGroup", "Port", "VpcSecurityGroups"];

/// What was asked of RDS in one look, and what is waited for, in words.
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

    /// Whether a setting that the copy has not got is to be asked for now; one that RDS took a moment ago is waited for.
    fn asks(&mut self, plan: &ClusterPlan<'_>, setting: &str) -> bool {
        let next = plan.next(setting);
        if next == SettingAction::Wait {
            let late = format!("cluster {} does not show its {setting} yet", plan.target);
            self.waits_for.push(late);
        }
        next == SettingAction::Request
    }
}

impl Aurora {
    /// Changes all settings that are not as captured: at once, or, where RDS refuses some of them for good, by themselves, so that
    /// it is known which.
    pub(super) async fn configure(&self, plan: &ClusterPlan<'_>, cluster: &DbCluster) -> Result<RequestedChanges> {
        let now = describe::cluster(cluster);
        let differing = changed(plan.cluster(), &now, SETTINGS);
        let are = |next: SettingAction<'_>| {
            let settings = differing.iter().copied();
            settings.filter(move |setting| plan.next(setting) == next).collect()
        };
        let (mut ask, late): (Vec<&'static str>, Vec<&'static str>) =
            (are(SettingAction::Request), are(SettingAction::Wait));
        let mut asked = RequestedChanges::default();
        if !late.is_empty() {
            let late = late.join(", ");
            asked.waits_for.push(format!(
                "cluster {} does not show yet what RDS took: {late}",
                plan.target
            ));
        }
        if ask.is_empty() {
            return Ok(asked);
        }
        if self.modify(plan, &now, &ask).await?.is_err() {
            for some in apart(&ask) {
                let Err((why, error)) = self.modify(plan, &now, &some).await? else {
                    ask = some;
                    break;
                };
                if some.iter().any(|setting| MUST.contains(setting)) {
                    return Err(error);
                }
                asked.refused.extend(some.iter().map(|setting| RefusedSetting {
                    setting: (*setting).to_owned(),
                    why: why.clone(),
                }));
                ask.retain(|setting| !some.contains(setting));
            }
        }
        let phase = match ask.is_empty() {
            true => format!("cluster {} is left without what RDS refuses", plan.target),
            false => format!("cluster {} is being configured: {}", plan.target, ask.join(", ")),
        };
        asked.waits_for.push(phase);
        asked.settings = ask;
        Ok(asked)
    }

    /// Changes these settings to what was captured. The inner error is RDS's refusal for good: its words, and the error.
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
            .db_cluster_identifier(plan.target)
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
                let why = error.message().unwrap_or("without a word").to_owned();
                let error = failure("configuring cluster", plan.target, error);
                if for_good { Ok(Err((why, error))) } else { Err(error) }
            }
        }
    }

    /// What was asked for in vain and the copy is without, in words.
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
                "cluster {} has not got {setting} as it was captured: {why}. Look at it, and set it by hand",
                plan.target
            ))
        };
        differing.filter_map(words).collect()
    }

    /// Asks for what Aurora may not take. Only when the cluster has just got its first instance: a second time would be one time
    /// for each look.
    pub(super) async fn ask_once(&self, plan: &ClusterPlan<'_>, cluster: &DbCluster) -> Result<()> {
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
            .db_cluster_identifier(plan.target)
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
                    cluster = plan.target,
                    settings = changed.join(", "),
                    "not taken by Aurora"
                );
                Ok(())
            }
            Err(error) => Err(failure("configuring cluster", plan.target, error)),
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
    pub(super) async fn attach(&self, plan: &ClusterPlan<'_>, cluster: &DbCluster) -> Result<RequestedChanges> {
        let target = plan.target;
        let there = describe::cluster(cluster);
        let mut added = Vec::new();
        let mut asked = RequestedChanges::default();
        let mut missing = missing_roles(plan.cluster(), &there).peekable();
        let asks = missing.peek().is_some() && asked.asks(plan, ROLES);
        for role in missing.filter(|_| asks) {
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
        let on = plan.flag(DATA_API) == Some(true);
        if on && cluster.http_endpoint_enabled() != Some(true) && asked.asks(plan, DATA_API) {
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
    pub(super) async fn protect(&self, plan: &ClusterPlan<'_>, cluster: &DbCluster) -> Result<RequestedChanges> {
        let mut asked = RequestedChanges::default();
        let on = plan.flag(PROTECTION) == Some(true);
        if on && cluster.deletion_protection() != Some(true) && asked.asks(plan, PROTECTION) {
            self.set_protection(plan.target, true).await?;
            asked.and(
                PROTECTION,
                format!("cluster {} gets its deletion protection", plan.target),
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
