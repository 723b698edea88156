//! Auto scaling of a copy's replicas, which is configured outside the cluster.

use serde_json::json;

use super::Aurora;
use super::captured::members;
use super::plan::{ClusterPlan, scalable_id};
use crate::error::Result;
use crate::kinds::auto_scaling::{self, Namespace};

impl Aurora {
    /// Configures Application Auto Scaling to scale the copy's replicas as it did the source's. Idempotent. Each final refusal of
    /// AWS is a remark, and the comparison reports it too.
    pub(super) async fn restore_scaling(&self, plan: &ClusterPlan<'_>) -> Result<Vec<String>> {
        if members(plan.configuration, "ScalableTargets").next().is_none() {
            return Ok(Vec::new());
        }
        let ids = [scalable_id(plan.copy)];
        let there = auto_scaling::describe(&self.autoscaling, Namespace::Rds, &ids, plan.copy).await?;
        let there = json!({
            "ScalableTargets": there.targets, "ScalingPolicies": there.policies, "ScheduledActions": there.scheduled,
        });
        let missing = auto_scaling::restore::missing(plan.configuration, &there, &plan.renaming());
        let became = auto_scaling::restore::put_back(&self.autoscaling, &missing, plan.copy).await?;
        Ok(became.refused)
    }

    /// Stops Application Auto Scaling from scaling the copy.
    pub(super) async fn remove_scaling(&self, plan: &ClusterPlan<'_>) -> Result<()> {
        for target in members(plan.configuration, "ScalableTargets") {
            let mut target = target.clone();
            target["ResourceId"] = json!(scalable_id(plan.copy));
            auto_scaling::restore::deregister(&self.autoscaling, &target).await?;
        }
        Ok(())
    }
}
