//! What holds between the resources of a descriptor.

use std::collections::BTreeMap;

use super::Protected;
use super::reader::{Faults, bare, quoted};
use crate::domain::resource::Target;

/// Notes resources that name the same thing, and a descriptor in which nothing is backed up.
pub fn check(faults: &mut Faults, resources: &BTreeMap<String, Protected>) {
    let mut seen: Vec<(&str, &str, &str)> = Vec::new();
    for (name, protected) in resources {
        let (field, identity) = identity(&protected.target);
        match seen
            .iter()
            .find(|(other, value, _)| (*other, *value) == (field, identity))
        {
            Some((_, _, first)) => {
                let path = format!("resources.{}.{field}", bare(name));
                let value = if field == "secret" {
                    "(the same secret)".to_owned()
                } else {
                    quoted(identity)
                };
                faults.add(
                    path,
                    value,
                    format!("a {field} that no other resource has; {} has this one", bare(first)),
                );
            }
            None => seen.push((field, identity, name)),
        }
    }
    let guard = |protected: &Protected| matches!(protected.target, Target::Secret { .. } | Target::Parameters { .. });
    if !resources.is_empty() && resources.values().all(guard) {
        let rule =
            "at least one resource of kind aurora, efs or dynamodb: secrets and parameters are checked, not backed up";
        faults.add("resources", "only secrets and parameters", rule);
    }
}

/// The field that names the target, and the target.
fn identity(target: &Target) -> (&'static str, &str) {
    let field = match target {
        Target::Aurora { .. } => "cluster",
        Target::Efs { .. } => "file_system",
        Target::DynamoDb { .. } => "table",
        Target::DynamodbPrefix { .. } => "prefix",
        Target::Secret { .. } => "secret",
        Target::Parameters { .. } => "path",
    };
    let identifier = match target {
        Target::Secret { secret } => secret_name(secret),
        other => other.identifier(),
    };
    (field, identifier)
}

/// The name in a secret's ARN, which ends with a hyphen and six characters of Secrets Manager's own.
pub fn secret_name(secret: &str) -> &str {
    let Some((_, name)) = secret
        .starts_with("arn:")
        .then(|| secret.split_once(":secret:"))
        .flatten()
    else {
        return secret;
    };
    match name.rsplit_once('-') {
        Some((name, suffix)) if suffix.len() == 6 => name,
        _ => name,
    }
}
