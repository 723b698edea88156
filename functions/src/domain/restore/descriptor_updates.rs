//! The descriptor follows a cut-over: what is backed up is what is in use. Recorded name by name, so that exactly that can be
//! taken back.

mod change;
pub mod roots;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::descriptor::{Count, Descriptor, SwitchAction};
use crate::domain::kinds::{aurora, dynamodb};
use crate::domain::resource::Target;
use crate::domain::restore::item::{CreatedResource, RestoreItem};
use crate::domain::restore::login::is_managed;
use crate::domain::restore::switch_progress::{SwitchRecord, SwitchState};

pub use change::{DescriptorChange, DescriptorField};

/// A resource that was switched: what it was when its restore was planned, and what is in use now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplacedResource {
    pub was: Target,
    pub now: String,
    /// The secret in which RDS manages the copy's master password.
    pub master_secret: Option<String>,
}

/// What resources are called once these switches lead to their copies: by resource, and of a prefix by table.
pub fn in_use(switched: &[SwitchRecord], items: &[RestoreItem]) -> BTreeMap<String, ReplacedResource> {
    let mut names: BTreeMap<String, ReplacedResource> = BTreeMap::new();
    for done in switched.iter().filter(|switched| switched.state == SwitchState::Done) {
        let switch = &done.switch;
        let name = switch.item_name();
        let Some(item) = items.iter().find(|item| item.planned.resource.name == name) else {
            continue;
        };
        let target = &item.planned.resource.target;
        let renamed = matches!(switch.action, SwitchAction::Rename).then(|| target.identifier());
        // A rename is the last word: the copy has the old name then.
        let known = names.get(&name).map(|known| known.now.clone());
        let created = item.created.as_ref().and_then(CreatedResource::identifier);
        let now = renamed.map(str::to_owned).or(known).or(created.map(str::to_owned));
        if let Some(now) = now {
            let was = target.clone();
            let master_secret = item.created.as_ref().and_then(aurora::master_secret).map(str::to_owned);
            let replacement = ReplacedResource {
                was,
                now,
                master_secret,
            };
            names.insert(name, replacement);
        }
    }
    names
}

/// What has to change in a descriptor for it to name what is in use.
pub fn changes(
    descriptor: &Descriptor,
    in_use: &BTreeMap<String, ReplacedResource>,
    now: Timestamp,
) -> Vec<DescriptorChange> {
    let mut changes = Vec::new();
    let mut change = |resource: &str, place: DescriptorField, field: &str, from: &str, to: &str| {
        if from != to {
            changes.push(DescriptorChange {
                resource: resource.to_owned(),
                place,
                field: field.to_owned(),
                from: from.to_owned(),
                to: to.to_owned(),
                at: now,
                back_at: None,
            });
        }
    };
    for (
        name,
        ReplacedResource {
            was,
            now: to,
            master_secret,
        },
    ) in in_use
    {
        // Whoever renamed it in the descriptor since means the same resource.
        let renamed = || {
            descriptor
                .resources
                .iter()
                .find(|(_, protected)| protected.target == *was)
        };
        let whole = descriptor.resources.get_key_value(name).or_else(renamed);
        let whole = whole.map(|(name, protected)| (name, &protected.target));
        if let Some((found, target)) = whole {
            let place = DescriptorField::Resource(found.clone());
            change(name, place, target.field(), target.identifier(), to);
        }
        // RDS has a secret for each cluster: what logs in with another one of this resource is refused by the copy.
        if let (Some(secret), Some((found, _))) = (master_secret, whole) {
            for (probe, of) in descriptor.probes.iter().filter(|(_, probe)| probe.resource == *found) {
                if let Count::Sql { secret: held, .. } = &of.count
                    && is_managed(held)
                {
                    change(
                        name,
                        DescriptorField::ProbeSecret(probe.clone()),
                        "secret",
                        held,
                        secret,
                    );
                }
            }
            for switch in descriptor.cut_over.iter().filter(|switch| switch.resource == *found) {
                if let Some(login) = switch.login.as_ref().filter(|login| is_managed(login)) {
                    change(
                        name,
                        DescriptorField::Login(switch.name.clone()),
                        "login",
                        login,
                        secret,
                    );
                }
            }
        }
        // `<resource>.<table>`, or the one table of a resource.
        let (resource, table) = match (name.split_once('.'), whole) {
            (Some((resource, table)), _) => (resource, table),
            (None, Some((found, target))) => match dynamodb::table(target) {
                Some(table) => (found.as_str(), table),
                None => continue,
            },
            (None, None) => continue,
        };
        for (probe, found) in &descriptor.probes {
            let counted = matches!(&found.count, Count::Items { table: Some(of) } if of == table);
            if counted && found.resource == resource {
                change(name, DescriptorField::Probe(probe.clone()), "table", table, to);
            }
        }
        for switch in &descriptor.cut_over {
            if switch.resource == resource && switch.table.as_deref() == Some(table) {
                change(name, DescriptorField::Switch(switch.name.clone()), "table", table, to);
            }
        }
    }
    changes
}

/// Carries changes out, wherever the descriptor has what they begin with. Answers those that could not be: somebody wrote
/// something else there.
pub fn apply_changes(descriptor: &mut Descriptor, changes: &[DescriptorChange]) -> Vec<DescriptorChange> {
    let all = changes.iter();
    all.filter(|change| !set(descriptor, change, &change.from, &change.to))
        .cloned()
        .collect()
}

/// Takes changes back, the last one first; answers those that could not be.
pub fn revert_changes(descriptor: &mut Descriptor, changes: &[DescriptorChange]) -> Vec<DescriptorChange> {
    let all = changes.iter().rev();
    all.filter(|change| !set(descriptor, change, &change.to, &change.from))
        .cloned()
        .collect()
}

