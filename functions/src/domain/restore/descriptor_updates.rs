//! The descriptor follows a cut-over, so that what is in use is backed up. Each change is recorded, so that exactly these changes
//! can be reverted.

mod change;
pub mod roots;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::descriptor::{Count, Descriptor, SwitchAction};
use crate::domain::hooks;
use crate::domain::kinds;
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::login::is_managed;
use crate::domain::restore::switch_order;
use crate::domain::restore::switch_progress::{SwitchRecord, SwitchState};

pub use change::{DescriptorChange, DescriptorField};

/// A resource that was switched: its target when the restore was planned, and the identifier in use now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplacedResource {
    pub was: Target,
    pub now: String,
    /// The secret in which RDS manages the copy's master password.
    pub master_secret: Option<String>,
}

/// The identifiers in use after these switches, by resource; for a prefix, by table.
pub fn in_use(switched: &[SwitchRecord], items: &[RestoreItem]) -> BTreeMap<String, ReplacedResource> {
    let mut names: BTreeMap<String, ReplacedResource> = BTreeMap::new();
    let done = |record: &&SwitchRecord| record.state == SwitchState::Done && !switch_order::follows(record);
    for done in switched.iter().filter(done) {
        let switch = &done.switch;
        let name = switch.item_name();
        let Some(item) = items.iter().find(|item| item.planned.resource.name == name) else {
            continue;
        };
        let target = &item.planned.resource.target;
        let renamed = matches!(switch.action, SwitchAction::Rename).then(|| target.identifier());
        // A rename takes precedence: the copy then has the old name.
        let known = names.get(&name).map(|known| known.now.clone());
        let created = kinds::copy_identifier(item);
        let now = renamed.map(str::to_owned).or(known).or(created.map(str::to_owned));
        if let Some(now) = now {
            let was = target.clone();
            let master_secret = kinds::database(item)
                .and_then(|copy| copy.master_secret)
                .map(str::to_owned);
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

/// The changes that make a descriptor name what is in use.
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
        // It may have been renamed in the descriptor since.
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
        // RDS manages one secret per cluster: the copy refuses logins with any other managed secret of this resource.
        if let (Some(secret), Some((found, _))) = (master_secret, whole) {
            for (name_of_probe, probe) in descriptor.probes.iter().filter(|(_, probe)| probe.resource == *found) {
                if let Count::Sql { secret: old, .. } = &probe.count
                    && is_managed(old)
                {
                    change(
                        name,
                        DescriptorField::ProbeSecret(name_of_probe.clone()),
                        "secret",
                        old,
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
            for hook in descriptor.hooks.all() {
                let place = hook.place.as_ref().filter(|place| place.resource == *found);
                if let Some(place) = place.filter(|place| is_managed(&place.secret)) {
                    let field = DescriptorField::HookSecret(hook.name.clone());
                    change(name, field, "secret", &place.secret, secret);
                }
            }
        }
        // `<resource>.<table>`, or the one table of a resource.
        let (resource, table) = match (name.split_once('.'), whole) {
            (Some((resource, table)), _) => (resource, table),
            (None, Some((found, target))) => match kinds::member_name(target) {
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

/// Applies changes to a descriptor. Returns those that could not be applied because the field has another value meanwhile.
pub fn apply_changes(descriptor: &mut Descriptor, changes: &[DescriptorChange]) -> Vec<DescriptorChange> {
    let all = changes.iter();
    let left = all.filter(|change| !set(descriptor, change, &change.from, &change.to));
    let left = left.cloned().collect();
    descriptor.place_hooks();
    left
}

/// Reverts changes, last one first. Returns those that could not be reverted.
pub fn revert_changes(descriptor: &mut Descriptor, changes: &[DescriptorChange]) -> Vec<DescriptorChange> {
    let all = changes.iter().rev();
    let left = all.filter(|change| !set(descriptor, change, &change.to, &change.from));
    let left = left.cloned().collect();
    descriptor.place_hooks();
    left
}

/// The name that a resource had at `moment`, if it was called `name` at `known_at`: follows the cut-overs between the two, and
/// those that were switched back, forwards or backwards.
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

/// Whether, at a moment, a cut-over had replaced the resource of this name and had not been switched back.
pub fn is_replaced<'a>(name: &str, changes: impl IntoIterator<Item = &'a DescriptorChange>, moment: Timestamp) -> bool {
    let changes: Vec<&DescriptorChange> = changes.into_iter().filter(|change| change.at <= moment).collect();
    let in_force = |change: &&&DescriptorChange| change.back_at.is_none_or(|back_at| back_at > moment);
    let last = |field: &dyn Fn(&DescriptorChange) -> &str| {
        let of_name = changes.iter().filter(|change| field(change) == name).filter(in_force);
        of_name.map(|change| change.at).max()
    };
    let (replaced, put_in_use) = (last(&|change| &change.from), last(&|change| &change.to));
    replaced.is_some() && replaced >= put_in_use
}

/// The changes that a new descriptor would silently revert: it has a name that one or several cut-overs replaced by the name in the
/// stored descriptor.
pub fn replaced<'a>(
    stored: &Descriptor,
    new: &Descriptor,
    changes: impl IntoIterator<Item = &'a DescriptorChange>,
) -> Vec<DescriptorChange> {
    let (mut stored, mut new) = (stored.clone(), new.clone());
    let in_force: Vec<&DescriptorChange> = changes.into_iter().filter(|change| change.back_at.is_none()).collect();
    let mut found: Vec<DescriptorChange> = roots::replaced(&stored, &new, &in_force);
    for change in &in_force {
        let (Some(used), Some(named)) = (field_mut(&mut stored, change), field_mut(&mut new, change)) else {
            continue;
        };
        let (mut name, mut last) = (named.clone(), *change);
        for _ in &in_force {
            let next = in_force
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

/// Replaces `from` by `to` in the changed field. Returns whether the field is `to` now.
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
    // The resource may have been renamed in the descriptor since.
    let change = match &change.place {
        DescriptorField::Resource(name) if !descriptor.resources.contains_key(name) => match renamed(descriptor) {
            Some(renamed) => renamed,
            None => return false,
        },
        _ => change.clone(),
    };
    match field_mut(descriptor, &change) {
        Some(field) if field == to => true,
        Some(field) if field == from => {
            to.clone_into(field);
            true
        }
        _ => false,
    }
}

/// The field that a change replaces.
fn field_mut<'a>(descriptor: &'a mut Descriptor, change: &DescriptorChange) -> Option<&'a mut String> {
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
        DescriptorField::HookSecret(name) => {
            let hook = descriptor.hooks.all_mut().find(|hook| hook.name == *name)?;
            hooks::of(&hook.action).secret_mut(&mut hook.action)
        }
        // One of several, found by its value.
        DescriptorField::Root(_) => None,
    }
}

#[cfg(test)]
mod tests;
