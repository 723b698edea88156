//! What the cut-over of a restore will switch: the descriptor's switches whose resources are restored, in words.

use crate::domain::descriptor::{Descriptor, Switch};
use crate::domain::kinds::{self, is_guard};
use crate::domain::resource::Resource;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan::{CutOverMode, Destination};
use crate::domain::switches;
use crate::error::Fault;
use crate::switches::item_of;

/// Whether a restore cuts over, and what there is to say of it.
#[derive(Debug, PartialEq)]
pub struct CutOverPlan {
    pub mode: CutOverMode,
    /// What is switched.
    pub switches: Vec<Switch>,
    pub words: Vec<String>,
    pub remarks: Vec<String>,
}

/// `asked` is what the request says. Nothing is switched where nothing can be.
pub fn plan_cut_over(descriptor: &Descriptor, asked: Option<CutOverMode>, items: &[RestoreItem]) -> CutOverPlan {
    let (switches, without): (Vec<Switch>, Vec<Switch>) = descriptor.cut_over.iter().cloned().partition(|switch| {
        item_of(switch, items).is_some_and(|item| item.planned.destination != Destination::Nothing)
    });
    let mode = match asked {
        Some(mode) => mode,
        None if switches.is_empty() => CutOverMode::No,
        None => CutOverMode::Yes,
    };
    let mut remarks = Vec::new();
    if mode == CutOverMode::No {
        if asked.is_none() {
            let why = match descriptor.cut_over.is_empty() {
                true => "the descriptor has no cut_over entries",
                false => "no cut_over entry of the descriptor leads to what is restored",
            };
            remarks.push(format!(
                "nothing is switched: {why}. The copies will stand beside what is there"
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
        remarks.push(format!(
            "switch {} stays as it is: {} is not restored",
            switch.name, switch.resource
        ));
    }
    CutOverPlan {
        mode,
        words: switches.iter().map(|switch| words(switch, items)).collect(),
        switches,
        remarks,
    }
}

/// A cut-over that was asked for of which nothing would come.
pub fn without_entries(descriptor: &Descriptor, asked: Option<CutOverMode>, items: &[RestoreItem]) -> Option<Fault> {
    let (word, mode) = match asked {
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

/// Switches to a file system that does not exist yet: no function sees into it, so that nobody can tell where in it the data lies,
/// and it has neither access points nor mount targets.
pub fn to_new_file_systems(switches: &[Switch], items: &[RestoreItem]) -> Vec<Fault> {
    let new = |switch: &&Switch| {
        item_of(switch, items).is_some_and(|item| matches!(item.planned.destination, Destination::FileSystem { .. }))
    };
    let fault = |switch: &Switch| Fault {
        path: format!("cut_over.{}.resource", switch.name),
        value: format!("{}, which is restored into a new file system,", switch.resource),
        allowed: format!(
            "a file system that is there: its data is restored into a directory of it (`into`: {{\"{name}\": \"directory\"}}). If it is \
             gone, restore the rest with `except`: [\"{name}\"], and it alone with `only`: [\"{name}\"] and `cut_over`: \"no\"; then give \
             the new file system mount targets, deploy infra/efs-access.yaml for it, create its access points below the restored \
             directory (aws-backup-restore_...), and lead the service there by hand",
            name = switch.resource
        ),
    };
    switches.iter().filter(new).map(fault).collect()
}

/// The resources of which the application goes on using the live one: those whose copy no switch leads to, and those of the
/// descriptor of which no copy is made.
pub fn live(descriptor: &Descriptor, switches: &[Switch], items: &[RestoreItem]) -> Vec<String> {
    let stateful = items
        .iter()
        .filter(|item| item.planned.destination != Destination::Nothing);
    let copied: Vec<&str> = stateful.map(|item| item.planned.resource.name.as_str()).collect();
    let led = |name: &str| switches.iter().any(|switch| switch.item_name() == name);
    let not_led = copied.iter().filter(|name| !led(name)).map(|name| (*name).to_owned());
    let is_copied = |resource: &Resource| {
        let of_prefix = format!("{}.", resource.name);
        let mut copied = copied.iter();
        copied.any(|name| *name == resource.name || name.starts_with(&of_prefix))
    };
    let not_copied = descriptor.resources().into_iter();
    let not_copied = not_copied.filter(|resource| !is_guard(&resource.target) && !is_copied(resource));
    not_led.chain(not_copied.map(|resource| resource.name)).collect()
}

/// What one switch changes.
fn words(switch: &Switch, items: &[RestoreItem]) -> String {
    let item = item_of(switch, items);
    let copy = item
        .and_then(|item| item.planned.destination.words())
        .unwrap_or_default();
    let kind = item.and_then(|item| kinds::stateful(&item.planned.resource.target));
    switches::of(&switch.action).effect(&switch.action, &copy, kind)
}
