//! A file system's configuration in a form that can be compared: without ids, addresses, times, sizes and Holdfast's tags, which
//! belong to one file system alone, and with unordered lists as maps.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::captured::list;
use crate::kinds::part;

/// Attributes that are unique to a file system, mount target or access point.
const OWN: &[&str] = &[
    "AccessPointArn",
    "AccessPointId",
    // A file system's, which AWS Backup makes Regional; a mount target's is its subnet's.
    "AvailabilityZoneId",
    "AvailabilityZoneName",
    "ClientToken",
    "CreationTime",
    "CreationToken",
    "FileSystemArn",
    "FileSystemId",
    "IpAddress",
    "Ipv6Address",
    "LifeCycleState",
    "MountTargetId",
    // The value of the tag of that name.
    "Name",
    "NetworkInterfaceId",
    "NumberOfMountTargets",
    "OwnerId",
    "SizeInBytes",
];

/// The canonical form; `directory` is the prefix of the access points' paths.
pub fn canonical(configuration: &Value, directory: Option<&str>) -> Value {
    let mut file_system = stripped(part(configuration, "FileSystem"));
    // A replication's destination is protected as soon as it is not one any more.
    if let Some(protection) = file_system.pointer_mut("/FileSystemProtection/ReplicationOverwriteProtection")
        && protection == "REPLICATING"
    {
        *protection = json!("ENABLED");
    }
    let targets = list(part(configuration, "MountTargets")).iter().map(|target| {
        let mut canonical = stripped(target);
        canonical["SecurityGroups"] = json!(groups(target));
        (target["SubnetId"].as_str().unwrap_or_default().to_owned(), canonical)
    });
    let policy = part(configuration, "Policy")
        .as_str()
        .map(|text| match serde_json::from_str(text) {
            Ok(policy) => policy,
            Err(_) => json!(text),
        });
    let backup = match part(configuration, "BackupPolicy")["Status"].as_str() {
        Some("ENABLED" | "ENABLING") => "ENABLED",
        _ => "DISABLED",
    };
    let mut canonical = json!({
        "FileSystem": file_system,
        "MountTargets": targets.collect::<Map<_, _>>(),
        "Policy": policy,
        "LifecyclePolicies": lifecycle(part(configuration, "LifecyclePolicies")),
        "BackupPolicy": backup,
    });
    if let Some(directory) = directory {
        canonical["AccessPoints"] = points(part(configuration, "AccessPoints"), directory).into();
    }
    canonical
}

/// Access points by their path and user, which together are unique in most file systems; otherwise numbered.
fn points(points: &Value, directory: &str) -> Map<String, Value> {
    let mut all: Vec<_> = list(points)
        .iter()
        .map(|point| {
            let mut canonical = stripped(point);
            let path = point["RootDirectory"]["Path"].as_str().unwrap_or("/");
            let below = path.strip_prefix(directory.trim_end_matches('/')).unwrap_or(path);
            let path = if below.is_empty() { "/" } else { below };
            canonical["RootDirectory"]["Path"] = json!(path);
            let user = &point["PosixUser"];
            let key = match user["Uid"].as_u64().zip(user["Gid"].as_u64()) {
                Some((uid, gid)) => format!("{path} as {uid}:{gid}"),
                None => path.to_owned(),
            };
            (key, canonical)
        })
        .collect();
    all.sort_by_cached_key(|(key, canonical)| (key.clone(), canonical.to_string()));
    let mut keyed = Map::new();
    for (key, canonical) in all {
        let number = (2..).map(|n| format!("{key} ({n})"));
        let free = std::iter::once(key.clone())
            .chain(number)
            .find(|key| !keyed.contains_key(key));
        keyed.insert(free.unwrap_or(key), canonical);
    }
    keyed
}

fn stripped(described: &Value) -> Value {
    let attributes = described.as_object().into_iter().flatten();
    let mut kept: Map<_, _> = attributes
        .filter(|(name, _)| !OWN.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if described.get("Tags").is_some() {
        kept.insert("Tags".into(), json!(tags(&described["Tags"])));
    }
    kept.into()
}

/// The owner's tags, which a copy gets: without those of AWS and of Holdfast.
pub fn tags(tags: &Value) -> BTreeMap<String, String> {
    list(tags)
        .iter()
        .filter_map(|tag| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned())))
        .filter(|(key, _)| !key.starts_with("aws:") && !key.starts_with("holdfast:"))
        .collect()
}

/// Transitions by name, for example `TransitionToIA`: `AFTER_30_DAYS`.
pub fn lifecycle(policies: &Value) -> BTreeMap<String, String> {
    let policies = list(policies).iter().filter_map(Value::as_object).flatten();
    policies
        .filter_map(|(transition, after)| Some((transition.clone(), after.as_str()?.to_owned())))
        .collect()
}

/// A mount target's security groups, sorted.
pub fn groups(target: &Value) -> Vec<String> {
    let groups = list(&target["SecurityGroups"]).iter().filter_map(Value::as_str);
    let mut groups: Vec<_> = groups.map(str::to_owned).collect();
    groups.sort_unstable();
    groups
}
