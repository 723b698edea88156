//! ModifyDBInstance and RebootDBInstance.

use std::time::Duration;

use super::instances::{check_parameter_group, one};
use crate::rds::catalogue;
use crate::rds::fault::{Fault, Result};
use crate::rds::instance::{Instance, Phase};
use crate::rds::job::after;
use crate::rds::names;
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::state::State;
use crate::rds::xml::Xml;

/// ModifyDBInstance: class, tier, group, windows, monitoring, CA, name; all applied immediately.
pub fn modify(plane: &Plane, query: &Query) -> Result<Xml> {
    let mut state = plane.state();
    let before = available(&mut state, query)?.clone();
    let text = |name: &str| query.text(name).map(str::to_owned);
    let mut instance = before.clone();
    instance.class = text("DBInstanceClass").unwrap_or(instance.class);
    instance.tier = query.number("PromotionTier")?.unwrap_or(instance.tier);
    instance.parameter_group = text("DBParameterGroupName")
        .unwrap_or(instance.parameter_group)
        .to_lowercase();
    instance.maintenance_window = text("PreferredMaintenanceWindow").unwrap_or(instance.maintenance_window);
    instance.publicly_accessible = query
        .flag("PubliclyAccessible")?
        .unwrap_or(instance.publicly_accessible);
    instance.auto_minor_version_upgrade = query
        .flag("AutoMinorVersionUpgrade")?
        .unwrap_or(instance.auto_minor_version_upgrade);
    instance.monitoring_interval = query
        .number("MonitoringInterval")?
        .unwrap_or(instance.monitoring_interval);
    instance.monitoring_role = text("MonitoringRoleArn").or(instance.monitoring_role);
    instance.performance_insights = query
        .flag("EnablePerformanceInsights")?
        .unwrap_or(instance.performance_insights);
    instance.insights_key = text("PerformanceInsightsKMSKeyId").or(instance.insights_key);
    instance.insights_retention_days = query
        .number("PerformanceInsightsRetentionPeriod")?
        .unwrap_or(instance.insights_retention_days);
    instance.ca = text("CACertificateIdentifier").unwrap_or(instance.ca);
    if !catalogue::CAS.contains(&instance.ca.as_str()) {
        return Err(Fault::new(
            "CertificateNotFound",
            format!("Certificate not found: {}", instance.ca),
        ));
    }
    check_parameter_group(&state, &instance.parameter_group)?;
    if let Some(name) = query.text("NewDBInstanceIdentifier") {
        rename(plane, &mut state, &mut instance, name)?;
    }
    instance.phase = Phase::Changing("modifying", short(plane));
    let id = instance.id.clone();
    state.instances.remove(&before.id);
    state.instances.insert(id.clone(), instance);
    one(&state, &id)
}

fn rename(plane: &Plane, state: &mut State, instance: &mut Instance, name: &str) -> Result<()> {
    let id = names::new_identifier("NewDBInstanceIdentifier", name)?;
    if id != instance.id && state.instances.contains_key(&id) {
        return Err(Fault::new(
            "DBInstanceAlreadyExists",
            format!("DB instance already exists: {id}"),
        ));
    }
    let cluster = state.cluster_mut(&instance.cluster)?;
    if cluster.writer.as_ref() == Some(&instance.id) {
        cluster.writer = Some(id.clone());
    }
    instance.arn = plane.world.arn("rds", &format!("db:{id}"));
    instance.id = id;
    Ok(())
}

/// RebootDBInstance: the instance accepts no connections for a while.
pub fn reboot(plane: &Plane, query: &Query) -> Result<Xml> {
    let until = short(plane);
    let mut state = plane.state();
    let instance = available(&mut state, query)?;
    instance.phase = Phase::Changing("rebooting", until);
    let id = instance.id.clone();
    one(&state, &id)
}

fn available<'a>(state: &'a mut State, query: &Query) -> Result<&'a mut Instance> {
    let instance = state.instance_mut(query.required("DBInstanceIdentifier")?)?;
    if matches!(instance.phase, Phase::Available) {
        return Ok(instance);
    }
    let message = format!(
        "Instance {} is not in available state; it is {}.",
        instance.id,
        instance.status()
    );
    Err(Fault::new("InvalidDBInstanceState", message))
}

fn short(plane: &Plane) -> jiff::Timestamp {
    let takes = plane
        .world
        .durations
        .of(|s| s.instance_create)
        .min(Duration::from_secs(60));
    after(plane.now(), takes)
}
