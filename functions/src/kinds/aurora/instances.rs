//! The instances of a copy: the writer first, for RDS makes the first one the writer, then its readers.

use aws_sdk_rds::types::{DbCluster, DbInstance, Filter};
use serde_json::Value;

use super::Aurora;
use super::restore::taken;
use super::wanted::{Wanted, WantedInstance, members, number, tagged_by, text};
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::error::Result;
use crate::kinds::restoring::part;

/// Instance statuses out of which nothing usable comes any more (the terminal ones of CloudFormation's handler).
const LOST: &[&str] = &[
    "failed",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-create",
    "incompatible-credentials",
    "incompatible-network",
    "incompatible-parameters",
    "incompatible-restore",
    "modify-failed",
    "upgrade-failed",
];

impl Aurora {
    /// Creates the instances that are missing; in words what it waits for, `None` when all are available. The inner error is
    /// why it will never be.
    pub(super) async fn make_instances(
        &self,
        run: &Run,
        wanted: &Wanted<'_>,
        cluster: &DbCluster,
    ) -> Result<Result<Option<String>, String>> {
        let there = self.instances(wanted.target).await?;
        let found = |name: &str| there.iter().find(|there| there.db_instance_identifier() == Some(name));
        let (mut made, mut waiting) = (Vec::new(), Vec::new());
        for instance in wanted.instances() {
            let name = instance.name.clone();
            let Some(there) = found(&name) else {
                self.make_instance(run, wanted, cluster, &instance).await?;
                made.push(name);
                continue;
            };
            if !tagged_by(there.tag_list(), run, wanted.resource) {
                return Err(taken("instance", &name));
            }
            let status = there.db_instance_status().unwrap_or("unknown");
            if LOST.contains(&status) {
                return Ok(Err(format!("the status of instance {name} is {status}")));
            }
            if status != "available" {
                waiting.push(format!("{name} is {status}"));
            }
        }
        let made = (!made.is_empty()).then(|| format!("{} being created", made.join(", ")));
        waiting.extend(made);
        Ok(Ok((!waiting.is_empty()).then(|| {
            format!("instances of cluster {}: {}", wanted.target, waiting.join(", "))
        })))
    }

    /// The instances of a cluster, also those that nobody planned.
    pub(super) async fn instances(&self, cluster: &str) -> Result<Vec<DbInstance>> {
        let of_cluster = Filter::builder().name("db-cluster-id").values(cluster).build();
        let pages = self.rds.describe_db_instances().filters(of_cluster);
        let found = pages.into_paginator().items().send().collect::<Result<_, _>>().await;
        found.map_err(|error| failure("describing the instances of cluster", cluster, error))
    }

    async fn make_instance(
        &self,
        run: &Run,
        wanted: &Wanted<'_>,
        cluster: &DbCluster,
        instance: &WantedInstance,
    ) -> Result<()> {
        let captured = &instance.captured;
        let flag = |name| part(captured, name).as_bool();
        let monitored = number(captured, "MonitoringInterval").is_some_and(|seconds| seconds > 0);
        let insights = flag("PerformanceInsightsEnabled") == Some(true);
        let group = members(captured, "DBParameterGroups").find_map(|group| text(group, "DBParameterGroupName"));
        let created = self
            .rds
            .create_db_instance()
            .db_instance_identifier(&instance.name)
            .db_cluster_identifier(wanted.target)
            .set_engine(cluster.engine().map(str::to_owned))
            .set_db_instance_class(text(captured, "DBInstanceClass"))
            .set_availability_zone(text(captured, "AvailabilityZone"))
            .set_promotion_tier(number(captured, "PromotionTier"))
            .publicly_accessible(flag("PubliclyAccessible").unwrap_or(false))
            .set_db_parameter_group_name(group)
            .set_auto_minor_version_upgrade(flag("AutoMinorVersionUpgrade"))
            .set_preferred_maintenance_window(text(captured, "PreferredMaintenanceWindow"))
            .set_ca_certificate_identifier(text(captured, "CACertificateIdentifier"))
            .set_monitoring_interval(number(captured, "MonitoringInterval").filter(|_| monitored))
            .set_monitoring_role_arn(text(captured, "MonitoringRoleArn").filter(|_| monitored))
            .set_enable_performance_insights(insights.then_some(true))
            .set_performance_insights_kms_key_id(text(captured, "PerformanceInsightsKMSKeyId").filter(|_| insights))
            .set_performance_insights_retention_period(
                number(captured, "PerformanceInsightsRetentionPeriod").filter(|_| insights),
            )
            .set_tags(Some(wanted.tags(run, captured)))
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            // Ours by now, or somebody else's.
            Err(error) if code(&error) == Some("DBInstanceAlreadyExists") => self.see_ours(run, wanted, instance).await,
            Err(error) => Err(failure("creating instance", &instance.name, error)),
        }
    }

    async fn see_ours(&self, run: &Run, wanted: &Wanted<'_>, instance: &WantedInstance) -> Result<()> {
        let name = &instance.name;
        let found = self
            .rds
            .describe_db_instances()
            .db_instance_identifier(name)
            .send()
            .await;
        let found = found.map_err(|error| failure("describing instance", name, error))?;
        let ours = found.db_instances().iter().any(|found| {
            found.db_cluster_identifier() == Some(wanted.target) && tagged_by(found.tag_list(), run, wanted.resource)
        });
        if ours { Ok(()) } else { Err(taken("instance", name)) }
    }
}

/// The instances of a plan, in words: `hubs-db-1-r (db.r6g.large, writer)`.
pub fn words(instances: &[WantedInstance]) -> Vec<String> {
    let class = |captured: &Value| text(captured, "DBInstanceClass").unwrap_or_default();
    instances
        .iter()
        .map(|instance| {
            let writer = part(&instance.captured, "IsClusterWriter") == &Value::Bool(true);
            let role = if writer { ", writer" } else { "" };
            format!("{} ({}{role})", instance.name, class(&instance.captured))
        })
        .collect()
}
