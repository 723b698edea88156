//! Rules between the switches of a descriptor.

use super::cut_over::{Fact, Switch, SwitchAction};
use super::reader::{Faults, bare, quoted};
use crate::domain::switches;

/// Notes names given twice, things switched twice, and names of a cluster that are written before a rename changes them.
/// Each switch comes with its index in the document.
pub fn check(faults: &mut Faults, all: &[(usize, Switch)]) {
    for (at, (index, switch)) in all.iter().enumerate() {
        let (earlier, later) = (&all[..at], &all[at + 1..]);
        let path = |field: &str| format!("cut_over[{index}].{field}");
        if earlier.iter().any(|(_, other)| other.name == switch.name) {
            faults.add(path("name"), quoted(&switch.name), "a name that no other switch has");
        }
        for (_, other) in earlier {
            let same_resource = other.resource == switch.resource;
            let conflict = switches::of(&switch.action).conflict(&switch.action, &other.action, same_resource);
            if let Some((field, twice)) = conflict {
                let rule = format!("something that no other switch changes; {} changes it", other.name);
                faults.add(path(field), twice, rule);
            }
        }
        let is_followed =
            |other: &Switch| other.item_name() == switch.item_name() && !switches::of(&other.action).follows();
        if switches::of(&switch.action).follows() && !earlier.iter().any(|(_, other)| is_followed(other)) {
            let rule = format!(
                "a place after a switch of {} that writes something: this one only makes the application read what those wrote",
                bare(&switch.item_name())
            );
            faults.add(format!("cut_over[{index}]"), quoted(&switch.name), rule);
        }
        let is_renamed =
            |(_, other): &&(usize, Switch)| other.resource == switch.resource && other.action == SwitchAction::Rename;
        if let (Some((_, rename)), Some(field)) = (earlier.iter().find(is_renamed), reads_old_secret(&switch.action)) {
            let rule = format!(
                "another fact: once {} has renamed the copy, RDS no longer shows the master secret that the old cluster had, which the \
                 undo needs. Write it with a switch of kind secret or parameter, from which the script reads it",
                rename.name
            );
            faults.add(path(field), bare("master_secret"), rule);
        }
        let rename = later
            .iter()
            .find(|(_, other)| other.resource == switch.resource && other.action == SwitchAction::Rename);
        if let Some((_, rename)) = rename.filter(|_| names_the_cluster(&switch.action)) {
            let rule = format!(
                "a place after {}: renaming {} gives the copy the endpoints of the old name",
                rename.name, switch.resource
            );
            faults.add(format!("cut_over[{index}]"), quoted(&switch.name), rule);
        }
    }
}

/// The field of a switch that reads the old cluster's master secret to write it again at an undo.
fn reads_old_secret(action: &SwitchAction) -> Option<&'static str> {
    let kind = switches::of(action);
    (kind.follows() && kind.values(action).contains(&Fact::MasterSecret)).then_some("values")
}

fn names_the_cluster(action: &SwitchAction) -> bool {
    let values = switches::of(action).values(action);
    values
        .iter()
        .any(|fact| matches!(fact, Fact::Host | Fact::ReaderHost | Fact::Cluster))
}
