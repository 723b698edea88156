//! What differs between a descriptor, its newest set and what exists: decided without AWS.

use std::collections::{BTreeMap, BTreeSet};

use holdfast::domain::descriptor::Descriptor;
use holdfast::domain::kinds;
use holdfast::domain::resource::Resource;
use serde::Serialize;

/// What exists now, as far as it could be looked up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Existing {
    /// Whether each resource exists that is no pattern.
    pub resources: BTreeMap<String, bool>,
    /// What each pattern matches, without the copies of restores that are not in use.
    pub members: BTreeMap<String, Vec<Resource>>,
    /// The newest sealed set, and the names of its resources; `None` if none was ever sealed.
    pub newest: Option<(String, BTreeSet<String>)>,
    /// What looks as if it belonged to the deployment, and is in no descriptor: as text, and why.
    pub unprotected: Vec<(String, String)>,
}

/// One difference, and what to do about it; commands in backquotes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub kind: Kind,
    pub what: String,
    pub next: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// In the descriptor, or in the newest set, and it does not exist.
    Gone,
    /// A pattern that matches nothing.
    MatchesNothing,
    /// It exists, and no sealed set has it.
    InNoSet,
    /// It exists, and no descriptor has it.
    InNoDescriptor,
}

/// Everything that differs, in the order of the descriptor.
pub fn differences(descriptor: &Descriptor, now: &Existing) -> Vec<Difference> {
    let name = &descriptor.deployment;
    let mut found = Vec::new();
    for resource in descriptor.resources() {
        let what = words(&resource);
        if now.resources.get(&resource.name) == Some(&false) {
            found.push(Difference {
                kind: Kind::Gone,
                what: format!("{what} does not exist any more"),
                next: match kinds::is_guard(&resource.target) {
                    // A restore compares it, and creates nothing.
                    true => "No backup has its value: create it again, with the value that the data was written with (a secret that \
                             is only scheduled for deletion: `aws secretsmanager restore-secret`); or remove it from the descriptor, \
                             and `holdfast apply FILE`"
                        .to_owned(),
                    false => format!(
                        "Restore it: `holdfast restore {name} --only {} --dry-run`; or remove it from the descriptor, and \
                         `holdfast apply FILE`",
                        resource.name
                    ),
                },
            });
            continue;
        }
        if let Some(members) = now.members.get(&resource.name) {
            found.extend(of_pattern(name, &resource, members, now));
        } else {
            found.extend(in_no_set(name, &resource, now));
        }
    }
    if now.newest.is_none() {
        found.push(Difference {
            kind: Kind::InNoSet,
            what: "No set was ever sealed: there is nothing to restore from".to_owned(),
            next: format!("Back up: `holdfast backup {name} --watch`"),
        });
    }
    found.extend(now.unprotected.iter().map(|(what, why)| Difference {
        kind: Kind::InNoDescriptor,
        what: format!("{what} is in no descriptor, so it is not backed up: {why}"),
        next: "If it belongs to the deployment, add it to the descriptor, and `holdfast apply FILE`".to_owned(),
    }));
    found
}

fn of_pattern(deployment: &str, pattern: &Resource, members: &[Resource], now: &Existing) -> Vec<Difference> {
    let mut found: Vec<Difference> = Vec::new();
    if members.is_empty() {
        found.push(Difference {
            kind: Kind::MatchesNothing,
            what: format!(
                "{}: no {}'s name begins with {}, so every backup fails",
                pattern.name,
                kinds::of(&pattern.target).noun(),
                pattern.target.identifier()
            ),
            next: format!(
                "Correct the {} in the descriptor, and `holdfast apply FILE`; or restore what is gone: `holdfast restore \
                 {deployment} --only {} --dry-run`",
                pattern.target.field(),
                pattern.name
            ),
        });
    }
    found.extend(members.iter().filter_map(|member| in_no_set(deployment, member, now)));
    let begins = format!("{}.", pattern.name);
    let Some((set, resources)) = &now.newest else {
        return found;
    };
    let is_gone = |name: &&String| name.starts_with(&begins) && !members.iter().any(|member| member.name == **name);
    found.extend(resources.iter().filter(is_gone).map(|name| Difference {
        kind: Kind::Gone,
        what: format!("{name} is in set {set}, and does not exist any more"),
        next: format!("If it is missed: `holdfast restore {deployment} --only {name} --dry-run`"),
    }));
    found
}

