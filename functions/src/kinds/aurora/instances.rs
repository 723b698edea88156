//! The instances of a copy. One is created first, so that the cluster has a writer, then the others. Aurora chooses the writer.

use aws_sdk_rds::types::{DbCluster, DbInstance};
use serde_json::Value;

use super::Aurora;
use super::captured::{members, number, text};
use super::clusters::name_conflict;
use super::plan::{ClusterPlan, InstancePlan};
use super::statuses::{WITHOUT_CAPACITY, is_lost_instance};
use super::tags::tagged_by;
use crate::aws::{code, failure, is_shortage};
use crate::domain::job::Run;
use crate::error::Result;
use crate::kinds::ownership::{Ownership, not_tagged_yet, ownership};
use crate::kinds::part;

/// RDS's errors for a zone that it does not offer any more or not for this class, or in which the subnet group has no subnet.
const REFUSED_ZONE: &[&str] = &[
    "InvalidParameterCombination",
    "InvalidParameterValue",
    "InvalidSubnet",
    "InvalidVPCNetworkStateFault",
];

/// The state of a copy's instances.
pub struct InstancesState {
    /// What it waits for, as text; `None` once all possible instances are available.
    pub waits_for: Option<String>,
    /// Whether this call created one.
    pub created: bool,
    /// Instances for which AWS has no capacity.
    pub lacking: Vec<String>,
    /// Instances for which AWS had no capacity in their source's zone.
    pub in_any_zone: Vec<String>,
    /// Readers that the copy is finished without.
    pub without: Vec<String>,
}

impl Aurora {
    /// Creates the missing instances. The inner error is why the copy will never have them.
    pub(super) async fn create_instances(
        &self,
        run: &Run,
        plan: &ClusterPlan<'_>,
        cluster: &DbCluster,
        existing: &[DbInstance],
    ) -> Result<Result<InstancesState, String>> {
        let found = |name: &str| {
            existing
                .iter()
                .find(|existing| existing.db_instance_identifier() == Some(name))
        };
        let writes = existing
            .iter()
            .any(|existing| existing.db_instance_status() == Some("available"));
        let (mut made, mut waiting, mut later) = (Vec::new(), Vec::new(), Vec::new());
        let (mut in_any_zone, mut lacking, mut without) = (Vec::new(), Vec::new(), Vec::new());
        for (place, instance) in plan.instances().into_iter().enumerate() {
            let name = instance.name.clone();
            let Some(existing) = found(&name) else {
                if place > 0 && !writes {
                    later.push(name);
                    continue;
                }
                // The available instance is the writer: the others only read.
                if writes && plan.does_without(&name) {
                    without.push(name);
                    continue;
                }
                match self.create_instance(run, plan, cluster, &instance).await? {
                    None => made.push(name),
                    Some(shortage) => {
                        waiting.push(shortage);
                        lacking.push(name);
                    }
                }
                continue;
            };
            match instance_ownership(existing, run, plan) {
                Ownership::Ours => {}
                Ownership::Untagged => {
                    waiting.push(not_tagged_yet(&name));
                    continue;
                }
                Ownership::Foreign => return Err(name_conflict("instance", &name)),
            }
            let status = existing.db_instance_status().unwrap_or("unknown");
            if is_lost_instance(status) {
                return Ok(Err(format!("the status of instance {name} is {status}")));
            }
            if status == WITHOUT_CAPACITY {
                self.delete_instance(&name).await?;
                if writes && plan.does_without(&name) {
                    without.push(name);
                    continue;
                }
                waiting.push(format!(
                    "AWS had no capacity for {name}, which is deleted to be created again in any zone"
                ));
                lacking.push(name.clone());
                in_any_zone.push(name);
            } else if status == "deleting" && writes && plan.does_without(&name) {
                without.push(name);
            } else if status != "available" {
                waiting.push(format!("{name} is {status}"));
            }
        }
        let created = !made.is_empty();
        waiting.extend(created.then(|| format!("{} being created", made.join(", "))));
        waiting.extend((!later.is_empty()).then(|| format!("{} after that", later.join(", "))));
        let waits_for = format!("instances of cluster {}: {}", plan.copy, waiting.join(", "));
        Ok(Ok(InstancesState {
            waits_for: (!waiting.is_empty()).then_some(waits_for),
            created,
            lacking,
            in_any_zone,
            without,
        }))
    }

    /// Creates an instance: in its source's zone, else in any, since an instance in another zone is better than none. Returns what
    /// it waits for, as text, if no zone has capacity: the cluster exists, and is kept until there is some.
    async fn create_instance(
        &self,
        run: &Run,
        plan: &ClusterPlan<'_>,
        cluster: &DbCluster,
        instance: &InstancePlan,
    ) -> Result<Option<String>> {
        let captured = &instance.captured;
        let flag = |name| part(captured, name).as_bool();
        let monitored = number(captured, "MonitoringInterval").is_some_and(|seconds| seconds > 0);
        let insights = flag("PerformanceInsightsEnabled") == Some(true);
        let call = self
            .rds
            .create_db_instance()
            .db_instance_identifier(&instance.name)
            .db_cluster_identifier(plan.copy)
            .set_engine(cluster.engine().map(str::to_owned))
            .set_db_instance_class(text(captured, "DBInstanceClass"))
            .set_promotion_tier(number(captured, "PromotionTier"))
            .publicly_accessible(flag("PubliclyAccessible").unwrap_or(false))
            .set_db_parameter_group_name(parameter_group(captured))
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
            .set_tags(Some(plan.tags(run, captured)));
        let zone = text(captured, "AvailabilityZone").filter(|_| !plan.in_any_zone(&instance.name));
        let mut created = call.clone().set_availability_zone(zone.clone()).send().await;
        if let Err(error) = &created
            && zone.is_some()
            && (is_shortage(error) || code(error).is_some_and(|code| REFUSED_ZONE.contains(&code)))
        {
            created = call.send().await;
        }
        match created {
            Ok(_) => Ok(None),
            Err(error) if is_shortage(&error) => Ok(Some(format!(
                "{} waits until AWS has capacity for {} in any zone of the subnet group",
                instance.name,
                text(captured, "DBInstanceClass").unwrap_or_default()
            ))),
            // Either this restore's or someone else's.
            Err(error) if code(&error) == Some("DBInstanceAlreadyExists") => {
                self.ensure_ours(run, plan, instance).await.map(|()| None)
            }
            Err(error) => Err(failure("creating instance", &instance.name, error)),
        }
    }

