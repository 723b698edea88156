//! The differences between two captured cluster configurations, attribute by attribute.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::captured::{members, text};
use super::plan::ClusterPlan;
use super::{KIND, canonical};
use crate::domain::restore::diff::{self, Difference};
use crate::domain::restore::members::expected;
use crate::domain::restore::schedule::allow_scheduled_capacities;
use crate::kinds::part;

/// All unexpected differences, each with its name.
pub fn differences(plan: &ClusterPlan<'_>, copy: &Value) -> Vec<(String, Difference)> {
    let mut found = Vec::new();
    let mut compare = |under: &str, before: &Value, after: &Value, expected: &[String]| {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        // If one side is missing completely, that is one difference.
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
        &canonical::cluster(plan.cluster()),
        &canonical::cluster(part(copy, "DBCluster")),
        &expected(KIND, "DBCluster"),
    );
    let instances = plan.instances();
    for instance in &instances {
        let source = instance.source.clone().unwrap_or_default();
        let copied = instance_of(copy, &instance.name).map_or(Value::Null, |copied| canonical::instance(&copied));
        let under = format!("DBInstances.{source}");
        compare(
            &under,
            &canonical::instance(&instance.captured),
            &copied,
            &expected(KIND, "DBInstances.*"),
        );
    }
    for copied in members(copy, "DBInstances") {
        let name = text(copied, "DBInstanceIdentifier").unwrap_or_default();
        if !plan.is_autoscaled(&name) && !instances.iter().any(|instance| instance.name == name) {
            let class = json!({ "DBInstanceClass": text(copied, "DBInstanceClass") });
            compare(&format!("DBInstances.{name}"), &Value::Null, &class, &[]);
        }
    }
    let names: Vec<_> = instances
        .iter()
        .map(|instance| (instance.name.clone(), instance.source.clone().unwrap_or_default()))
        .collect();
    for (name, captured) in plan.endpoints() {
        let copied = members(copy, "DBClusterEndpoints")
            .find(|copied| text(copied, "DBClusterEndpointIdentifier").as_ref() == Some(&name));
        let copied = copied.map_or(Value::Null, |copied| {
            canonical::endpoint(copied, |member| canonical::at_source(&names, member))
        });
        let known = |member: &str| {
            names
                .iter()
                .any(|(_, source)| source == member)
                .then(|| member.to_owned())
        };
        let id = text(captured, "DBClusterEndpointIdentifier").unwrap_or_default();
        let under = format!("DBClusterEndpoints.{id}");
        let expected = expected(KIND, "DBClusterEndpoints.*");
        compare(&under, &canonical::endpoint(captured, known), &copied, &expected);
    }
    let (before, mut after) = (plan.renaming().applied(plan.configuration), copy.clone());
    allow_scheduled_capacities(&before, &mut after);
    for (list, key) in [
        ("ScalableTargets", "ScalableDimension"),
        ("ScalingPolicies", "PolicyName"),
        ("ScheduledActions", "ScheduledActionName"),
    ] {
        let (before, after) = (
            canonical::by(part(&before, list), key),
            canonical::by(part(&after, list), key),
        );
        let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
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
    // The parameters of another group are not compared: that it is another group is already a difference.
    let group = |of: &Value| text(part(of, "DBCluster"), "DBClusterParameterGroup");
    if group(copy) == plan.text("DBClusterParameterGroup") {
        let (before, after) = (plan.part("DBClusterParameters"), part(copy, "DBClusterParameters"));
        compare(
            "DBClusterParameters",
            &canonical::parameters(before),
            &canonical::parameters(after),
            &[],
        );
    }
    let (before, after) = (
        canonical::by(plan.part("DBParameterGroups"), "DBParameterGroupName"),
        canonical::by(part(copy, "DBParameterGroups"), "DBParameterGroupName"),
    );
    for (name, before) in before {
        if let Some(after) = after.get(&name) {
            let values = |group: &Value| canonical::parameters(part(group, "Parameters"));
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
        &canonical::subnets(plan.part("DBSubnetGroup")),
        &canonical::subnets(part(copy, "DBSubnetGroup")),
        &expected(KIND, "DBSubnetGroup"),
    );
    found
}

pub fn instance_of(copy: &Value, name: &str) -> Option<Value> {
    let found = members(copy, "DBInstances").find(|there| text(there, "DBInstanceIdentifier").as_deref() == Some(name));
    found.cloned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::resource::Target;
    use crate::domain::restore::item::RestoreItem;
    use crate::domain::restore::members::{self, MemberClass};
    use crate::domain::restore::plan::{Destination, Source};
    use crate::testing::members as samples;
    use crate::testing::samples::{resource, restoring};

    /// Compared where they are used, since they do not belong to the resource alone; and attributes that identify things.
    const ELSEWHERE: &[&str] = &[
        "DBClusterParameterGroup.",
        "DBParameterGroups.",
        "DBClusterParameters.*.ApplyMethod",
        "DBInstances.*.DBInstanceIdentifier",
        "DBClusterEndpoints.*.DBClusterEndpointIdentifier",
    ];

    /// By the table: restored members are compared, and members that may differ fail nothing.
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
        let item = RestoreItem {
            configuration: captured.clone(),
            ..restoring(
                resource(Target::Aurora {
                    cluster: "hubs-db".into(),
                }),
                Source::ClusterSnapshot {
                    id: "s".into(),
                    arn: "arn".into(),
                },
                Destination::Cluster {
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
        for member in members::of(KIND).filter(|member| member.class != MemberClass::Inside) {
            let path = member.path();
            if ELSEWHERE.iter().any(|in_other_zones| path.starts_with(in_other_zones)) {
                continue;
            }
            let copy = put(faithful.clone(), &[(&path, json!("another"))]);
            let found = differences(&plan, &copy);
            assert_eq!(
                !found.is_empty(),
                member.class == MemberClass::Compared,
                "{path}: {found:?}"
            );
        }
    }
}
