//! Hooks: what quiesces an application around a run, resumes it, and follows a restore. The fields of each kind are in
//! `domain/hooks/`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::hook::{DEFAULT_MAX_QUIESCED_SECONDS, Hook, HookLists, OnHookFailure};
use super::hook_surroundings::HookSurroundings;
use super::reader::{Faults, Object, quoted, shown};
use super::resources::ParsedResource;
use super::{Descriptor, Probe, Switch, formats};
use crate::domain::duration;
use crate::domain::hooks::{self, HookProfile};

/// Default timeout of a hook that ends within its call, in seconds.
pub const DEFAULT_TIMEOUT_SECONDS: u64 = 60;
/// Default timeout of a hook that is polled, in seconds.
pub const DEFAULT_POLLED_TIMEOUT_SECONDS: u64 = 10 * 60;

const LISTS: [&str; 3] = ["quiesce", "resume", "after_restore"];
const MOST_HOOKS: usize = 10;
const MOST_RETRIES: u32 = 5;
/// Hooks that are not polled run within their step's function, which ends after 15 minutes.
const UNPOLLED_TOGETHER_SECONDS: u64 = 14 * 60;
const LONGEST_POLLED_SECONDS: u64 = 12 * 3_600;
/// The shortest and the longest `max_quiesced`, in seconds.
const MAX_QUIESCED: (u64, u64) = (1, 86_400);

/// The hooks of a document: a mapping of lists, or one list of those that quiesce.
pub fn read(faults: &mut Faults, document: &Object<'_>) -> HookLists {
    let mut lists = HookLists::default();
    match document.get("hooks") {
        None => return lists,
        Some(value) if value.is_array() => lists.quiesce = list(faults, "hooks", value),
        Some(value) => {
            let rule = "a list of hooks that quiesce, or a mapping with the fields quiesce, resume, after_restore, max_quiesced";
            let Some(object) = Object::open(faults, "hooks", value, rule) else {
                return lists;
            };
            object.only(faults, &["quiesce", "resume", "after_restore", "max_quiesced"]);
            let [quiesce, resume, after_restore] = LISTS.map(|field| match object.get(field) {
                Some(value) => {
                    if field != "quiesce" {
                        refuse_undo(faults, &object.path(field), value);
                    }
                    list(faults, &object.path(field), value)
                }
                None => Vec::new(),
            });
            let longest = object.optional_duration(faults, "max_quiesced", MAX_QUIESCED.0, MAX_QUIESCED.1);
            lists = HookLists {
                quiesce,
                resume,
                after_restore,
                max_quiesced_seconds: longest.unwrap_or(DEFAULT_MAX_QUIESCED_SECONDS),
            };
        }
    }
    check_together(faults, &lists, &paths(document));
    lists
}

/// Finds where each hook acts that names a resource.
pub fn place(
    faults: &mut Faults,
    document: &Object<'_>,
    lists: &mut HookLists,
    resources: &BTreeMap<String, ParsedResource>,
    (probes, cut_over): (&BTreeMap<String, Probe>, &[Switch]),
) {
    let named = resources.iter().map(|(name, read)| {
        let target = read.protected.as_ref().map(|protected| &protected.target);
        (name.as_str(), target)
    });
    let surroundings = HookSurroundings {
        resources: named.collect(),
        probes,
        cut_over,
    };
    let of_lists = [&mut lists.quiesce, &mut lists.resume, &mut lists.after_restore];
    for (path, hooks) in paths(document).iter().zip(of_lists) {
        for (index, hook) in hooks.iter_mut().enumerate() {
            let kind = hooks::of(&hook.action);
            hook.place = kind.place(faults, &format!("{path}[{index}]"), &hook.action, &surroundings);
        }
    }
    keep_logins_of_hooks(lists);
}

/// The logins of all hooks on a resource keep their access while one of them closes its database.
fn keep_logins_of_hooks(lists: &mut HookLists) {
    let places = lists.all().filter_map(|hook| hook.place.as_ref());
    let logins: Vec<(String, String)> = places
        .map(|place| (place.resource.clone(), place.secret.clone()))
        .collect();
    for place in lists.all_mut().filter_map(|hook| hook.place.as_mut()) {
        let of_resource = logins.iter().filter(|(resource, _)| *resource == place.resource);
        let secrets = of_resource.map(|(_, secret)| secret.clone());
        place.others.extend(secrets.filter(|secret| *secret != place.secret));
        place.others.sort();
        place.others.dedup();
    }
}

impl Descriptor {
    /// Finds again where hooks act, after a resource or a login has changed.
    pub fn place_hooks(&mut self) {
        let named = self.resources.iter();
        let surroundings = HookSurroundings {
            resources: named
                .map(|(name, protected)| (name.as_str(), Some(&protected.target)))
                .collect(),
            probes: &self.probes,
            cut_over: &self.cut_over,
        };
        for hook in self.hooks.all_mut().filter(|hook| hook.place.is_some()) {
            let kind = hooks::of(&hook.action);
            hook.place = kind.place(&mut Faults::default(), "", &hook.action, &surroundings);
        }
        keep_logins_of_hooks(&mut self.hooks);
    }
}

/// The paths of the three lists.
fn paths(document: &Object<'_>) -> [String; 3] {
    match document.get("hooks").is_some_and(Value::is_array) {
        true => ["hooks"; 3].map(str::to_owned),
        false => LISTS.map(|list| format!("hooks.{list}")),
    }
}