    /// Also succeeds if the instance does not exist any more.
    async fn delete_instance(&self, name: &str) -> Result<()> {
        let call = self.rds.delete_db_instance().db_instance_identifier(name);
        match call.skip_final_snapshot(true).send().await {
            // Busy, or being deleted: the next poll shows which.
            Err(error) if !matches!(code(&error), Some("DBInstanceNotFound" | "InvalidDBInstanceState")) => {
                Err(failure("deleting instance", name, error))
            }
            _ => Ok(()),
        }
    }

    async fn ensure_ours(&self, run: &Run, plan: &ClusterPlan<'_>, instance: &InstancePlan) -> Result<()> {
        let name = &instance.name;
        let found = self
            .rds
            .describe_db_instances()
            .db_instance_identifier(name)
            .send()
            .await;
        let found = found.map_err(|error| failure("describing instance", name, error))?;
        let of_cluster = |found: &&DbInstance| found.db_cluster_identifier() == Some(plan.copy);
        let found = found.db_instances().iter().find(of_cluster);
        match found.map(|found| instance_ownership(found, run, plan)) {
            Some(Ownership::Ours | Ownership::Untagged) => Ok(()),
            Some(Ownership::Foreign) | None => Err(name_conflict("instance", name)),
        }
    }
}

fn instance_ownership(instance: &DbInstance, run: &Run, plan: &ClusterPlan<'_>) -> Ownership {
    let ours = tagged_by(instance.tag_list(), run, plan.resource);
    ownership(
        run,
        ours,
        instance.tag_list().is_empty(),
        instance.instance_create_time(),
    )
}

/// The instances of a copy that are in another zone than their sources were, as text.
pub fn in_other_zones(plan: &ClusterPlan<'_>, there: &[DbInstance]) -> Vec<String> {
    let moved = plan.instances().into_iter().filter_map(|instance| {
        let before = text(&instance.captured, "AvailabilityZone")?;
        let found = there
            .iter()
            .find(|there| there.db_instance_identifier() == Some(&instance.name))?;
        let now = found.availability_zone().filter(|now| *now != before)?;
        Some(format!(
            "instance {} is in {now}, and its source was in {before}: AWS had no capacity there, or does not offer it any more",
            instance.name
        ))
    });
    moved.collect()
}

/// What the copy was finished without, and how to add it, as text.
pub fn omitted_readers(plan: &ClusterPlan<'_>, without: &[String]) -> Vec<String> {
    let omitted = plan.instances().into_iter();
    let omitted = omitted.filter(|instance| without.contains(&instance.name));
    let words = omitted.map(|instance| {
        format!(
            "AWS had no capacity for reader {} ({}), and the copy does not have it. Once there is some: {}. The source's other \
             settings are shown by: aws rds describe-db-instances --db-instance-identifier {}",
            instance.name,
            text(&instance.captured, "DBInstanceClass").unwrap_or_default(),
            create_command(plan, &instance),
            instance.source.unwrap_or_default(),
        )
    });
    words.collect()
}

/// The command that adds an instance, with the options whose defaults would make a different instance.
fn create_command(plan: &ClusterPlan<'_>, InstancePlan { name, captured, .. }: &InstancePlan) -> String {
    let public = match part(captured, "PubliclyAccessible").as_bool() {
        Some(true) => "--publicly-accessible",
        _ => "--no-publicly-accessible",
    };
    let arn = plan.text("DBClusterArn").unwrap_or_default();
    let options = [
        ("--db-instance-identifier", Some(name.clone())),
        ("--db-cluster-identifier", Some(plan.copy.to_owned())),
        ("--engine", plan.text("Engine")),
        ("--db-instance-class", text(captured, "DBInstanceClass")),
        ("--db-parameter-group-name", parameter_group(captured)),
        (
            "--promotion-tier",
            number(captured, "PromotionTier").map(|tier| tier.to_string()),
        ),
        ("--region", arn.split(':').nth(3).map(str::to_owned)),
    ];
    let given = options
        .into_iter()
        .filter_map(|(option, value)| Some(format!(" {option} {}", value?)));
    format!("aws rds create-db-instance {public}{}", given.collect::<String>())
}

fn parameter_group(captured: &Value) -> Option<String> {
    members(captured, "DBParameterGroups").find_map(|group| text(group, "DBParameterGroupName"))
}

/// The instances of a plan, as text: `hubs-db-1-r (db.r6g.large)`.
pub fn words(instances: &[InstancePlan]) -> Vec<String> {
    let class = |captured: &Value| text(captured, "DBInstanceClass").unwrap_or_default();
    let words = |instance: &InstancePlan| format!("{} ({})", instance.name, class(&instance.captured));
    instances.iter().map(words).collect()
}
