//! Composes a draft of what was found. Pure, so that every rule can be tested without AWS.

use std::collections::{BTreeMap, BTreeSet};

use holdfast::domain::resource::Target;

use super::draft::{DescriptorDraft, DraftEntry};
use super::names::{kebab, unique};
use super::{Finding, FoundResource, SourceAddress};

/// The most parameters of a path of which the comments say something.
const MOST_COMMENTED: usize = 10;

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
pub fn compose(deployment: &str, findings: Vec<Finding>, place: &VaultAndRole) -> DescriptorDraft {
    let mut draft = DescriptorDraft {
        deployment: kebab(deployment, "deployment"),
        ..DescriptorDraft::default()
    };
    let mut taken = BTreeSet::new();
    let mut parameters = BTreeMap::<String, Vec<String>>::new();
    for finding in findings {
        match finding.found {
            FoundResource::Protected { target, hint } => {
                let target = kept_in(place, target);
                add(&mut draft, &mut taken, &hint, target, finding.address, finding.comments);
            }
            FoundResource::Tables { prefix, now } => {
                let mut comments = finding.comments;
                comments.push(format!("today: {}", now.join(", ")));
                let target = Target::DynamodbPrefix { prefix, archive: None };
                add(&mut draft, &mut taken, "tables", target, None, comments);
            }
            FoundResource::Parameter { name } => {
                let address = finding.address.iter().map(|address| address.text().to_owned());
                let comments = parameters.entry(name).or_default();
                comments.extend(finding.comments.into_iter().chain(address));
            }
            FoundResource::Unprotected { what, id, next } => {
                let place = finding.address.map(|address| format!(" ({})", address.text()));
                let line = format!("{what} {id}{}: {next}", place.unwrap_or_default());
                if !draft.unprotected.contains(&line) {
                    draft.unprotected.push(line);
                }
            }
        }
    }
    add_parameters(&mut draft, &parameters, &mut taken);
    draft
}

/// Adds a resource, or what else is known of one that has been added: the same may be found in several places.
fn add(
    draft: &mut DescriptorDraft,
    taken: &mut BTreeSet<String>,
    hint: &str,
    target: Target,
    address: Option<SourceAddress>,
    mut comments: Vec<String>,
) {
    let address = match address {
        Some(address) if address.fits(&target) => Some(address),
        // Where no field holds it, a comment does.
        Some(address) => {
            comments.push(format!("{}: {}", address.field(), address.text()));
            None
        }
        None => None,
    };
    if let Some(entry) = draft.resources.iter_mut().find(|entry| entry.target == target) {
        let new = comments.into_iter().filter(|comment| !entry.comments.contains(comment));
        let new: Vec<String> = new.collect();
        entry.comments.extend(new);
        entry.address = entry.address.take().or(address);
        return;
    }
    let name = unique(&kebab(hint, target.kind()), taken);
    draft.resources.push(DraftEntry {
        name,
        target,
        address,
        comments,
    });
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
fn add_parameters(
    draft: &mut DescriptorDraft,
    parameters: &BTreeMap<String, Vec<String>>,
    taken: &mut BTreeSet<String>,
) {
    let mut paths = BTreeSet::new();
    for name in parameters.keys() {
        match name.rsplit_once('/') {
            Some((path, _)) if path.starts_with('/') => {
                paths.insert(path.to_owned());
            }
            // Without a path of its own it could be named only by `/`, which is every parameter of the account.
            _ => draft.unprotected.push(format!(
                "AWS::SSM::Parameter {name}: it is below no path, by which a resource of kind parameters names it; keep its value \
                 elsewhere, or move it below a path"
            )),
        }
    }
    let below = |path: &str| {
        paths
            .iter()
            .any(|other| path.strip_prefix(other).is_some_and(|rest| rest.starts_with('/')))
    };
    for path in paths.iter().filter(|path| !below(path)) {
        let of_path: Vec<_> = parameters
            .iter()
            .filter(|(name, _)| name.starts_with(&format!("{path}/")))
            .collect();
        let last = path.rsplit('/').next().unwrap_or(path);
        let name = if taken.contains("keys") {
            unique(&kebab(last, "parameters"), taken)
        } else {
            unique("keys", taken)
        };
        let mut comments = vec![format!("today: {}", crate::format::count(of_path.len(), "parameter"))];
        let commented: Vec<_> = of_path.iter().filter(|(_, comments)| !comments.is_empty()).collect();
        let said = commented.iter().take(MOST_COMMENTED);
        comments.extend(said.map(|(name, comments)| format!("{name}: {}", comments.join("; "))));
        if commented.len() > MOST_COMMENTED {
            comments.push(format!("and {} more", commented.len() - MOST_COMMENTED));
        }
        draft.resources.push(DraftEntry {
            name,
            target: Target::Parameters { path: path.clone() },
            address: None,
            comments,
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parameters(names: &[&str]) -> DescriptorDraft {
        let found = names.iter().map(|name| Finding {
            found: FoundResource::Parameter {
                name: (*name).to_owned(),
            },
            address: None,
            comments: Vec::new(),
        });
        compose("x", found.collect(), &VaultAndRole::default())
    }

    fn cluster(hint: &str, address: &str, comment: &str) -> Finding {
        let cluster = "hubs-db".to_owned();
        Finding {
            found: FoundResource::protected(Target::Aurora { cluster }, hint),
            address: Some(SourceAddress::Terraform(address.to_owned())),
            comments: vec![comment.to_owned()],
        }
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
        assert_eq!(draft.resources[0].comments, ["today: 3 parameters"]);
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
    fn what_is_found_twice_is_listed_once_with_all_that_is_known() {
        let address = "aws_rds_cluster.main";
        let found = vec![
            cluster("a", "aws_rds_cluster.a[\"é\"]", "one"),
            cluster("b", address, "two"),
            cluster("c", address, "two"),
        ];
        let draft = compose("x", found, &VaultAndRole::default());
        assert_eq!(draft.resources.len(), 1);
        let entry = &draft.resources[0];
        assert_eq!(entry.address, Some(SourceAddress::Terraform(address.to_owned())));
        assert_eq!(entry.comments, ["one", "terraform: aws_rds_cluster.a[\"é\"]", "two"]);
    }

    #[test]
    fn what_has_no_kind_is_listed_with_its_address_and_what_to_do() {
        let found = FoundResource::Unprotected {
            what: "AWS::S3::Bucket".into(),
            id: "assets".into(),
            next: "replicate it".into(),
        };
        let address = Some(SourceAddress::LogicalId("Assets".into()));
        let finding = Finding {
            found,
            address,
            comments: Vec::new(),
        };
        let draft = compose("x", vec![finding.clone(), finding], &VaultAndRole::default());
        assert_eq!(draft.unprotected, ["AWS::S3::Bucket assets (Assets): replicate it"]);
    }
}
