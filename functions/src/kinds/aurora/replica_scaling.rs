//! Auto scaling of a copy's replicas, which is configured outside of the cluster.

use serde_json::json;

use super::Aurora;
use super::captured::members;
use super::plan::{ClusterPlan, scalable_id};
use crate::error::Result;
use crate::kinds::auto_scaling::{self, Namespace};

impl Aurora {
    /// Lets Application Auto Scaling scale the copy's replicas as it did the source's. Saying it again changes nothing. What
    /// AWS refuses for good is a remark, and the comparison names it again.
    pub(super) async fn restore_scaling(&self, plan: &ClusterPlan<'_>) -> Result<Vec<String>> {
        if members(plan.configuration, "ScalableTargets").next().is_none() {
            return Ok(Vec::new());
        }
        let ids = [scalable_id(plan.target)];
        let there = auto_scaling::describe(&self.autoscaling, Namespace::Rds, &ids, plan.target).await?;
        let there = json!({
            "ScalableTargets": there.targets, "ScalingPolicies": there.policies, "ScheduledActions": there.scheduled,
        });
        let missing = auto_scaling::restore::missing(plan.configuration, &there, &plan.renaming());
        let became = auto_scaling::restore::put_back(&self.autoscaling, &missing, plan.target).await?;
        Ok(became.refused)
    }

    /// Has Application Auto Scaling leave the copy alone.
    pub(super) async fn remove_scaling(&self, plan: &ClusterPlan<'_>) -> Result<()> {
        for target in members(plan.configuration, "ScalableTargets") {
            let mut target = target.clone();
            target["ResourceId"] = json!(scalable_id(plan.target));
            auto_scaling::restore::deregister(&self.autoscaling, &target).await?;
        }
        Ok(())
    }
}
