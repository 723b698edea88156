//! Redirects the master secret of a cluster in a task definition's containers to the copy's. RDS creates one for each cluster, and
//! names it `rds!cluster-…`.

use serde_json::Value;

use crate::domain::descriptor::Switch;
use crate::domain::reference::names_secret;
use crate::domain::restore::item::RestoreItem;
use crate::error::{Error, Fault, Result};
use crate::switches::ecs::named::NamedService;
use crate::switches::switch::fault;

/// The prefix of the name of a cluster's secret.
const MANAGED: &str = ":secret:rds!cluster-";
/// Number of parts of a secret's ARN; `valueFrom` may add a key, a stage and a version.
const PARTS: usize = 7;

/// What would prevent redirecting the containers to the copy's secret.
pub fn check(switch: &Switch, named: &NamedService<'_>, item: &RestoreItem, definition: &Value) -> Vec<Fault> {
    let wrong = |value: String, allowed: &str| vec![fault(switch, "service", value, allowed)];
    match old(item, definition) {
        Err(several) => wrong(
            format!("{}, whose containers get {several} secrets of clusters,", named.words()),
            "a service that gets the secret of this cluster alone, or whose set names its secret: deploy the others by hand",
        ),
        Ok(None) => wrong(
            format!(
                "{}, no container of which gets the cluster's master secret,",
                named.words()
            ),
            "a service whose task definition has the ARN of the secret, in which RDS manages the cluster's master password, in \
             a container's `secrets`",
        ),
        Ok(Some(old)) => {
            let pinned = |value: &&str| {
                parts(value)
                    .1
                    .splitn(3, ':')
                    .nth(2)
                    .is_some_and(|version| !version.is_empty())
            };
            let mut of_it = values(definition).filter(|value| parts(value).0 == old);
            match of_it.find(pinned) {
                Some(_) => wrong(
                    format!("{}, a container of which gets one version of the secret", named.words()),
                    "a container that gets the current version: the copy's secret has versions of its own",
                ),
                None => Vec::new(),
            }
        }
    }
}

/// The container definitions with the copy's secret in place of the old one.
///
/// # Errors
/// `InvalidInput` if they cannot be redirected to it.
pub fn redirect_to_copy(
    switch: &Switch,
    named: &NamedService<'_>,
    item: &RestoreItem,
    definition: &Value,
    new: &str,
) -> Result<Value> {
    let mut containers = definition["containerDefinitions"].clone();
    if values(definition).any(|value| parts(value).0 == new) {
        return Ok(containers);
    }
    let faults = check(switch, named, item, definition);
    if !faults.is_empty() {
        return Err(Error::InvalidInput(faults));
    }
    let Ok(Some(old)) = old(item, definition) else {
        return Ok(containers);
    };
    let lists = containers.as_array_mut().into_iter().flatten();
    for secret in lists
        .filter_map(|container| container["secrets"].as_array_mut())
        .flatten()
    {
        let value = secret["valueFrom"].as_str().unwrap_or_default();
        let (of, rest) = parts(value);
        if of == old {
            secret["valueFrom"] = format!("{new}{}{rest}", if rest.is_empty() { "" } else { ":" }).into();
        }
    }
    Ok(containers)
}

/// The cluster secrets that the containers get.
pub fn managed(definition: &Value) -> Vec<&str> {
    let mut managed: Vec<&str> = values(definition)
        .map(|value| parts(value).0)
        .filter(|secret| secret.contains(MANAGED))
        .collect();
    managed.sort_unstable();
    managed.dedup();
    managed
}

