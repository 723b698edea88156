//! The `cut_over` of a descriptor: what a restore switches, in order.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cut_over::Switch;
use super::facts::all;
use super::reader::{Faults, Object, bare, shown};
use super::resources::ParsedResource;
use super::{formats, switch_relations};
use crate::domain::kinds::{self, Profile, Stateful, any_of};
use crate::domain::nearest::nearest;
use crate::domain::resource::Target;
use crate::domain::switches::{self, SwitchProfile};

/// One function carries out all switches within its 15 minutes; a rename takes minutes, but most of that is waiting for AWS.
const MOST: usize = 30;
pub fn read(faults: &mut Faults, document: &Object<'_>, resources: &BTreeMap<String, ParsedResource>) -> Vec<Switch> {
    let Some(value) = document.get("cut_over") else {
        return Vec::new();
    };
    let Some(entries) = value.as_array() else {
        faults.add(
            "cut_over",
            shown(value),
            "a list of switches, each with name, kind and resource",
        );
        return Vec::new();
    };
    if entries.len() > MOST {
        faults.add(
            "cut_over",
            format!("{} switches", entries.len()),
            format!("at most {MOST} switches"),
        );
    }
    let switches: Vec<(usize, Switch)> = entries
        .iter()
        .enumerate()
        .filter_map(|(index, entry)| Some((index, switch(faults, index, entry, resources)?)))
        .collect();
    switch_relations::check(faults, &switches);
    switches.into_iter().map(|(_, switch)| switch).collect()
}

fn switch(
    faults: &mut Faults,
    index: usize,
    entry: &Value,
    resources: &BTreeMap<String, ParsedResource>,
) -> Option<Switch> {
    let rule = "a mapping with the fields name, kind, resource and those of its kind";
    let object = Object::open(faults, &format!("cut_over[{index}]"), entry, rule)?;
    let name = object.text(faults, "name", &formats::NAME);
    let kind = kind(faults, &object);
    let of = resource(faults, &object, kind, resources);
    let table = table(faults, &object, of.as_ref());
    let login = login(faults, &object, of.as_ref());
    let facts = of.as_ref().map_or_else(all, |of| of.kind.facts().to_vec());
    let action = kind.and_then(|kind| {
        let fields: Vec<&str> = [&["name", "kind", "resource"], kind.fields(), &["login"]].concat();
        object.only(faults, &fields);
        kind.read(faults, &object, of.as_ref().map(|of| of.kind), &facts)
    });
    Some(Switch {
        name: name?,
        resource: of?.name,
        table: table?,
        login: login?,
        action: action?,
    })
}

fn kind(faults: &mut Faults, object: &Object<'_>) -> Option<&'static dyn SwitchProfile> {
    let value = object.get("kind");
    let text = value.and_then(Value::as_str).unwrap_or("");
    let kind = switches::ALL.iter().find(|kind| kind.name() == text);
    if kind.is_none() {
        let names: Vec<&str> = switches::ALL.iter().map(|kind| kind.name()).collect();
        let guess = nearest(text, names.iter().copied())
            .map(|kind| format!("; did you mean {kind}?"))
            .unwrap_or_default();
        let rule = format!("one of the kinds {}{guess}", names.join(", "));
        faults.add(object.path("kind"), value.map_or("(missing)".to_owned(), shown), rule);
    }
    kind.copied()
}

/// The resource whose copy a switch switches to.
struct SwitchedResource<'a> {
    name: String,
    kind: &'static dyn Stateful,
    target: Option<&'a Target>,
}

/// `None` only if there is a fault, in this switch or in the resource itself.
fn resource<'a>(
    faults: &mut Faults,
    object: &Object<'_>,
    kind: Option<&dyn SwitchProfile>,
    resources: &'a BTreeMap<String, ParsedResource>,
) -> Option<SwitchedResource<'a>> {
    let fits = |of: &dyn Profile| {
        of.stateful()
            .is_some_and(|of| kind.is_none_or(|kind| of.switches().contains(&kind.name())))
    };
    let name = object.get("resource").and_then(Value::as_str).unwrap_or("");
    let found = resources.get(name);
    let kind = match found.map(|read| read.kind) {
        // The resource's own kind is already reported as a fault.
        Some(None) => return None,
        Some(Some(of)) if fits(of) => of.stateful()?,
        _ => {
            let candidates = || {
                let fits = |read: &ParsedResource| read.kind.is_none_or(fits);
                resources
                    .iter()
                    .filter(move |(_, read)| fits(read))
                    .map(|(name, _)| name.as_str())
            };
            let guess = nearest(name, candidates())
                .map(|name| format!("; did you mean {}?", bare(name)))
                .unwrap_or_default();
            let listed: Vec<String> = candidates().map(bare).take(20).collect();
            let listed = match listed.is_empty() {
                true => "there is none".to_owned(),
                false => listed.join(", "),
            };
            let kinds = any_of(&kinds::names(fits));
            faults.add(
                object.path("resource"),
                object.get("resource").map_or("(missing)".to_owned(), shown),
                format!("the name of a resource of kind {kinds}: {listed}{guess}"),
            );
            return None;
        }
    };
    Some(SwitchedResource {
        name: name.to_owned(),
        kind,
        target: found
            .and_then(|read| read.protected.as_ref())
            .map(|protected| &protected.target),
    })
}

/// The table of a pattern; `Some(None)` if the resource is not a pattern. `None` only if there is a fault.
fn table(faults: &mut Faults, object: &Object<'_>, of: Option<&SwitchedResource<'_>>) -> Option<Option<String>> {
    let of = of?;
    of.kind.member(faults, object, of.target?)
}

/// The secret with which the application logs in to a cluster; `Some(None)` where none is named. `None` only where there is a
/// fault.
fn login(faults: &mut Faults, object: &Object<'_>, of: Option<&SwitchedResource<'_>>) -> Option<Option<String>> {
    let Some(given) = object.get("login") else {
        return Some(None);
    };
    if !of?.kind.has_logins() {
        let given = if given.is_string() {
            "(a secret)".to_owned()
        } else {
            shown(given)
        };
        faults.add(
            object.path("login"),
            given,
            "no login: nothing logs in to a resource of this kind",
        );
        return None;
    }
    object.optional_text(faults, "login", &formats::SECRET).map(Some)
}