/// A resource that the newest set lacks. Without any set, one difference says so for all.
fn in_no_set(deployment: &str, resource: &Resource, now: &Existing) -> Option<Difference> {
    let (set, resources) = now.newest.as_ref()?;
    (!resources.contains(&resource.name)).then(|| Difference {
        kind: Kind::InNoSet,
        what: format!("{} is not in the newest sealed set, {set}", words(resource)),
        next: format!("The next backup takes it; to do that now: `holdfast backup {deployment} --watch`"),
    })
}

/// `database: cluster hubs-db`.
fn words(resource: &Resource) -> String {
    let noun = kinds::of(&resource.target).noun();
    format!("{}: {noun} {}", resource.name, resource.target.identifier())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn descriptor() -> Descriptor {
        let document = json!({
            "deployment": "hubs",
            "resources": {
                "database": {"kind": "aurora", "cluster": "hubs-db"},
                "login": {"kind": "secret", "secret": "hubs/db"},
                "tables": {"kind": "dynamodb", "prefix": "hubs-"},
            },
        });
        Descriptor::parse(&document).unwrap()
    }

    /// All of the descriptor exists, with one table, and is in the newest set.
    fn existing() -> Existing {
        Existing {
            resources: BTreeMap::from([("database".to_owned(), true), ("login".to_owned(), true)]),
            members: BTreeMap::from([("tables".to_owned(), tables(&["hubs-rooms"]))]),
            newest: Some((
                "hubs-1".to_owned(),
                ["database", "login", "tables.hubs-rooms"].map(str::to_owned).into(),
            )),
            unprotected: Vec::new(),
        }
    }

    fn tables(names: &[&str]) -> Vec<Resource> {
        let descriptor = descriptor();
        let pattern = descriptor
            .resources()
            .into_iter()
            .find(|of| of.name == "tables")
            .unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        descriptor.tables(&pattern, &names)
    }

    fn found(now: &Existing) -> Vec<(Kind, String)> {
        let found = differences(&descriptor(), now);
        found.into_iter().map(|of| (of.kind, of.what)).collect()
    }

    #[test]
    fn nothing_differs_where_all_exists_and_is_backed_up() {
        assert_eq!(found(&existing()), []);
    }

    #[test]
    fn what_has_come_is_in_no_set_yet() {
        let mut now = existing();
        now.members
            .insert("tables".into(), tables(&["hubs-rooms", "hubs-scenes"]));
        let what = "tables.hubs-scenes: table hubs-scenes is not in the newest sealed set, hubs-1";
        assert_eq!(found(&now), [(Kind::InNoSet, what.to_owned())]);
    }

    #[test]
    fn what_has_gone_is_named_once() {
        let mut now = existing();
        now.resources.insert("database".into(), false);
        now.members.insert("tables".into(), tables(&["hubs-scenes"]));
        let kinds: Vec<Kind> = found(&now).iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [Kind::Gone, Kind::InNoSet, Kind::Gone]);
        assert_eq!(found(&now)[0].1, "database: cluster hubs-db does not exist any more");
        assert_eq!(
            found(&now)[2].1,
            "tables.hubs-rooms is in set hubs-1, and does not exist any more"
        );
    }

    #[test]
    fn a_prefix_that_matches_nothing_fails_every_backup() {
        let mut now = existing();
        now.members.insert("tables".into(), Vec::new());
        let all = found(&now);
        assert_eq!(all[0].0, Kind::MatchesNothing);
        assert!(all[0].1.contains("no table's name begins with hubs-"), "{all:?}");
    }

    #[test]
    fn without_any_set_that_is_said_once() {
        let mut now = existing();
        now.newest = None;
        let all = found(&now);
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(all[0].1.starts_with("No set was ever sealed"), "{all:?}");
    }

    #[test]
    fn what_could_not_be_looked_up_is_no_difference() {
        let mut now = existing();
        now.resources.remove("database");
        now.members.remove("tables");
        now.newest.as_mut().unwrap().1.insert("tables".to_owned());
        assert_eq!(found(&now), []);
    }

    #[test]
    fn what_no_descriptor_has_is_not_backed_up() {
        let mut now = existing();
        now.unprotected
            .push(("table hubs2".to_owned(), "it is in stack hubs".to_owned()));
        let what = "table hubs2 is in no descriptor, so it is not backed up: it is in stack hubs";
        assert_eq!(found(&now), [(Kind::InNoDescriptor, what.to_owned())]);
    }
}
