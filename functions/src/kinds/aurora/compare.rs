//! Whether a copy is configured as its source was: both captured by the same function, both put into one form, and compared
//! attribute by attribute. Everything that differs and is not expected to is a check of its own.

use serde_json::{Map, Value, json};

use super::captured::{is_own, members, text, texts};
use super::configure::MUST;
use super::plan::{ClusterPlan, GroupKind, InstancePlan};
use super::{Aurora, KIND, capture};
use crate::domain::job::Run;
use crate::domain::restore::diff::{self, Difference};
use crate::domain::restore::item::Item;
use crate::domain::restore::members::expected;
use crate::domain::restore::plan::Source;
use crate::domain::restore::schedule::allow_scheduled_capacities;
use crate::domain::restore::verdict::{Check, Finding};
use crate::error::{Error, Result};
use crate::kinds::part;

/// What lives outside of the cluster and is not the restore's to change: a difference is one that somebody made since.
const OUTSIDE: &[&str] = &["DBSubnetGroup", "DBClusterParameters", "DBParameterGroups"];

pub async fn compare(aurora: &Aurora, run: &Run, item: &Item) -> Result<Vec<Check>> {
    let plan = ClusterPlan::of(item)?;
    let check = |what: &str, finding, detail: String| Check {
        name: format!("{}: {what}", plan.resource),
        finding,
        detail,
    };
    let copy = capture::capture(&aurora.rds, &aurora.autoscaling, plan.resource, plan.target).await;
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
        let told = format!("was {}, is {}", difference.before, difference.after);
        let setting = what.split('.').next().unwrap_or_default();
        let in_vain = plan.in_vain(setting).filter(|_| !MUST.contains(&setting));
        checks.push(if let Some(why) = in_vain {
            check(&what, Finding::Unproven, format!("{told}: {why}"))
        } else if lacks_readers && is_without_reader(&what, &difference) {
            let detail = format!("{told}: AWS had no capacity for a reader, and the copy was finished without it");
            check(&what, Finding::Unproven, detail)
        } else if outside && !aurora.is_recreated(run, &plan, &what).await? {
            let detail = format!("{told}: somebody changed it since, and it belongs to more than the copy");
            check(&what, Finding::Unproven, detail)
        } else if inherited {
            let detail = format!("{told}: its source was upgraded since, and a point in time has its source's version");
            check(&what, Finding::Unproven, detail)
        } else {
            check(&what, Finding::Different, told)
        });
    }
    if checks.is_empty() {
        let detail = format!("cluster {} is configured as {} was", plan.target, plan.source);
        checks.push(check("configuration", Finding::Same, detail));
    }
    Ok(checks)
}

/// Whether instances of the copy are missing for which AWS had no capacity.
fn lacks_readers(plan: &ClusterPlan<'_>, copy: &Value) -> bool {
    let is_missing = |instance: &InstancePlan| instance_of(copy, &instance.name).is_none();
    plan.was_short() && plan.instances().iter().any(is_missing)
}

/// Whether that explains what differs: such an instance itself, or the endpoints that name it.
fn is_without_reader(what: &str, difference: &Difference) -> bool {
    let instance = what
        .strip_prefix("DBInstances.")
        .is_some_and(|name| !name.contains('.'));
    instance && difference.after == "nothing" || what.starts_with("DBClusterEndpoints.")
}

impl Aurora {
    /// A version that is not offered any more has become the one that the plan named.
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

