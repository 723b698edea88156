//! From a document to a [`Descriptor`], or to all of its faults.

use std::collections::BTreeMap;

use serde_json::Value;

use super::reader::{Faults, Object};
use super::{DEADLINE, DEFAULT_DEADLINE_SECONDS, Descriptor, Keep};
use super::{covers, formats, hooks, owner, probes, relations, resources, restore_parameters, switches};
use crate::error::{Error, Result};

const FIELDS: [&str; 12] = [
    "deployment",
    "enabled",
    "topic",
    "covers",
    "resources",
    "probes",
    "hooks",
    "cut_over",
    "stack",
    "keep",
    "deadline",
    "restore_deadline",
];
const MOST_KEPT: u32 = 1000;
const MOST_FAILED_DAYS: u32 = 365;

impl Descriptor {
    /// Reads a whole descriptor.
    ///
    /// # Errors
    /// `InvalidInput` with every fault of the document: its path, the value found, and what is allowed.
    pub fn parse(document: &Value) -> Result<Descriptor> {
        let mut faults = Faults::default();
        let descriptor = read(&mut faults, document);
        let faults = faults.finish();
        match descriptor {
            Some(descriptor) if faults.is_empty() => Ok(descriptor),
            _ => Err(Error::InvalidInput(faults)),
        }
    }
}

fn read(faults: &mut Faults, document: &Value) -> Option<Descriptor> {
    let rule = format!("a mapping with the fields {}", FIELDS.join(", "));
    let object = Object::open(faults, "", document, &rule)?;
    object.only(faults, &FIELDS);
    let deployment = object.text(faults, "deployment", &formats::NAME);
    let enabled = object.optional_bool(faults, "enabled").unwrap_or(true);
    let topic = object.optional_text(faults, "topic", &formats::TOPIC);
    let covers = covers::read(faults, &object);
    let named = resources::read(faults, &object);
    let mut probes = probes::read(faults, &object, &named);
    let mut hooks = hooks::read(faults, &object);
    let mut cut_over = switches::read(faults, &object, &named);
    hooks::place(faults, &object, &mut hooks, &named, (&probes, &cut_over));
    let stack = restore_parameters::read(faults, &object, &named);
    let keep = keep(faults, &object);
    let deadline = object.optional_duration(faults, "deadline", DEADLINE.0, DEADLINE.1);
    let restore_deadline = object.optional_duration(faults, "restore_deadline", DEADLINE.0, DEADLINE.1);
    let resources: BTreeMap<_, _> = named
        .into_iter()
        .filter_map(|(name, resource)| Some((name, resource.protected?)))
        .collect();
    relations::check(faults, &resources);
    probes
        .values_mut()
        .for_each(|probe| owner::resolve_probe(&resources, probe));
    cut_over
        .iter_mut()
        .for_each(|switch| owner::resolve_switch(&resources, switch));
    Some(Descriptor {
        deployment: deployment?,
        enabled,
        topic,
        covers,
        resources,
        probes,
        hooks,
        cut_over,
        stack,
        restore_deadline_seconds: restore_deadline.unwrap_or(super::DEFAULT_RESTORE_DEADLINE_SECONDS),
        keep,
        deadline_seconds: deadline.unwrap_or(DEFAULT_DEADLINE_SECONDS),
    })
}

/// Each missing number has its default; `0` turns a rule off.
fn keep(faults: &mut Faults, document: &Object<'_>) -> Keep {
    let default = Keep::default();
    let Some(value) = document.get("keep") else {
        return default;
    };
    let rule = "a mapping with the fields last, daily, weekly, monthly, failed_days";
    let Some(object) = Object::open(faults, "keep", value, rule) else {
        return default;
    };
    object.only(faults, &["last", "daily", "weekly", "monthly", "failed_days"]);
    let mut count =
        |field: &str, most: u32, default: u32| object.optional_count(faults, field, most).unwrap_or(default);
    let keep = Keep {
        last: count("last", MOST_KEPT, default.last),
        daily: count("daily", MOST_KEPT, default.daily),
        weekly: count("weekly", MOST_KEPT, default.weekly),
        monthly: count("monthly", MOST_KEPT, default.monthly),
        failed_days: count("failed_days", MOST_FAILED_DAYS, default.failed_days),
    };
    if [keep.last, keep.daily, keep.weekly, keep.monthly] == [0; 4] {
        faults.add(
            "keep",
            "0 for last, daily, weekly and monthly",
            "at least one of last, daily, weekly and monthly above 0",
        );
    }
    keep
}
