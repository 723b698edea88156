//! Composes a draft of what was found. Pure, so that every rule can be tested without AWS.

use std::collections::BTreeSet;

use holdfast::domain::resource::Target;

use super::names::{kebab, unique};
use super::{DescriptorDraft, DraftEntry, FoundResource};

/// Where a file system's recovery points are stored, if the application has a vault and a role for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VaultAndRole {
    pub vault: Option<String>,
    /// ARN of the role.
    pub role: Option<String>,
}

/// A draft in which everything is listed once and has a unique name.
///
/// `deployment` is any name: a stack's, a tag's value, a prefix. File systems go to `place`.
pub fn compose(deployment: &str, found: Vec<FoundResource>, place: &VaultAndRole) -> DescriptorDraft {
    let mut draft = DescriptorDraft {
        deployment: kebab(deployment, "deployment"),
        covers: None,
        resources: Vec::new(),
        unprotected: Vec::new(),
        notes: Vec::new(),
    };
    let mut taken = BTreeSet::new();
    let mut parameters = BTreeSet::new();
    let mut seen = Vec::new();
    for found in found {
        if seen.contains(&found) {
            continue;
        }
        seen.push(found.clone());
        let (hint, target, comment) = match found {
            FoundResource::Protected { target, hint } => (hint, kept_in(place, target), None),
            FoundResource::Tables { prefix, now } => {
                let comment = format!("today: {}", now.join(", "));
                (
                    "tables".to_owned(),
                    Target::DynamodbPrefix { prefix, archive: None },
                    Some(comment),
                )
            }
            FoundResource::Parameter { name } => {
                parameters.insert(name);
                continue;
            }
            FoundResource::Unprotected { what, id } => {
                draft.unprotected.push(format!("{what} {id}"));
                continue;
            }
        };
        // The same resource may be found under two hints.
        if draft.resources.iter().any(|entry| entry.target == target) {
            continue;
        }
        let name = unique(&kebab(&hint, target.kind()), &mut taken);
        draft.resources.push(DraftEntry { name, target, comment });
    }
    add_parameters(&mut draft, &parameters, &mut taken);
    draft
}

/// A file system with the vault and the role of its recovery points; any other target as it is.
fn kept_in(place: &VaultAndRole, mut target: Target) -> Target {
    if let Target::Efs { vault, role, .. } = &mut target {
        vault.clone_from(&place.vault);
        role.clone_from(&place.role);
    }
    target
}

/// One resource a path: the parents of the parameters, without those below another.
fn add_parameters(draft: &mut DescriptorDraft, parameters: &BTreeSet<String>, taken: &mut BTreeSet<String>) {
    let mut paths = BTreeSet::new();
    for name in parameters {
        match name.rsplit_once('/') {
            Some((path, _)) if path.starts_with('/') => {
                paths.insert(path.to_owned());
            }
            // Without a path of its own it could be named only by `/`, which is every parameter of the account.
            _ => draft
                .unprotected
                .push(format!("AWS::SSM::Parameter {name} (it is below no path)")),
        }
    }
    let below = |path: &str| {
        paths
            .iter()
            .any(|other| path.strip_prefix(other).is_some_and(|rest| rest.starts_with('/')))
    };
    for path in paths.iter().filter(|path| !below(path)) {
        let count = parameters
            .iter()
            .filter(|name| name.starts_with(&format!("{path}/")))
            .count();
        let last = path.rsplit('/').next().unwrap_or(path);
        let name = if taken.contains("keys") {
            unique(&kebab(last, "parameters"), taken)
        } else {
            unique("keys", taken)
        };
        let comment = Some(format!("today: {}", crate::format::count(count, "parameter")));
        draft.resources.push(DraftEntry {
            name,
            target: Target::Parameters { path: path.clone() },
            comment,
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parameters(names: &[&str]) -> DescriptorDraft {
        let found = names
            .iter()
            .map(|name| FoundResource::Parameter {
                name: (*name).to_owned(),
            })
            .collect();
        compose("x", found, &VaultAndRole::default())
    }

    #[test]
    fn parameters_become_the_fewest_paths() {
        let draft = parameters(&["/hubs/prod/a", "/hubs/prod/b", "/hubs/prod/deep/c", "/other/d"]);
        let paths = draft
            .resources
            .iter()
            .map(|e| (e.name.as_str(), e.target.identifier()))
            .collect::<Vec<_>>();
        assert_eq!(paths, [("keys", "/hubs/prod"), ("other", "/other")]);
        assert_eq!(draft.resources[0].comment.as_deref(), Some("today: 3 parameters"));
    }

    #[test]
    fn a_parameter_below_no_path_is_never_protected_by_protecting_all() {
        let draft = parameters(&["plain", "/single"]);
        assert!(draft.resources.is_empty());
        assert_eq!(draft.unprotected.len(), 2);
    }

    #[test]
    fn a_path_is_not_below_another_that_only_begins_alike() {
        let draft = parameters(&["/hubs/a", "/hubs-test/b"]);
        assert_eq!(draft.resources.len(), 2);
    }

    #[test]
    fn what_is_found_twice_stands_once() {
        let table = |hint: &str| {
            let table = "rooms".to_owned();
            FoundResource::protected(Target::DynamoDb { table, archive: None }, hint)
        };
        let draft = compose("x", vec![table("a"), table("a"), table("b")], &VaultAndRole::default());
        assert_eq!(draft.resources.len(), 1);
    }
}
