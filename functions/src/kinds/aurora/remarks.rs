//! What the operator should know about a copy.

use super::KIND;
use super::captured::{members, text};
use super::plan::ClusterPlan;
use crate::domain::restore::members::lost;
use crate::kinds::auto_scaling;
use crate::kinds::part;

/// What a restore does not restore, or restores differently, and no check can determine.
pub fn remarks(plan: &ClusterPlan<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if !plan.captured() {
        remarks.push(format!(
            "no configuration was captured: cluster {} gets the default subnet group, security group and parameter group, and \
             one instance of class {}",
            plan.copy,
            plan.only_class()
        ));
        return remarks;
    }
    let source = plan.source;
    if part(plan.cluster(), "MasterUserSecret").is_object() {
        remarks.push(format!(
            "RDS manages the master password of {source} in a secret: {} gets a secret of its own, under another ARN and with \
             a new password; applications that log in with it need a switch to master_secret",
            plan.copy
        ));
    }
    if plan.flag("IAMDatabaseAuthenticationEnabled") == Some(true) {
        remarks.push(format!(
            "{source} accepts IAM logins: {} gets a DbClusterResourceId of its own, and policies for rds-db:connect that name {} \
             refuse the application there until they name the new one, which is reported when it is created",
            plan.copy,
            plan.text("DbClusterResourceId").unwrap_or_else(|| "the old one".to_owned())
        ));
    }
    let roles: Vec<_> = members(plan.cluster(), "AssociatedRoles")
        .filter_map(|role| text(role, "RoleArn"))
        .collect();
    if !roles.is_empty() {
        remarks.push(format!(
            "it needs these roles, and IAM was not asked whether they are there: {}",
            roles.join(", ")
        ));
    }
    remarks.extend(lost(KIND, plan.configuration, source, plan.copy));
    if plan.number("MonitoringInterval").is_some_and(|seconds| seconds > 0) {
        remarks.push(format!(
            "enhanced monitoring was set for cluster {source} itself: it is requested, but AWS may not accept it after a \
             restore; that of each instance is put back"
        ));
    }
    let autoscaled = plan.autoscaled();
    if !autoscaled.is_empty() {
        remarks.push(format!(
            "Application Auto Scaling had added {}, and adds instances to the copy by itself",
            autoscaled.join(", ")
        ));
    }
    remarks.extend(auto_scaling::restore::alarms_to_redirect(plan.configuration));
    if plan.instances().is_empty() {
        remarks.push(format!("{source} had no instance, so nothing can connect to the copy"));
    }
    remarks
}
