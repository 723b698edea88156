//! Whether descriptors have what was found, and the prefixes that a deployment's names have in common.

use std::collections::BTreeSet;

use holdfast::domain::descriptor::Descriptor;
use holdfast::domain::kinds;
use holdfast::domain::resource::Target;
use serde_json::Value;

use crate::discover::FoundResource;
use crate::discover::names::common;

/// Everything that descriptors name.
pub struct Named {
    targets: Vec<Target>,
    /// Every text in them: a secret may be named by a switch or a probe alone.
    texts: BTreeSet<String>,
}

impl Named {
    pub fn by(descriptors: &[Descriptor]) -> Self {
        let mut texts = BTreeSet::new();
        for descriptor in descriptors {
            collect(&serde_json::to_value(descriptor).unwrap_or_default(), &mut texts);
        }
        let targets = descriptors.iter().flat_map(|descriptor| descriptor.resources.values());
        Self {
            targets: targets.map(|protected| protected.target.clone()).collect(),
            texts,
        }
    }

    /// Whether it is named, or matched by a pattern or a path. Always for what no descriptor could name.
    pub fn has(&self, found: &FoundResource) -> bool {
        match found {
            FoundResource::Protected { target, .. } => {
                let id = target.identifier();
                let is = |named: &Target| {
                    kinds::is_same(named, target)
                        || (named.kind() == target.kind() && kinds::closeness(named, id).is_some())
                };
                self.targets.iter().any(is) || self.texts.contains(id) || self.has_secret(id)
            }
            FoundResource::Parameter { name } => {
                let is_below = |named: &Target| {
                    let Target::Parameters { path } = named else {
                        return false;
                    };
                    let below = name.strip_prefix(path.trim_end_matches('/'));
                    below.is_some_and(|rest| rest.starts_with('/'))
                };
                self.targets.iter().any(is_below) || self.texts.contains(name)
            }
            FoundResource::Tables { .. } | FoundResource::Unprotected { .. } => true,
        }
    }

    /// A secret by its name where they have its ARN, or the other way round: the ARN ends with a hyphen and six characters
    /// (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html>).
    fn has_secret(&self, id: &str) -> bool {
        let name_of = |arn: &str| {
            let (_, rest) = arn.split_once(":secret:")?;
            rest.rsplit_once('-').map(|(name, _)| name.to_owned())
        };
        match name_of(id) {
            Some(name) => self.texts.contains(&name),
            None => self.texts.iter().any(|text| name_of(text).as_deref() == Some(id)),
        }
    }
}

fn collect(value: &Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            texts.insert(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The prefixes of the deployment's resources: what the descriptor covers; otherwise its own name, and what the names of several
/// have in common up to a separator.
pub fn prefixes(descriptor: &Descriptor) -> Vec<String> {
    if let Some(covers) = &descriptor.covers {
        return vec![covers.prefix.clone()];
    }
    let mut prefixes = vec![descriptor.deployment.clone()];
    // File systems have no names.
    let has_name = |target: &&Target| kinds::stateful(target).is_some_and(|kind| kind.copy_name().is_ok());
    let targets = descriptor.resources.values().map(|protected| &protected.target);
    let names: Vec<&str> = targets.filter(has_name).map(Target::identifier).collect();
    if let Some(common) = common(&names)
        && !common.starts_with(&descriptor.deployment)
    {
        prefixes.push(common.to_owned());
    }
    prefixes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:us-east-1:000000000000:secret:hubs/login-AbCdEf";

    fn descriptor(resources: Value) -> Descriptor {
        Descriptor::parse(&json!({ "deployment": "prod", "resources": resources })).unwrap()
    }

    fn protected(target: Target) -> FoundResource {
        FoundResource::Protected {
            target,
            hint: String::new(),
        }
    }

    fn table(name: &str) -> FoundResource {
        protected(Target::DynamoDb {
            table: name.into(),
            archive: None,
        })
    }

    fn secret(id: &str) -> FoundResource {
        protected(Target::Secret { secret: id.into() })
    }

    #[test]
    fn what_a_descriptor_names_or_matches_is_known() {
        let named = Named::by(&[descriptor(json!({
            "database": {"kind": "aurora", "cluster": "hubs-db"},
            "tables": {"kind": "dynamodb", "prefix": "hubs-"},
            "settings": {"kind": "parameters", "path": "/hubs"},
            "login": {"kind": "secret", "secret": ARN},
        }))]);
        let parameter = |name: &str| FoundResource::Parameter { name: name.into() };
        for known in [
            table("hubs-rooms"),
            parameter("/hubs/key"),
            secret("hubs/login"),
            secret(ARN),
        ] {
            assert!(named.has(&known), "{known:?}");
        }
        let cluster = "hubs-rooms".to_owned();
        for unknown in [
            table("hubs2"),
            parameter("/hubs2/key"),
            secret("hubs/other"),
            protected(Target::Aurora { cluster }),
        ] {
            assert!(!named.has(&unknown), "{unknown:?}");
        }
    }

    #[test]
    fn a_secret_that_only_a_probe_names_is_known_by_its_arn() {
        let document = json!({
            "deployment": "prod", "resources": {"database": {"kind": "aurora", "cluster": "hubs-db"}},
            "probes": {"users": {"resource": "database", "sql": "select 1", "secret": "hubs/login", "database": "app"}},
        });
        let named = Named::by(&[Descriptor::parse(&document).unwrap()]);
        assert!(named.has(&secret(ARN)));
    }

    #[test]
    fn the_common_prefix_ends_at_a_separator() {
        let of = |cluster: &str, table: &str| {
            prefixes(&descriptor(json!({
                "database": {"kind": "aurora", "cluster": cluster}, "rooms": {"kind": "dynamodb", "table": table},
                "storage": {"kind": "efs", "file_system": "fs-0123456789abcdef0"},
            })))
        };
        assert_eq!(of("hubs-live-db", "hubs-live-data"), ["prod", "hubs-live"]);
        assert_eq!(of("hubsdb", "hubsrooms"), ["prod"], "no separator");
        assert_eq!(of("a-db", "a-rooms"), ["prod"], "too short");
        assert_eq!(of("prod-db", "prod-rooms"), ["prod"], "the same");
    }

    #[test]
    fn what_a_descriptor_covers_is_not_guessed() {
        let document = json!({
            "deployment": "prod", "covers": {"prefix": "cumulus-prod-"},
            "resources": {
                "files": {"kind": "dynamodb", "table": "cumulus-files"}, "rules": {"kind": "dynamodb", "table": "cumulus-rules"},
            },
        });
        assert_eq!(prefixes(&Descriptor::parse(&document).unwrap()), ["cumulus-prod-"]);
    }
}
