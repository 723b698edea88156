//! RDS's descriptions in a form that can be compared: unordered lists as sorted texts, tags by key.

use serde_json::{Map, Value, json};

use super::captured::{is_own, members, text, texts};
use crate::kinds::part;

/// A cluster in that form.
pub fn cluster(described: &Value) -> Value {
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

pub fn instance(described: &Value) -> Value {
    let mut instance = described.clone();
    set(&mut instance, "TagList", tags(described));
    instance
}

/// With members under their names at the source; unknown members are left out.
pub fn endpoint(described: &Value, named: impl Fn(&str) -> Option<String>) -> Value {
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

/// A member of the copy by its name at the source; a member that is not in the plan by its own name.
pub fn at_source(names: &[(String, String)], member: &str) -> Option<String> {
    let planned = names.iter().find(|(name, _)| name == member);
    Some(planned.map_or(member, |(_, source)| source).to_owned())
}

pub fn subnets(group: &Value) -> Value {
    let mut ids: Vec<_> = members(group, "Subnets")
        .filter_map(|subnet| text(subnet, "SubnetIdentifier"))
        .collect();
    ids.sort_unstable();
    let mut group = group.clone();
    set(&mut group, "Subnets", joined(ids));
    group
}

/// The values of parameters by name.
pub fn parameters(list: &Value) -> Value {
    let all = list.as_array().into_iter().flatten();
    let named = all.filter_map(|one| Some((text(one, "ParameterName")?, part(one, "ParameterValue").clone())));
    Value::Object(named.collect())
}

/// The owner's tags by key, without those of AWS and of runs.
fn tags(described: &Value) -> Value {
    let all = members(described, "TagList");
    let tags = all.filter_map(|tag| Some((text(tag, "Key")?, part(tag, "Value").clone())));
    Value::Object(tags.filter(|(key, _)| is_own(key)).collect())
}

/// The elements of a list by one of their attributes.
pub fn by(list: &Value, key: &str) -> Map<String, Value> {
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
