//! Compares the configuration of a copy with its source's. Both are captured by the same function and compared attribute by
//! attribute. Every unexpected difference is a check of its own.

use serde_json::Value;

use super::captured::text;
use super::configure::MUST;
use super::differences::{differences, instance_of};
use super::plan::{ClusterPlan, GroupKind, InstancePlan};
use super::{Aurora, capture};
use crate::domain::job::Run;
use crate::domain::restore::diff::Difference;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan::Source;
use crate::domain::restore::verdict::{Check, Finding};
use crate::error::{Error, Result};
use crate::kinds::part;

/// Exists outside the cluster, and the restore does not change it: a difference was made by someone else since.
const OUTSIDE: &[&str] = &["DBSubnetGroup", "DBClusterParameters", "DBParameterGroups"];

pub async fn compare(aurora: &Aurora, run: &Run, item: &RestoreItem) -> Result<Vec<Check>> {
    let plan = ClusterPlan::of(item)?;
    let check = |what: &str, finding, detail: String| Check {
        name: format!("{}: {what}", plan.resource),
        finding,
        detail,
    };
    let copy = capture::capture(&aurora.rds, &aurora.autoscaling, plan.resource, plan.copy).await;
    let copy = match copy {
        Ok(copy) => copy,
        Err(Error::NotFound(why)) => return Ok(vec![check("cluster", Finding::Different, why)]),
        Err(error) => return Err(error),
    };
    if !plan.captured() {
        let detail = "nothing was captured that the copy could be compared with".to_owned();
        return Ok(vec![check("configuration", Finding::Unproven, detail)]);
    }
    let mut found = differences(&plan, &copy);
    aurora.allow_upgrade(&plan, &copy, &mut found).await?;
    let lacks_readers = lacks_readers(&plan, &copy);
    let mut checks = Vec::new();
    for (what, difference) in found {
        let outside = OUTSIDE.contains(&what.split('.').next().unwrap_or_default());
        let inherited = what == "EngineVersion" && matches!(plan.from, Source::ClusterAt { .. });
        let change = format!("was {}, is {}", difference.before, difference.after);
        let setting = what.split('.').next().unwrap_or_default();
        let unapplied = plan.unapplied_reason(setting).filter(|_| !MUST.contains(&setting));
        checks.push(if let Some(why) = unapplied {
            check(&what, Finding::Unproven, format!("{change}: {why}"))
        } else if lacks_readers && is_without_reader(&what, &difference) {
            let detail = format!("{change}: AWS had no capacity for a reader, and the copy was finished without it");
            check(&what, Finding::Unproven, detail)
        } else if outside && !aurora.is_recreated(run, &plan, &what).await? {
            let detail = format!("{change}: somebody changed it since, and it belongs to more than the copy");
            check(&what, Finding::Unproven, detail)
        } else if inherited {
            let detail =
                format!("{change}: its source was upgraded since, and a point in time has its source's version");
            check(&what, Finding::Unproven, detail)
        } else {
            check(&what, Finding::Different, change)
        });
    }
    if checks.is_empty() {
        let detail = format!("cluster {} is configured as {} was", plan.copy, plan.source);
        checks.push(check("configuration", Finding::Same, detail));
    }
    Ok(checks)
}

/// Whether the copy lacks instances for which AWS had no capacity.
fn lacks_readers(plan: &ClusterPlan<'_>, copy: &Value) -> bool {
    let is_missing =
        |instance: &InstancePlan| plan.was_short_of(&instance.name) && instance_of(copy, &instance.name).is_none();
    plan.instances().iter().any(is_missing)
}

/// Whether the missing instances explain a difference: the instance itself, or the endpoints that name it.
fn is_without_reader(what: &str, difference: &Difference) -> bool {
    let instance = what
        .strip_prefix("DBInstances.")
        .is_some_and(|name| !name.contains('.'));
    let endpoint = what.strip_prefix("DBClusterEndpoints.");
    let members = |of: &str| of.contains(".StaticMembers") || of.contains(".ExcludedMembers");
    let is_gone = |of: &str| !of.contains('.') && difference.after == "nothing";
    instance && difference.after == "nothing" || endpoint.is_some_and(|of| members(of) || is_gone(of))
}

impl Aurora {
    /// A version that is not offered any more was replaced with the version in the plan.
    async fn allow_upgrade(
        &self,
        plan: &ClusterPlan<'_>,
        copy: &Value,
        found: &mut Vec<(String, Difference)>,
    ) -> Result<()> {
        let Some(at) = found.iter().position(|(what, _)| what == "EngineVersion") else {
            return Ok(());
        };
        let (engine, captured) = (plan.text("Engine"), plan.text("EngineVersion"));
        let (Source::ClusterSnapshot { .. }, Some(engine), Some(captured)) = (plan.from, engine, captured) else {
            return Ok(());
        };
        let offered = self.offered(&engine, &captured).await?;
        if offered.is_some() && offered == text(part(copy, "DBCluster"), "EngineVersion") {
            found.remove(at);
        }
        Ok(())
    }

    /// Whether the difference is in a parameter group that this restore created again, and which should be as captured.
    async fn is_recreated(&self, run: &Run, plan: &ClusterPlan<'_>, what: &str) -> Result<bool> {
        for group in plan.groups() {
            let of = match group.of {
                GroupKind::Cluster => "DBClusterParameters".to_owned(),
                GroupKind::Instances => format!("DBParameterGroups.{}", group.name),
            };
            if (what == of || what.starts_with(&format!("{of}.")))
                && let Some(arn) = self.parameter_group_arn(&group).await?
            {
                return self.is_created_by(run, plan.resource, &arn).await;
            }
        }
        Ok(false)
    }
}
