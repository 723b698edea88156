//! The `resources` of a descriptor.

use std::collections::BTreeMap;

use serde_json::Value;

use super::reader::{Faults, Object, named_entries, shown};
use super::{DEADLINE, Protected, formats};
use crate::domain::mounted::roots::{MOST_ITEMS, normal};
use crate::domain::nearest::nearest;
use crate::domain::resource::Target;

/// What a run carries: Step Functions gives its state 256 KiB.
pub const MOST_RESOURCES: usize = 200;
const RULE: &str = "a mapping from the names of 1 to 200 resources to what they are";
const KINDS: [&str; 5] = ["aurora", "efs", "dynamodb", "secret", "parameters"];
const FIELDS_OF_ANY_KIND: [&str; 10] = [
    "kind",
    "cluster",
    "file_system",
    "vault",
    "role",
    "roots",
    "table",
    "prefix",
    "secret",
    "path",
];

/// A resource as far as it could be read.
pub struct Read {
    pub kind: Option<&'static str>,
    pub protected: Option<Protected>,
}

pub fn read(faults: &mut Faults, document: &Object<'_>) -> BTreeMap<String, Read> {
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
            let unread = Read {
                kind: None,
                protected: None,
            };
            (name.clone(), object.map_or(unread, |object| resource(faults, &object)))
        })
        .collect()
}

fn resource(faults: &mut Faults, object: &Object<'_>) -> Read {
    let kind = kind(faults, object);
    let target = match kind {
        Some("aurora") => {
            object.only(faults, &["kind", "cluster", "deadline", "terraform", "logical_id"]);
            object
                .text(faults, "cluster", &formats::CLUSTER)
                .map(|cluster| Target::Aurora { cluster })
        }
        Some("efs") => {
            object.only(
                faults,
                &[
                    "kind",
                    "file_system",
                    "vault",
                    "role",
                    "roots",
                    "deadline",
                    "terraform",
                    "logical_id",
                ],
            );
            let vault = object.optional_text(faults, "vault", &formats::VAULT);
            let role = object.optional_text(faults, "role", &formats::ROLE);
            let file_system = object.text(faults, "file_system", &formats::FILE_SYSTEM);
            file_system.map(|file_system| Target::Efs {
                file_system,
                vault,
                role,
            })
        }
        Some("dynamodb") => {
            object.only(
                faults,
                &["kind", "table", "prefix", "deadline", "terraform", "logical_id"],
            );
            tables(faults, object)
        }
        Some("secret") => {
            object.only(faults, &["kind", "secret", "deadline"]);
            object
                .text(faults, "secret", &formats::SECRET)
                .map(|secret| Target::Secret { secret })
        }
        Some("parameters") => {
            object.only(faults, &["kind", "path", "deadline"]);
            object
                .text(faults, "path", &formats::PARAMETERS)
                .map(|path| Target::Parameters { path })
        }
        _ => {
            let fields: Vec<&str> = FIELDS_OF_ANY_KIND
                .into_iter()
                .chain(["deadline", "terraform", "logical_id"])
                .collect();
            object.only(faults, &fields);
            None
        }
    };
    let roots = match kind {
        Some("efs") => roots(faults, object),
        _ => Vec::new(),
    };
    let deadline_seconds = object.optional_duration(faults, "deadline", DEADLINE.0, DEADLINE.1);
    let (terraform, logical_id) = addresses(faults, object, kind, target.as_ref());
    Read {
        kind,
        protected: target.map(|target| Protected {
            target,
            roots,
            deadline_seconds,
            terraform,
            logical_id,
        }),
    }
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

/// Where the resource stands in the infrastructure's source. A prefix has no address of its own; its tables have theirs.
fn addresses(
    faults: &mut Faults,
    object: &Object<'_>,
    kind: Option<&str>,
    target: Option<&Target>,
) -> (Option<String>, Option<String>) {
    let terraform = match kind {
        Some("aurora") => &formats::TERRAFORM_CLUSTER,
        Some("efs") => &formats::TERRAFORM_FILE_SYSTEM,
        Some("dynamodb") => &formats::TERRAFORM_TABLE,
        // Not among the fields of a guard, and said so.
        _ => return (None, None),
    };
    if let Some(Target::DynamodbPrefix { .. }) = target {
        for field in ["terraform", "logical_id"] {
            if let Some(value) = object.get(field) {
                faults.add(
                    object.path(field),
                    shown(value),
                    "nothing: a prefix stands for many tables",
                );
            }
        }
        return (None, None);
    }
    (
        object.optional_text(faults, "terraform", terraform),
        object.optional_text(faults, "logical_id", &formats::LOGICAL_ID),
    )
}

fn kind(faults: &mut Faults, object: &Object<'_>) -> Option<&'static str> {
    let value = object.get("kind");
    let text = value.and_then(Value::as_str).unwrap_or("");
    let kind = KINDS.into_iter().find(|kind| *kind == text);
    if kind.is_none() {
        let guess = nearest(text, KINDS)
            .map(|kind| format!("; did you mean {kind}?"))
            .unwrap_or_default();
        let rule = format!("one of the kinds {}{guess}", KINDS.join(", "));
        faults.add(object.path("kind"), value.map_or("(missing)".to_owned(), shown), rule);
    }
    kind
}

/// One table, or all whose names have a prefix.
fn tables(faults: &mut Faults, object: &Object<'_>) -> Option<Target> {
    if object.get("table").is_none() && object.get("prefix").is_none() {
        faults.add(
            object.path("table"),
            "(missing)",
            format!("{}, or else a prefix", formats::TABLE.rule),
        );
    }
    if object.get("table").is_some()
        && let Some(prefix) = object.get("prefix")
    {
        faults.add(object.path("prefix"), shown(prefix), "either table or prefix, not both");
    }
    let prefix = object
        .optional_text(faults, "prefix", &formats::PREFIX)
        .map(|prefix| Target::DynamodbPrefix { prefix });
    let table = object
        .optional_text(faults, "table", &formats::TABLE)
        .map(|table| Target::DynamoDb { table });
    table.or(prefix)
}
