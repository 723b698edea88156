//! Matches the resources of a set with those of the descriptor.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::descriptor::Descriptor;
use crate::domain::kinds;
use crate::domain::resource::{Resource, Target};
use crate::domain::restore::descriptor_updates::{self, DescriptorChange};

/// When a set's resources had the names that are stored in it.
pub type CapturedAt = Option<Timestamp>;

/// A resource of a set, and its counterpart in today's descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchedResource {
    /// As stored in the set.
    pub resource: Resource,
    /// Its name in a restore: that in the descriptor, or if it has none, that in the set. Unique.
    pub name: String,
    pub by: MatchedBy,
    /// A cut-over had replaced it before it was captured: it is in the set because a prefix still matches it.
    pub abandoned: bool,
}

/// Why a resource of a set is matched with one of the descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatchedBy {
    /// It is the same cluster, table, file system, secret or path, or cut-overs replaced one by the other.
    Identity,
    /// It has the same name and kind, but another identity.
    Name { today: String },
    /// The descriptor has no counterpart.
    Nothing,
}

impl MatchedResource {
    /// Whether it is this resource of the descriptor, or a table of this prefix.
    pub fn is_of(&self, resource: &Resource) -> bool {
        self.name == resource.name
            || kinds::is_pattern(&resource.target)
                && self
                    .name
                    .strip_prefix(&resource.name)
                    .is_some_and(|rest| rest.starts_with('.'))
    }

    /// The resource with its name in the restore.
    pub fn called(&self) -> Resource {
        Resource {
            name: self.name.clone(),
            ..self.resource.clone()
        }
    }
}

/// Matches the resources of a set, captured at a moment: first by what cut-overs replaced them with, then by identity, then by name
/// and kind. Each resource of the descriptor is matched once.
pub fn resources(
    today: &Descriptor,
    in_set: &[Resource],
    captured: CapturedAt,
    followed: &[DescriptorChange],
    now: Timestamp,
) -> Vec<MatchedResource> {
    let mut taken = BTreeSet::new();
    let mut found: Vec<Option<(String, MatchedBy)>> = vec![None; in_set.len()];
    let mut pass = |of: &dyn Fn(&Resource) -> Option<(String, MatchedBy)>| {
        for (resource, found) in in_set.iter().zip(&mut found) {
            if found.is_none()
                && let Some((name, by)) = of(resource)
                && taken.insert(name.clone())
            {
                *found = Some((name, by));
            }
        }
    };
    pass(&|resource| {
        let target = in_use(&resource.target, captured, followed, now);
        Some((named(today, &target)?, MatchedBy::Identity))
    });
    pass(&|resource| Some((named(today, &resource.target)?, MatchedBy::Identity)));
    pass(&|resource| {
        let other = &today.resources.get(&resource.name)?.target;
        let same_kind = std::mem::discriminant(other) == std::mem::discriminant(&resource.target);
        let today = other.identifier().to_owned();
        same_kind.then(|| (resource.name.clone(), MatchedBy::Name { today }))
    });
    let mut all = Vec::with_capacity(in_set.len());
    for (resource, found) in in_set.iter().zip(found) {
        let (name, by) = found.unwrap_or_else(|| (free(&resource.name, today, &mut taken), MatchedBy::Nothing));
        all.push(MatchedResource {
            resource: resource.clone(),
            name,
            by,
            abandoned: is_abandoned(resource, captured, followed),
        });
    }
    all
}

/// The target in use now, after the cut-overs since the capture and those that were switched back.
fn in_use(target: &Target, captured: CapturedAt, followed: &[DescriptorChange], now: Timestamp) -> Target {
    let mut target = target.clone();
    if let Some(captured) = captured {
        let field = target.field();
        let of_kind = followed.iter().filter(|change| change.field == field);
        let name = descriptor_updates::name_at(target.identifier(), captured, of_kind, now).to_owned();
        *target.identifier_mut() = name;
    }
    target
}

fn is_abandoned(resource: &Resource, captured: CapturedAt, followed: &[DescriptorChange]) -> bool {
    let of_kind = followed.iter().filter(|change| change.field == resource.target.field());
    captured.is_some_and(|captured| descriptor_updates::is_replaced(resource.target.identifier(), of_kind, captured))
}

/// The name of a target in the descriptor.
fn named(today: &Descriptor, target: &Target) -> Option<String> {
    let all = today.resources();
    let whole = all.iter().find(|resource| kinds::is_same(&resource.target, target));
    if let Some(resource) = whole {
        return Some(resource.name.clone());
    }
    let table = kinds::member_name(target)?.to_owned();
    let mut of_prefixes = all
        .iter()
        .flat_map(|prefix| today.tables(prefix, std::slice::from_ref(&table)));
    of_prefixes.next().map(|resource| resource.name)
}

/// A name that neither the descriptor nor another resource of the set has: preferably its own.
fn free(own: &str, today: &Descriptor, taken: &mut BTreeSet<String>) -> String {
    let is_free = |name: &str, taken: &BTreeSet<String>| !taken.contains(name) && !today.resources.contains_key(name);
    let others = (1..).map(|number| match number {
        1 => format!("{own}-of-set"),
        number => format!("{own}-of-set-{number}"),
    });
    let mut names = std::iter::once(own.to_owned()).chain(others);
    let name = names
        .find(|name| is_free(name, taken))
        .unwrap_or_else(|| own.to_owned());
    taken.insert(name.clone());
    name
}
