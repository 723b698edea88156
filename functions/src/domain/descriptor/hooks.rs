//! Hooks, which quiesce an application around a run, and the fields of each kind of hook.

use serde::Serialize;
use serde_json::Value;

use super::formats;
use super::reader::{Faults, Object, quoted, shown};
use crate::domain::duration;

/// Default timeout of a hook, in seconds.
pub const DEFAULT_TIMEOUT_SECONDS: u64 = 60;

/// An action around a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hook {
    pub name: String,
    #[serde(flatten)]
    pub action: HookAction,
    #[serde(rename = "timeout", serialize_with = "duration::serialize")]
    pub timeout_seconds: u64,
}

/// What a hook calls, by kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HookAction {
    /// A Lambda function, by name or ARN, with or without a version or alias.
    Lambda { function: String },
}

/// How a kind of hook is written in a descriptor.
struct HookKind {
    name: &'static str,
    /// Its fields, in addition to those that every hook has.
    fields: &'static [&'static str],
    read: fn(&mut Faults, &Object<'_>) -> Option<HookAction>,
}

/// Every kind.
const KINDS: [HookKind; 1] = [HookKind {
    name: "lambda",
    fields: &["function"],
    read: |faults, object| {
        let function = object.text(faults, "function", &formats::FUNCTION)?;
        Some(HookAction::Lambda { function })
    },
}];

const MOST_HOOKS: usize = 10;
/// Hooks run one after the other in one function, which ends after 15 minutes.
const HOOKS_TOGETHER_SECONDS: u64 = 14 * 60;

/// The hooks of a document, in its order.
pub fn read(faults: &mut Faults, document: &Object<'_>) -> Vec<Hook> {
    let Some(value) = document.get("hooks") else {
        return Vec::new();
    };
    let Some(entries) = value.as_array() else {
        faults.add(
            "hooks",
            shown(value),
            "a list of hooks, each with name, kind and what it calls",
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
        let most = duration::friendly(HOOKS_TOGETHER_SECONDS);
        faults.add(
            "hooks",
            format!("timeouts of {} together", duration::friendly(together)),
            format!("timeouts of at most {most} together"),
        );
    }
    hooks
}

fn hook(faults: &mut Faults, index: usize, entry: &Value) -> Option<Hook> {
    let name = entry.get("kind").and_then(Value::as_str);
    let kind = KINDS.iter().find(|kind| Some(kind.name) == name);
    let fields = fields(kind);
    let rule = format!("a mapping with the fields {}", fields.join(", "));
    let object = Object::open(faults, &format!("hooks[{index}]"), entry, &rule)?;
    object.only(faults, &fields);
    let name = object.text(faults, "name", &formats::NAME);
    if kind.is_none() {
        let found = object.get("kind").map_or("(missing)".to_owned(), shown);
        faults.add(object.path("kind"), found, KINDS.map(|kind| kind.name).join(" or "));
    }
    let action = kind.and_then(|kind| (kind.read)(faults, &object));
    let timeout = object.optional_duration(faults, "timeout", 1, HOOKS_TOGETHER_SECONDS);
    Some(Hook {
        name: name?,
        action: action?,
        timeout_seconds: timeout.unwrap_or(DEFAULT_TIMEOUT_SECONDS),
    })
}

/// The fields that a hook of this kind may have; if the kind is unknown, those of all kinds.
fn fields(kind: Option<&HookKind>) -> Vec<&'static str> {
    let own = KINDS
        .iter()
        .filter(|other| kind.is_none_or(|kind| kind.name == other.name));
    let own = own.flat_map(|kind| kind.fields.iter().copied());
    ["name", "kind"].into_iter().chain(own).chain(["timeout"]).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    /// Serde's error lists the variants of the type; each must be in `KINDS`, or a descriptor could not use it.
    #[test]
    fn every_kind_of_hook_can_be_written() {
        let error = serde_json::from_value::<HookAction>(json!({"kind": ""})).unwrap_err();
        let error = error.to_string();
        let (_, kinds) = error.split_once("expected ").unwrap();
        let kinds: Vec<&str> = kinds.split('`').skip(1).step_by(2).collect();
        assert_eq!(kinds, KINDS.map(|kind| kind.name), "{error}");
    }
}
