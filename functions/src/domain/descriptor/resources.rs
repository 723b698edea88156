//! The `resources` of a descriptor.

use std::collections::BTreeMap;

use serde_json::Value;

use super::reader::{Faults, Object, named_entries, shown};
use super::{DEADLINE, PITR, ProtectedResource, formats};
use crate::domain::efs_access::roots::{MOST_ITEMS, normal};
use crate::domain::kinds::{self, Profile};
use crate::domain::nearest::nearest;
use crate::domain::resource::Target;

/// All resources are in the state of a run, which Step Functions limits to 256 KiB.
pub const MOST_RESOURCES: usize = 200;
const RULE: &str = "a mapping of 1 to 200 resources by name";
/// Fields with the address of a resource in the infrastructure's source.
const ADDRESSES: [&str; 2] = ["terraform", "logical_id"];

/// A resource as far as it could be read.
pub struct ParsedResource {
    pub kind: Option<&'static dyn Profile>,
    pub protected: Option<ProtectedResource>,
}

pub fn read(faults: &mut Faults, document: &Object<'_>) -> BTreeMap<String, ParsedResource> {
    match document.get("resources") {
        None => faults.add("resources", "(missing)", RULE),
        Some(Value::Object(map)) if map.is_empty() => faults.add("resources", "{}", RULE),
        Some(Value::Object(map)) if map.len() > MOST_RESOURCES => {
            faults.add("resources", format!("{} resources", map.len()), RULE);
        }
        _ => {}
    }
    named_entries(faults, document, "resources", RULE)
        .into_iter()
        .map(|(name, object)| {
            let unread = ParsedResource {
                kind: None,
                protected: None,
            };
            (name.clone(), object.map_or(unread, |object| resource(faults, &object)))
        })
        .collect()
}

fn resource(faults: &mut Faults, object: &Object<'_>) -> ParsedResource {
    let kind = kind(faults, object);
    object.only(faults, &fields(kind));
    let target = kind.and_then(|kind| kind.read(faults, object));
    let roots = match kind {
        Some(kind) if kind.fields().contains(&"roots") => roots(faults, object),
        _ => Vec::new(),
    };
    let protect = match kind {
        Some(kind) if kind.fields().contains(&"protect") => protect(faults, object),
        _ => false,
    };
    let deadline_seconds = object.optional_duration(faults, "deadline", DEADLINE.0, DEADLINE.1);
    let (terraform, logical_id) = addresses(faults, object, kind, target.as_ref());
    ParsedResource {
        kind,
        protected: target.map(|target| ProtectedResource {
            target,
            roots,
            protect,
            deadline_seconds,
            terraform,
            logical_id,
        }),
    }
}

/// Whether the safeguards that are off are turned on.
fn protect(faults: &mut Faults, object: &Object<'_>) -> bool {
    let Some(value) = object.get("protect") else {
        return false;
    };
    let wanted = value == PITR;
    if !wanted {
        let rule = format!(
            "{PITR}, with which each backup turns on point-in-time recovery and deletion protection; without the field, it \
             changes neither"
        );
        faults.add(object.path("protect"), shown(value), rule);
    }
    wanted
}

/// Directories of a file system that are in use.
fn roots(faults: &mut Faults, object: &Object<'_>) -> Vec<String> {
    let Some(value) = object.get("roots") else {
        return Vec::new();
    };
    let rule = format!("a list of 1 to {MOST_ITEMS} different directories of the file system, such as [/storage]");
    let listed = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if !(1..=MOST_ITEMS).contains(&listed.len()) {
        faults.add(object.path("roots"), shown(value), rule);
        return Vec::new();
    }
    let mut roots: Vec<String> = Vec::new();
    for (index, value) in listed.iter().enumerate() {
        let path = format!("{}[{index}]", object.path("roots"));
        match value.as_str().filter(|text| (formats::DIRECTORY.accepts)(text)) {
            None => faults.add(path, shown(value), formats::DIRECTORY.rule),
            Some(root) => match normal(root) {
                root if roots.contains(&root) => {
                    faults.add(path, shown(value), "a directory that is not in the list yet")
                }
                root => roots.push(root),
            },
        }
    }
    roots
}

/// The fields that a resource of this kind may have; if the kind is unknown, those of all kinds.
fn fields(kind: Option<&'static dyn Profile>) -> Vec<&'static str> {
    let own: Vec<&str> = match kind {
        Some(kind) => kind.fields().to_vec(),
        None => kinds::ALL.iter().flat_map(|kind| kind.fields()).copied().collect(),
    };
    let has_address = kind.is_none_or(|kind| kind.stateful().is_some());
    let addresses = ADDRESSES.into_iter().filter(|_| has_address);
    ["kind"]
        .into_iter()
        .chain(own)
        .chain(["deadline"])
        .chain(addresses)
        .collect()
}

/// The addresses of the resource in the infrastructure's source. A pattern has none: only the resources that it finds do.
fn addresses(
    faults: &mut Faults,
    object: &Object<'_>,
    kind: Option<&dyn Profile>,
    target: Option<&Target>,
) -> (Option<String>, Option<String>) {
    // A guard does not have these fields, which is already reported as a fault.
    let Some(stateful) = kind.and_then(Profile::stateful) else {
        return (None, None);
    };
    if let Some(target) = target.filter(|target| stateful.is_pattern(target)) {
        for field in ADDRESSES {
            if let Some(value) = object.get(field) {
                let rule = format!("nothing: a {} matches many resources", target.field());
                faults.add(object.path(field), shown(value), rule);
            }
        }
        return (None, None);
    }
    let (_, address) = stateful.terraform();
    (
        object.optional_text(faults, "terraform", address),
        object.optional_text(faults, "logical_id", &formats::LOGICAL_ID),
    )
}

fn kind(faults: &mut Faults, object: &Object<'_>) -> Option<&'static dyn Profile> {
    let value = object.get("kind");
    let text = value.and_then(Value::as_str).unwrap_or("");
    let kind = kinds::ALL.iter().find(|kind| kind.name() == text);
    if kind.is_none() {
        let names = kinds::names(|_| true);
        let guess = nearest(text, names.iter().copied())
            .map(|kind| format!("; did you mean {kind}?"))
            .unwrap_or_default();
        let rule = format!("one of the kinds {}{guess}", names.join(", "));
        faults.add(object.path("kind"), value.map_or("(missing)".to_owned(), shown), rule);
    }
    kind.copied()
}