    /// Whether what differs is a parameter group that this restore made anew, and so should be as captured.
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

/// Everything that differs and is not expected to, by the name under which it is shown.
fn differences(plan: &ClusterPlan<'_>, copy: &Value) -> Vec<(String, Difference)> {
    let mut found = Vec::new();
    let mut compare = |under: &str, before: &Value, after: &Value, expected: &[String]| {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        // What is missing as a whole is one difference.
        if before.is_null() || after.is_null() {
            let differences = diff::differences(&json!({ under: before }), &json!({ under: after }), &[]);
            found.extend(differences.into_iter().map(|difference| (under.to_owned(), difference)));
            return;
        }
        for difference in diff::differences(before, after, &expected) {
            let what = match under {
                "" => difference.path.clone(),
                under => format!("{under}.{}", difference.path),
            };
            found.push((what, difference));
        }
    };
    compare(
        "",
        &cluster(plan.cluster()),
        &cluster(part(copy, "DBCluster")),
        &expected(KIND, "DBCluster"),
    );
    let instances = plan.instances();
    for instance in &instances {
        let source = instance.source.clone().unwrap_or_default();
        let there = instance_of(copy, &instance.name).map_or(Value::Null, |there| self::instance(&there));
        let under = format!("DBInstances.{source}");
        compare(
            &under,
            &self::instance(&instance.captured),
            &there,
            &expected(KIND, "DBInstances.*"),
        );
    }
    for there in members(copy, "DBInstances") {
        let name = text(there, "DBInstanceIdentifier").unwrap_or_default();
        if !plan.is_autoscaled(&name) && !instances.iter().any(|instance| instance.name == name) {
            let class = json!({ "DBInstanceClass": text(there, "DBInstanceClass") });
            compare(&format!("DBInstances.{name}"), &Value::Null, &class, &[]);
        }
    }
    let names: Vec<_> = instances
        .iter()
        .map(|instance| (instance.name.clone(), instance.source.clone().unwrap_or_default()))
        .collect();
    for (name, captured) in plan.endpoints() {
        let there = members(copy, "DBClusterEndpoints")
            .find(|there| text(there, "DBClusterEndpointIdentifier").as_ref() == Some(&name));
        let there = there.map_or(Value::Null, |there| endpoint(there, |member| at_source(&names, member)));
        let known = |member: &str| {
            names
                .iter()
                .any(|(_, source)| source == member)
                .then(|| member.to_owned())
        };
        let id = text(captured, "DBClusterEndpointIdentifier").unwrap_or_default();
        let under = format!("DBClusterEndpoints.{id}");
        let expected = expected(KIND, "DBClusterEndpoints.*");
        compare(&under, &endpoint(captured, known), &there, &expected);
    }
    let (before, mut after) = (plan.renaming().applied(plan.configuration), copy.clone());
    allow_scheduled_capacities(&before, &mut after);
    for (list, key) in [
        ("ScalableTargets", "ScalableDimension"),
        ("ScalingPolicies", "PolicyName"),
        ("ScheduledActions", "ScheduledActionName"),
    ] {
        let (before, after) = (by(part(&before, list), key), by(part(&after, list), key));
        let names: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
        for name in names {
            let of = |these: &Map<String, Value>| these.get(name).cloned().unwrap_or_default();
            compare(
                &format!("{list}.{name}"),
                &of(&before),
                &of(&after),
                &expected(KIND, &format!("{list}.*")),
            );
        }
    }
    // What stands in another group is not looked at: that it is another one is said already.
    let group = |of: &Value| text(part(of, "DBCluster"), "DBClusterParameterGroup");
    if group(copy) == plan.text("DBClusterParameterGroup") {
        let (before, after) = (plan.part("DBClusterParameters"), part(copy, "DBClusterParameters"));
        compare("DBClusterParameters", &parameters(before), &parameters(after), &[]);
    }
    let (before, after) = (
        by(plan.part("DBParameterGroups"), "DBParameterGroupName"),
        by(part(copy, "DBParameterGroups"), "DBParameterGroupName"),
    );
    for (name, before) in before {
        if let Some(after) = after.get(&name) {
            let values = |group: &Value| parameters(part(group, "Parameters"));
            compare(
                &format!("DBParameterGroups.{name}"),
                &values(&before),
                &values(after),
                &[],
            );
        }
    }
    compare(
        "DBSubnetGroup",
        &subnets(plan.part("DBSubnetGroup")),
        &subnets(part(copy, "DBSubnetGroup")),
        &expected(KIND, "DBSubnetGroup"),
    );
    found
}

fn instance_of(copy: &Value, name: &str) -> Option<Value> {
    let found = members(copy, "DBInstances").find(|there| text(there, "DBInstanceIdentifier").as_deref() == Some(name));
    found.cloned()
}

/// A cluster in the form in which it is compared: lists without an order as sorted texts, tags by key.
fn cluster(described: &Value) -> Value {
    let mut cluster = described.clone();
    let groups = members(described, "VpcSecurityGroups").filter_map(|group| text(group, "VpcSecurityGroupId"));
    let roles = members(described, "AssociatedRoles").filter_map(|role| {
        let feature = text(role, "FeatureName").map(|feature| format!(" ({feature})"));
        Some(text(role, "RoleArn")? + &feature.unwrap_or_default())
    });
    let secret = part(described, "MasterUserSecret");
    let managed = secret
        .is_object()
        .then(|| json!({ "Managed": true, "KmsKeyId": part(secret, "KmsKeyId") }));
    set(&mut cluster, "VpcSecurityGroups", joined(groups.collect()));
    set(&mut cluster, "AssociatedRoles", joined(roles.collect()));
    set(
        &mut cluster,
        "EnabledCloudwatchLogsExports",
        joined(texts(part(described, "EnabledCloudwatchLogsExports"))),
    );
    set(&mut cluster, "MasterUserSecret", managed.unwrap_or_default());
    set(&mut cluster, "TagList", tags(described));
    cluster
}

fn instance(described: &Value) -> Value {
    let mut instance = described.clone();
    set(&mut instance, "TagList", tags(described));
    instance
}

/// With the members under their names at the source; those that are not known to it are left out.
fn endpoint(described: &Value, named: impl Fn(&str) -> Option<String>) -> Value {
    let mut endpoint = described.clone();
    for list in ["StaticMembers", "ExcludedMembers"] {
        let named = texts(part(described, list))
            .iter()
            .filter_map(|member| named(member))
            .collect();
        set(&mut endpoint, list, joined(named));
    }
    endpoint
}

/// A member of the copy by its name at the source; one that the plan does not know by its own.
fn at_source(names: &[(String, String)], member: &str) -> Option<String> {
    let planned = names.iter().find(|(name, _)| name == member);
    Some(planned.map_or(member, |(_, source)| source).to_owned())
}

fn subnets(group: &Value) -> Value {
    let mut ids: Vec<_> = members(group, "Subnets")
        .filter_map(|subnet| text(subnet, "SubnetIdentifier"))
        .collect();
    ids.sort_unstable();
    let mut group = group.clone();
    set(&mut group, "Subnets", joined(ids));
    group
}

/// Values by parameter.
fn parameters(list: &Value) -> Value {
    let all = list.as_array().into_iter().flatten();
    let named = all.filter_map(|one| Some((text(one, "ParameterName")?, part(one, "ParameterValue").clone())));
    Value::Object(named.collect())
}

/// The tags that are neither AWS's nor a run's, by key.
fn tags(described: &Value) -> Value {
    let all = members(described, "TagList");
    let tags = all.filter_map(|tag| Some((text(tag, "Key")?, part(tag, "Value").clone())));
    Value::Object(tags.filter(|(key, _)| is_own(key)).collect())
}

/// The members of a list by one of their attributes.
fn by(list: &Value, key: &str) -> Map<String, Value> {
    let all = list.as_array().into_iter().flatten();
    all.filter_map(|one| Some((text(one, key)?, one.clone()))).collect()
}

fn joined(mut texts: Vec<String>) -> Value {
    texts.sort_unstable();
    if texts.is_empty() {
        Value::Null
    } else {
        texts.join(", ").into()
    }
}

fn set(of: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = of {
        members.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::resource::Target;
    use crate::domain::restore::members::{self, Class, samples};
    use crate::domain::restore::plan::Beside;
    use crate::testing::samples::{resource, restoring};

    /// What is not a resource's alone is compared as what it is used by; and by what things are told apart.
    const ELSEWHERE: &[&str] = &[
        "DBClusterParameterGroup.",
        "DBParameterGroups.",
        "DBClusterParameters.*.ApplyMethod",
        "DBInstances.*.DBInstanceIdentifier",
        "DBClusterEndpoints.*.DBClusterEndpointIdentifier",
    ];

    /// By the table: what is brought back is compared, and what may differ fails nothing.
    #[test]
    fn every_member_is_compared_or_may_differ() {
        let instance = "a DBInstanceIdentifier";
        let lists = [
            ("DBCluster.EnabledCloudwatchLogsExports", json!(["postgresql"])),
            ("DBClusterEndpoints.*.StaticMembers", json!([instance])),
            ("DBClusterEndpoints.*.ExcludedMembers", json!([instance])),
        ];
        let put = |all: Value, put: &[(&str, Value)]| {
            put.iter()
                .fold(all, |all, (path, value)| samples::with(all, path, value.clone()))
        };
        let captured = put(samples::everything(KIND), &lists);
        let item = Item {
            configuration: captured.clone(),
            ..restoring(
                resource(Target::Aurora {
                    cluster: "hubs-db".into(),
                }),
                Source::ClusterSnapshot {
                    id: "s".into(),
                    arn: "arn".into(),
                },
                Beside::Cluster {
                    cluster: "hubs-db-r1".into(),
                },
            )
        };
        let plan = ClusterPlan::of(&item).unwrap();
        let name = plan.instances()[0].name.clone();
        let faithful = put(
            captured,
            &[
                ("DBInstances.*.DBInstanceIdentifier", json!(name)),
                ("DBClusterEndpoints.*.StaticMembers", json!([name])),
                ("DBClusterEndpoints.*.ExcludedMembers", json!([name])),
                (
                    "DBClusterEndpoints.*.DBClusterEndpointIdentifier",
                    json!(plan.endpoints()[0].0),
                ),
            ],
        );
        assert_eq!(differences(&plan, &faithful), []);
        for member in members::of(KIND).filter(|member| member.class != Class::Inside) {
            let path = member.path();
            if ELSEWHERE.iter().any(|in_other_zones| path.starts_with(in_other_zones)) {
                continue;
            }
            let copy = put(faithful.clone(), &[(&path, json!("another"))]);
            let found = differences(&plan, &copy);
            assert_eq!(!found.is_empty(), member.class == Class::Compared, "{path}: {found:?}");
        }
    }
}
