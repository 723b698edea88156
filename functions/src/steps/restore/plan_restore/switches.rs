//! Plans the cut-over of a restore: the descriptor's switches whose resources are restored, described as text.

use crate::domain::descriptor::{Descriptor, Switch};
use crate::domain::kinds::{self, is_guard};
use crate::domain::resource::Resource;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan::{CutOverMode, Destination};
use crate::domain::restore::switch_order::applied;
use crate::domain::switches;
use crate::error::Fault;
use crate::switches::item_of;

/// Whether a restore cuts over, which switches it applies, and remarks about that.
#[derive(Debug, PartialEq)]
pub struct CutOverPlan {
    pub mode: CutOverMode,
    /// The switches to apply.
    pub switches: Vec<Switch>,
    pub words: Vec<String>,
    pub remarks: Vec<String>,
}

/// `requested` is the request's mode. Without any switch to apply, nothing is switched.
pub fn plan_cut_over(descriptor: &Descriptor, requested: Option<CutOverMode>, items: &[RestoreItem]) -> CutOverPlan {
    let (switches, without) = applied(&descriptor.cut_over, items);
    let mode = match requested {
        Some(mode) => mode,
        None if switches.is_empty() => CutOverMode::No,
        None => CutOverMode::Yes,
    };
    let mut remarks = Vec::new();
    if mode == CutOverMode::No {
        if requested.is_none() {
            let why = match descriptor.cut_over.is_empty() {
                true => "the descriptor has no cut_over entries",
                false => "no cut_over entry of the descriptor leads to what is restored",
            };
            remarks.push(format!(
                "nothing is switched: {why}. The copies will exist alongside the originals"
            ));
        }
        return CutOverPlan {
            mode,
            switches: Vec::new(),
            words: Vec::new(),
            remarks,
        };
    }
    for switch in &without {
        remarks.push(match item_of(switch, items) {
            Some(_) => format!(
                "switch {} stays as it is: no other switch leads to the copy of {}",
                switch.name, switch.resource
            ),
            None => format!(
                "switch {} stays as it is: {} is not restored",
                switch.name, switch.resource
            ),
        });
    }
    CutOverPlan {
        mode,
        words: switches.iter().map(|switch| words(switch, items)).collect(),
        switches,
        remarks,
    }
}

/// The fault of a requested cut-over that has nothing to switch.
pub fn without_entries(
    descriptor: &Descriptor,
    requested: Option<CutOverMode>,
    items: &[RestoreItem],
) -> Option<Fault> {
    let (word, mode) = match requested {
        Some(CutOverMode::Yes) => ("yes", CutOverMode::Yes),
        Some(CutOverMode::Ask) => ("ask", CutOverMode::Ask),
        Some(CutOverMode::No) | None => return None,
    };
    if !plan_cut_over(descriptor, Some(mode), items).switches.is_empty() {
        return None;
    }
    let why = match descriptor.cut_over.is_empty() {
        true => "has no cut_over entries: say there what the application reads, and apply the descriptor again",
        false => "has no cut_over entry that leads to what is restored",
    };
    Some(Fault {
        path: "cut_over".to_owned(),
        value: format!("\"{word}\""),
        allowed: format!("\"no\", since the descriptor of {} {why}", descriptor.deployment),
    })
}

/// Faults for switches that cannot lead to the copy, as it is created.
pub fn obstacles(switches: &[Switch], items: &[RestoreItem]) -> Vec<Fault> {
    let fault = |switch: &Switch| {
        let planned = &item_of(switch, items)?.planned;
        let kind = kinds::stateful(&planned.resource.target)?;
        let obstacle = kind.switch_obstacle(&switch.resource, &planned.destination)?;
        Some(Fault {
            path: format!("cut_over.{}.resource", switch.name),
            value: format!("{}, which {},", switch.resource, obstacle.created),
            allowed: obstacle.needed,
        })
    };
    switches.iter().filter_map(fault).collect()
}

/// The resources whose original the application continues to use: those whose copy no switch concerns, and those of the
/// descriptor that are not restored.
pub fn live(descriptor: &Descriptor, switches: &[Switch], items: &[RestoreItem]) -> Vec<String> {
    let stateful = items
        .iter()
        .filter(|item| item.planned.destination != Destination::Nothing);
    let copied: Vec<&str> = stateful.map(|item| item.planned.resource.name.as_str()).collect();
    let is_switched = |name: &str| {
        let mut own = switches.iter().filter(|switch| !switches::of(&switch.action).follows());
        own.any(|switch| switch.item_name() == name)
    };
    let not_switched = copied
        .iter()
        .filter(|name| !is_switched(name))
        .map(|name| (*name).to_owned());
    let is_copied = |resource: &Resource| {
        let of_prefix = format!("{}.", resource.name);
        let mut copied = copied.iter();
        copied.any(|name| *name == resource.name || name.starts_with(&of_prefix))
    };
    let not_copied = descriptor.resources().into_iter();
    let not_copied = not_copied.filter(|resource| !is_guard(&resource.target) && !is_copied(resource));
    not_switched.chain(not_copied.map(|resource| resource.name)).collect()
}

/// What one switch changes, as text.
fn words(switch: &Switch, items: &[RestoreItem]) -> String {
    let item = item_of(switch, items);
    let copy = item
        .and_then(|item| kinds::destination(&item.planned))
        .map(|destination| destination.words)
        .unwrap_or_default();
    let kind = item.and_then(|item| kinds::stateful(&item.planned.resource.target));
    switches::of(&switch.action).effect(&switch.action, &copy, kind)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::testing::switches::{switch, table};

    /// A restart alone leaves the application where it is.
    #[test]
    fn what_is_only_restarted_stays_live() {
        let descriptor = Descriptor::parse(&json!({
            "deployment": "hubs", "resources": {"rooms": {"kind": "dynamodb", "table": "hubs-rooms"}},
        }));
        let descriptor = descriptor.unwrap();
        let parameter = switch(json!({
            "name": "table", "resource": "rooms", "kind": "parameter", "parameter": "/hubs/rooms", "value": "table",
        }));
        let restart = switch(json!({
            "name": "web", "resource": "rooms", "kind": "ecs_restart", "cluster": "hubs", "service": "web",
        }));
        let live = |switches: &[Switch]| super::live(&descriptor, switches, &[table()]);
        assert_eq!(live(std::slice::from_ref(&restart)), ["rooms"]);
        assert_eq!(live(&[parameter, restart]), Vec::<String>::new());
    }
}