/// The secret to replace: the captured one, else (after an earlier restore) the only cluster secret. The error is their number, if
/// that is ambiguous.
fn old<'a>(item: &RestoreItem, definition: &'a Value) -> Result<Option<&'a str>, usize> {
    let managed = managed(definition);
    let captured = item.configuration.pointer("/DBCluster/MasterUserSecret/SecretArn");
    let captured = captured.and_then(Value::as_str).unwrap_or_default();
    let same = managed.iter().find(|secret| {
        let name = secret.split_once(":secret:").map_or("", |(_, name)| name);
        **secret == captured || names_secret(name, captured)
    });
    match (same, managed.as_slice()) {
        (Some(same), _) => Ok(Some(same)),
        (None, [one]) => Ok(Some(one)),
        (None, []) => Ok(None),
        (None, several) => Err(several.len()),
    }
}

/// Every `valueFrom`.
fn values(definition: &Value) -> impl Iterator<Item = &str> {
    let containers = definition["containerDefinitions"].as_array().into_iter().flatten();
    let secrets = containers
        .filter_map(|container| container["secrets"].as_array())
        .flatten();
    secrets.filter_map(|secret| secret["valueFrom"].as_str())
}

/// The secret's ARN, and the key, stage and version after it.
fn parts(value: &str) -> (&str, &str) {
    let end = value.match_indices(':').nth(PARTS - 1).map(|(at, _)| at);
    end.map_or((value, ""), |end| (&value[..end], &value[end + 1..]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::switches::ecs_service::of;
    use crate::testing::switches::{cluster, switch};

    const OLD: &str = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:rds!cluster-old-Ab12Cd";
    const NEW: &str = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:rds!cluster-new-Ef34Gh";
    const OWN: &str = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:hubs/token-Zz99Zz";

    fn service() -> Switch {
        switch(
            json!({"name": "web", "resource": "database", "kind": "ecs_service", "cluster": "hubs", "service": "web"}),
        )
    }

    fn definition(values: &[&str]) -> Value {
        let secrets: Value = values
            .iter()
            .map(|value| json!({"name": "A", "valueFrom": value}))
            .collect();
        json!({"containerDefinitions": [{"name": "web", "secrets": secrets}, {"name": "beside"}]})
    }

    fn captured() -> RestoreItem {
        let mut item = cluster();
        item.configuration = json!({"DBCluster": {"MasterUserSecret": {"SecretArn": OLD}}});
        item
    }

    fn led(item: &RestoreItem, values: &[&str]) -> Result<Vec<String>> {
        let switch = service();
        let containers = redirect_to_copy(&switch, &of(&switch)?, item, &definition(values), NEW)?;
        let after = json!({"containerDefinitions": containers});
        Ok(self::values(&after).map(str::to_owned).collect())
    }

    #[test]
    fn the_clusters_secret_becomes_the_copys_and_its_keys_stay() {
        let keyed = [&format!("{OLD}:password::"), OLD, OWN];
        let values = led(&captured(), &keyed).unwrap();
        assert_eq!(values, [format!("{NEW}:password::"), NEW.to_owned(), OWN.to_owned()]);
        // Without the six-character suffix.
        let values = led(&captured(), &[OLD.trim_end_matches("-Ab12Cd")]).unwrap();
        assert_eq!(values, [NEW]);
    }

    #[test]
    fn after_an_earlier_restore_the_only_secret_of_a_cluster_is_meant() {
        let other = OLD.replace("old", "between");
        let values = led(&captured(), &[&other, OWN]).unwrap();
        assert_eq!(values, [NEW, OWN]);
        let third = OLD.replace("old", "third");
        assert_eq!(led(&captured(), &[&other, &third]).unwrap_err().name(), "InvalidInput");
    }

    #[test]
    fn what_has_the_copys_secret_is_left_alone_and_what_has_none_is_refused() {
        assert_eq!(led(&captured(), &[NEW]).unwrap(), [NEW]);
        assert_eq!(led(&captured(), &[OWN]).unwrap_err().name(), "InvalidInput");
        let pinned = format!("{OLD}:password::v1");
        assert_eq!(led(&captured(), &[&pinned]).unwrap_err().name(), "InvalidInput");
    }
}