/// An undo that is never carried out would mislead.
fn refuse_undo(faults: &mut Faults, path: &str, list: &Value) {
    for (index, entry) in list.as_array().into_iter().flatten().enumerate() {
        if let Some(undo) = entry.get("undo") {
            let rule = "no `undo`, since only hooks of `quiesce` are undone";
            faults.add(format!("{path}[{index}].undo"), shown(undo), rule);
        }
    }
}

fn list(faults: &mut Faults, path: &str, value: &Value) -> Vec<Hook> {
    let Some(entries) = value.as_array() else {
        let rule = "a list of hooks, each with name, kind and what it acts on";
        faults.add(path, shown(value), rule);
        return Vec::new();
    };
    if entries.len() > MOST_HOOKS {
        let found = format!("{} hooks", entries.len());
        faults.add(path, found, format!("at most {MOST_HOOKS} hooks"));
    }
    let read = |(index, entry): (usize, _)| hook(faults, &format!("{path}[{index}]"), entry);
    let hooks: Vec<Hook> = entries.iter().enumerate().filter_map(read).collect();
    let unpolled = hooks.iter().filter(|hook| !hooks::of(&hook.action).is_polled());
    let together: u64 = unpolled.map(|hook| hook.timeout_seconds).sum();
    if together > UNPOLLED_TOGETHER_SECONDS {
        let most = duration::friendly(UNPOLLED_TOGETHER_SECONDS);
        faults.add(
            path,
            format!("timeouts of {} together", duration::friendly(together)),
            format!("timeouts of at most {most} together"),
        );
    }
    hooks
}

/// What only shows when all lists are read. `at` are their paths.
fn check_together(faults: &mut Faults, lists: &HookLists, at: &[String; 3]) {
    let mut names = BTreeSet::new();
    for (list, hooks) in [&lists.quiesce, &lists.resume, &lists.after_restore]
        .into_iter()
        .enumerate()
    {
        for (index, hook) in hooks.iter().enumerate() {
            let path = format!("{}[{index}]", at[list]);
            if !names.insert(&hook.name) {
                faults.add(
                    format!("{path}.name"),
                    quoted(&hook.name),
                    "a name that no other hook has",
                );
            }
            if list > 0
                && let Some(found) = hooks::of(&hook.action).only_quiesces(&hook.action)
            {
                let commands = hooks::ALL.iter().filter(|kind| kind.is_command());
                let commands: Vec<&str> = commands.map(|kind| kind.name()).collect();
                faults.add(
                    format!("{path}.kind"),
                    format!("{found}, which only quiesces and undoes that,"),
                    commands.join(" or "),
                );
            }
            if list == 0 && lists.resume.is_empty() && !hooks::of(&hook.action).has_undo(&hook.action) {
                faults.add(
                    path,
                    format!("{}, whose work has no undo", quoted(&hook.name)),
                    "a hook with `undo`, or a list `resume` with hooks that resume the application",
                );
            }
        }
    }
    if lists.quiesce.is_empty() && !lists.resume.is_empty() {
        let found = "hooks that resume what no hook quiesces";
        faults.add("hooks.resume", found, "a list `quiesce` as well, or no `resume`");
    }
}

fn hook(faults: &mut Faults, path: &str, entry: &Value) -> Option<Hook> {
    let name = entry.get("kind").and_then(Value::as_str);
    let kind = hooks::ALL.iter().find(|kind| Some(kind.name()) == name).copied();
    let fields = fields(kind);
    let rule = format!("a mapping with the fields {}", fields.join(", "));
    let object = Object::open(faults, path, entry, &rule)?;
    object.only(faults, &fields);
    let name = object.text(faults, "name", &formats::NAME);
    if kind.is_none() {
        let found = object.get("kind").map_or("(missing)".to_owned(), shown);
        let kinds: Vec<&str> = hooks::ALL.iter().map(|kind| kind.name()).collect();
        faults.add(object.path("kind"), found, kinds.join(" or "));
    }
    let action = kind.and_then(|kind| kind.read(faults, &object));
    let (usual, longest) = match kind.is_some_and(HookProfile::is_polled) {
        true => (DEFAULT_POLLED_TIMEOUT_SECONDS, LONGEST_POLLED_SECONDS),
        false => (DEFAULT_TIMEOUT_SECONDS, UNPOLLED_TOGETHER_SECONDS),
    };
    let timeout = object.optional_duration(faults, "timeout", 1, longest);
    let retries = object.optional_count(faults, "retries", MOST_RETRIES);
    let on_failure = match object.get("on_failure").map(|value| (value.as_str(), value)) {
        None | Some((Some("stop"), _)) => OnHookFailure::Stop,
        Some((Some("continue"), _)) => OnHookFailure::Continue,
        Some((_, other)) => {
            faults.add(object.path("on_failure"), shown(other), "stop or continue");
            OnHookFailure::Stop
        }
    };
    Some(Hook {
        name: name?,
        action: action?,
        timeout_seconds: timeout.unwrap_or(usual),
        retries: retries.unwrap_or(0),
        on_failure,
        place: None,
    })
}

/// The fields that a hook of this kind may have; if the kind is unknown, those of all kinds.
fn fields(kind: Option<&dyn HookProfile>) -> Vec<&'static str> {
    let mut fields = vec!["name", "kind"];
    for other in hooks::ALL {
        if kind.is_none_or(|kind| kind.name() == other.name()) {
            let new = other.fields().iter().filter(|field| !fields.contains(field));
            fields.extend(new.copied().collect::<Vec<_>>());
        }
    }
    fields.extend(["timeout", "retries", "on_failure"]);
    fields
}
