//! Gathers the faults and remarks of a preflight check.

use crate::error::Fault;
use crate::kinds::Preflight;
use crate::kinds::aurora::plan::ClusterPlan;

/// Gathers the faults and remarks of one cluster.
pub struct PreflightBuilder<'a> {
    pub plan: &'a ClusterPlan<'a>,
    pub found: Preflight,
}

impl PreflightBuilder<'_> {
    pub fn fault(&mut self, field: &str, value: impl Into<String>, allowed: impl Into<String>) {
        self.found.faults.push(Fault {
            path: format!("resources.{}.{field}", self.plan.resource),
            value: value.into(),
            allowed: allowed.into(),
        });
    }

    pub fn remark(&mut self, remark: impl Into<String>) {
        let remark = format!("{}: {}", self.plan.resource, remark.into());
        self.found.remarks.push(remark);
    }
}
