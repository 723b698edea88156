//! The descriptor follows a cut-over: what is backed up is what is in use. Recorded name by name, so that exactly that can be
//! taken back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::descriptor::{Count, CutOverAction, Descriptor};
use crate::domain::resource::Target;
use crate::domain::restore::item::{Item, Made};
use crate::domain::restore::switching::{SwitchState, Switched};

/// A name in a descriptor that led to the old resource, and the one that leads to the copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followed {
    /// How the restore calls the resource: `database`, or of a prefix `tables.rooms`.
    pub resource: String,
    #[serde(flatten)]
    pub place: Place,
    /// The field that holds it: `cluster`, `table` or `file_system`.
    pub field: String,
    pub from: String,
    pub to: String,
    /// When it was changed.
    pub at: Timestamp,
    /// When it was changed back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_at: Option<Timestamp>,
}

/// Where in a descriptor a resource is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "in", content = "name", rename_all = "snake_case")]
pub enum Place {
    /// The resource of this name: its cluster, table or file system.
    Resource(String),
    /// The `table` of this probe.
    Probe(String),
    /// The `table` of this switch.
    Switch(String),
}

impl Followed {
    /// Its path in the descriptor's document, such as `resources.database.cluster`.
    pub fn path(&self) -> String {
        let (section, name) = match &self.place {
            Place::Resource(name) => ("resources", name),
            Place::Probe(name) => ("probes", name),
            Place::Switch(name) => ("cut_over", name),
        };
        format!("{section}.{name}.{}", self.field)
    }
}

/// What resources are called once these switches lead to their copies: by resource, and of a prefix by table.
pub fn in_use(switched: &[Switched], items: &[Item]) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for done in switched.iter().filter(|switched| switched.state == SwitchState::Done) {
        let switch = &done.switch;
        let name = switch.item_name();
        let Some(item) = items.iter().find(|item| item.planned.resource.name == name) else {
            continue;
        };
        let renamed = matches!(switch.action, CutOverAction::Rename)
            .then(|| item.planned.resource.target.identifier().to_owned());
        match (renamed, item.made.as_ref().and_then(Made::identifier)) {
            // A rename is the last word: the copy has the old name then.
            (Some(renamed), _) => names.insert(name, renamed),
            (None, Some(made)) => Some(names.entry(name).or_insert_with(|| made.to_owned()).clone()),
            (None, None) => None,
        };
    }
    names
}

/// What has to change in a descriptor for it to name what is in use.
pub fn changes(descriptor: &Descriptor, in_use: &BTreeMap<String, String>, now: Timestamp) -> Vec<Followed> {
    let mut changes = Vec::new();
    let mut change = |resource: &str, place: Place, field: &str, from: &str, to: &str| {
        if from != to {
            changes.push(Followed {
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
    for (name, to) in in_use {
        let whole = descriptor.resources.get(name).map(|protected| &protected.target);
        if let Some(target) = whole {
            change(
                name,
                Place::Resource(name.clone()),
                target.field(),
                target.identifier(),
                to,
            );
        }
        // `<resource>.<table>`, or the one table of a resource.
        let (resource, table) = match (name.split_once('.'), whole) {
            (Some((resource, table)), _) => (resource, table),
            (None, Some(Target::DynamoDb { table })) => (name.as_str(), table.as_str()),
            (None, _) => continue,
        };
        for (probe, found) in &descriptor.probes {
            let counted = matches!(&found.count, Count::Items { table: Some(of) } if of == table);
            if counted && found.resource == resource {
                change(name, Place::Probe(probe.clone()), "table", table, to);
            }
        }
        for switch in &descriptor.cut_over {
            if switch.resource == resource && switch.table.as_deref() == Some(table) {
                change(name, Place::Switch(switch.name.clone()), "table", table, to);
            }
        }
    }
    changes
}

/// Carries changes out, wherever the descriptor has what they begin with. Answers those that could not be: somebody wrote
/// something else there.
pub fn follow(descriptor: &mut Descriptor, changes: &[Followed]) -> Vec<Followed> {
    let all = changes.iter();
    all.filter(|change| !set(descriptor, &change.place, &change.from, &change.to))
        .cloned()
        .collect()
}

/// Takes changes back, the last one first; answers those that could not be.
pub fn take_back(descriptor: &mut Descriptor, changes: &[Followed]) -> Vec<Followed> {
    let all = changes.iter().rev();
    all.filter(|change| !set(descriptor, &change.place, &change.to, &change.from))
        .cloned()
        .collect()
}

/// What a resource was called at a moment that was called `name` at another: the cut-overs between the two, and their ways
/// back, are followed, or gone back through.
pub fn name_at<'a>(
    name: &'a str,
    known_at: Timestamp,
    changes: impl IntoIterator<Item = &'a Followed>,
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

/// The changes that a new descriptor would take back without saying so: it has the name of before where the stored one has that
/// of the copy, which is in use.
pub fn replaced<'a>(
    stored: &Descriptor,
    new: &Descriptor,
    changes: impl IntoIterator<Item = &'a Followed>,
) -> Vec<&'a Followed> {
    let (mut stored, mut new) = (stored.clone(), new.clone());
    let reads = |descriptor: &mut Descriptor, place: &Place, name: &str| {
        held(descriptor, place).is_some_and(|held| held == name)
    };
    changes
        .into_iter()
        .filter(|change| change.back_at.is_none())
        .filter(|change| reads(&mut stored, &change.place, &change.to) && reads(&mut new, &change.place, &change.from))
        .collect()
}

/// Whether the name is there now, put there from `from` or there already.
fn set(descriptor: &mut Descriptor, place: &Place, from: &str, to: &str) -> bool {
    match held(descriptor, place) {
        Some(held) if held == to => true,
        Some(held) if held == from => {
            to.clone_into(held);
            true
        }
        _ => false,
    }
}

/// The name at a place.
fn held<'a>(descriptor: &'a mut Descriptor, place: &Place) -> Option<&'a mut String> {
    match place {
        Place::Resource(name) => {
            let protected = descriptor.resources.get_mut(name)?;
            Some(protected.target.identifier_mut())
        }
        Place::Probe(name) => match &mut descriptor.probes.get_mut(name)?.count {
            Count::Items { table } => table.as_mut(),
            Count::Sql { .. } => None,
        },
        Place::Switch(name) => {
            let mut switches = descriptor.cut_over.iter_mut();
            switches.find(|switch| switch.name == *name)?.table.as_mut()
        }
    }
}

#[cfg(test)]
mod tests;
