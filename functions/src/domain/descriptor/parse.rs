//! From a document to a [`Descriptor`], or to all of its faults.

use std::collections::BTreeMap;

use serde_json::Value;

use super::reader::{Faults, Object, quoted, shown};
use super::{DEFAULT_DEADLINE_SECONDS, DEFAULT_HOOK_TIMEOUT_SECONDS, Descriptor, Hook, HookAction, Keep};
use super::{formats, owner, probes, relations, resources, switches};
use crate::domain::{duration, names};
use crate::error::{Error, Result};

const FIELDS: [&str; 10] = [
    "deployment",
    "enabled",
    "topic",
    "resources",
    "probes",
    "hooks",
    "cut_over",
    "keep",
    "deadline",
    "restore_deadline",
];
const MOST_HOOKS: usize = 10;
/// Hooks run one after the other in one function, which ends after 15 minutes.
const HOOKS_TOGETHER_SECONDS: u64 = 14 * 60;
/// One minute and seven days.
pub const DEADLINE: (u64, u64) = (60, 7 * 86_400);
const MOST_KEPT: u32 = 1000;
const MOST_FAILED_DAYS: u32 = 365;

impl Descriptor {
    /// Reads a whole descriptor.
    ///
    /// # Errors
    /// `InvalidInput` with every fault of the document: where it is, what stands there, what is allowed.
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
    let named = resources::read(faults, &object);
    let mut probes = probes::read(faults, &object, &named);
    let hooks = hooks(faults, &object);
    let mut cut_over = switches::read(faults, &object, &named);
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
        resources,
        probes,
        hooks,
        cut_over,
        restore_deadline_seconds: restore_deadline.unwrap_or(super::DEFAULT_RESTORE_DEADLINE_SECONDS),
        keep,
        deadline_seconds: deadline.unwrap_or(DEFAULT_DEADLINE_SECONDS),
    })
}

/// Opens each entry of the mapping in `field`, and notes names that are none. An entry that is no mapping is `None`.
pub fn named_entries<'a>(
    faults: &mut Faults,
    document: &Object<'a>,
    field: &str,
    rule: &str,
) -> Vec<(&'a String, Option<Object<'a>>)> {
    let Some(value) = document.get(field) else {
        return Vec::new();
    };
    let Some(map) = Object::open(faults, &document.path(field), value, rule) else {
        return Vec::new();
    };
    let mut open = |(name, value): (&'a String, &'a Value)| {
        let path = map.path(name);
        if !names::is_name(name) {
            faults.add(&path, quoted(name), format!("a name of {}", names::NAME_RULE));
        }
        (name, Object::open(faults, &path, value, "a mapping with its fields"))
    };
    map.entries().into_iter().map(&mut open).collect()
}

fn hooks(faults: &mut Faults, document: &Object<'_>) -> Vec<Hook> {
    let Some(value) = document.get("hooks") else {
        return Vec::new();
    };
    let Some(entries) = value.as_array() else {
        faults.add(
            "hooks",
            shown(value),
            "a list of hooks, each with name, kind and function",
        );
        return Vec::new();
    };
    if entries.len() > MOST_HOOKS {
        faults.add(
            "hooks",
            format!("{} hooks", entries.len()),
            format!("at most {MOST_HOOKS} hooks"),
        );
    }
    let hooks: Vec<Hook> = entries
        .iter()
        .enumerate()
        .filter_map(|(index, entry)| hook(faults, index, entry))
        .collect();
    for (index, hook) in hooks.iter().enumerate() {
        if hooks[..index].iter().any(|earlier| earlier.name == hook.name) {
            faults.add(
                format!("hooks[{index}].name"),
                quoted(&hook.name),
                "a name that no other hook has",
            );
        }
    }
    let together: u64 = hooks.iter().map(|hook| hook.timeout_seconds).sum();
    if together > HOOKS_TOGETHER_SECONDS {
        let most = duration::in_words(HOOKS_TOGETHER_SECONDS);
        faults.add(
            "hooks",
            format!("timeouts of {} together", duration::in_words(together)),
            format!("timeouts of at most {most} together"),
        );
    }
    hooks
}

fn hook(faults: &mut Faults, index: usize, entry: &Value) -> Option<Hook> {
    let object = Object::open(
        faults,
        &format!("hooks[{index}]"),
        entry,
        "a mapping with the fields name, kind, function, timeout",
    )?;
    object.only(faults, &["name", "kind", "function", "timeout"]);
    let name = object.text(faults, "name", &formats::NAME);
    if object.get("kind").and_then(Value::as_str) != Some("lambda") {
        faults.add(
            object.path("kind"),
            object.get("kind").map_or("(missing)".to_owned(), shown),
            "lambda",
        );
    }
    let function = object.text(faults, "function", &formats::FUNCTION);
    let timeout = object.optional_duration(faults, "timeout", 1, HOOKS_TOGETHER_SECONDS);
    Some(Hook {
        name: name?,
        action: HookAction::Lambda { function: function? },
        timeout_seconds: timeout.unwrap_or(DEFAULT_HOOK_TIMEOUT_SECONDS),
    })
}

/// Each number that is not given has its default; `0` switches a rule off.
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