/// What a resource was called at a moment that was called `name` at another: the cut-overs between the two, and their ways
/// back, are followed, or gone back through.
pub fn name_at<'a>(
    name: &'a str,
    known_at: Timestamp,
    changes: impl IntoIterator<Item = &'a DescriptorChange>,
    moment: Timestamp,
) -> &'a str {
    let mut events: Vec<(Timestamp, &str, &str)> = Vec::new();
    for change in changes {
        events.push((change.at, &change.from, &change.to));
        events.extend(change.back_at.map(|at| (at, change.to.as_str(), change.from.as_str())));
    }
    events.sort_by_key(|(at, ..)| *at);
    let between = |from: Timestamp, to: Timestamp| events.iter().filter(move |(at, ..)| from < *at && *at <= to);
    match known_at <= moment {
        true => between(known_at, moment).fold(name, |name, (_, from, to)| if name == *from { to } else { name }),
        false => {
            let back: Vec<_> = between(moment, known_at).collect();
            let back = back.into_iter().rev();
            back.fold(name, |name, (_, from, to)| if name == *to { from } else { name })
        }
    }
}

/// Whether a cut-over had led away from a resource of this name at a moment, and had not been taken back.
pub fn is_replaced<'a>(name: &str, changes: impl IntoIterator<Item = &'a DescriptorChange>, moment: Timestamp) -> bool {
    let changes: Vec<&DescriptorChange> = changes.into_iter().filter(|change| change.at <= moment).collect();
    let holds = |change: &&&DescriptorChange| change.back_at.is_none_or(|back_at| back_at > moment);
    let last = |reads: &dyn Fn(&DescriptorChange) -> &str| {
        let of_name = changes.iter().filter(|change| reads(change) == name).filter(holds);
        of_name.map(|change| change.at).max()
    };
    let (left, reached) = (last(&|change| &change.from), last(&|change| &change.to));
    left.is_some() && left >= reached
}

/// What a new descriptor would take back without saying so: it has a name that cut-overs, one or several, replaced by the one
/// that the stored descriptor has.
pub fn replaced<'a>(
    stored: &Descriptor,
    new: &Descriptor,
    changes: impl IntoIterator<Item = &'a DescriptorChange>,
) -> Vec<DescriptorChange> {
    let (mut stored, mut new) = (stored.clone(), new.clone());
    let stand: Vec<&DescriptorChange> = changes.into_iter().filter(|change| change.back_at.is_none()).collect();
    let mut found: Vec<DescriptorChange> = roots::replaced(&stored, &new, &stand);
    for change in &stand {
        let (Some(used), Some(named)) = (held(&mut stored, change), held(&mut new, change)) else {
            continue;
        };
        let (mut name, mut last) = (named.clone(), *change);
        for _ in &stand {
            let next = stand
                .iter()
                .find(|next| next.place == change.place && next.from == name);
            let Some(next) = next.filter(|_| name != *used) else {
                break;
            };
            (name, last) = (next.to.clone(), next);
        }
        let replaced = DescriptorChange {
            from: named.clone(),
            to: used.clone(),
            ..last.clone()
        };
        if name == *used && named != used && !found.contains(&replaced) {
            found.push(replaced);
        }
    }
    found
}

/// Whether the name is there now, put there from `from` or there already.
fn set(descriptor: &mut Descriptor, change: &DescriptorChange, from: &str, to: &str) -> bool {
    if let DescriptorField::Root(name) = &change.place {
        let protected = descriptor.resources.get_mut(name);
        return protected.is_some_and(|protected| roots::set(&mut protected.roots, from, to));
    }
    let renamed = |descriptor: &Descriptor| {
        let mut resources = descriptor.resources.iter();
        let same = |target: &Target| target.field() == change.field && target.identifier() == from;
        let found = resources.find(|(_, protected)| same(&protected.target))?;
        Some(DescriptorChange {
            place: DescriptorField::Resource(found.0.clone()),
            ..change.clone()
        })
    };
    // Whoever renamed the resource in the descriptor since means the same one.
    let change = match &change.place {
        DescriptorField::Resource(name) if !descriptor.resources.contains_key(name) => match renamed(descriptor) {
            Some(renamed) => renamed,
            None => return false,
        },
        _ => change.clone(),
    };
    match held(descriptor, &change) {
        Some(held) if held == to => true,
        Some(held) if held == from => {
            to.clone_into(held);
            true
        }
        _ => false,
    }
}

/// The name at a place.
fn held<'a>(descriptor: &'a mut Descriptor, change: &DescriptorChange) -> Option<&'a mut String> {
    match &change.place {
        DescriptorField::Resource(name) => {
            let target = &mut descriptor.resources.get_mut(name)?.target;
            (target.field() == change.field).then(|| target.identifier_mut())
        }
        DescriptorField::Probe(name) => match &mut descriptor.probes.get_mut(name)?.count {
            Count::Items { table } => table.as_mut(),
            Count::Sql { .. } => None,
        },
        DescriptorField::ProbeSecret(name) => match &mut descriptor.probes.get_mut(name)?.count {
            Count::Sql { secret, .. } => Some(secret),
            Count::Items { .. } => None,
        },
        DescriptorField::Login(name) => {
            let mut switches = descriptor.cut_over.iter_mut();
            switches.find(|switch| switch.name == *name)?.login.as_mut()
        }
        DescriptorField::Switch(name) => {
            let mut switches = descriptor.cut_over.iter_mut();
            switches.find(|switch| switch.name == *name)?.table.as_mut()
        }
        // One of several: found by what it was.
        DescriptorField::Root(_) => None,
    }
}

#[cfg(test)]
mod tests;
