//! The `probes` of a descriptor.

use std::collections::BTreeMap;

use serde_json::Value;

use super::reader::{Faults, Object, bare, named_entries, shown};
use super::resources::ParsedResource;
use super::{Count, DEFAULT_PROBE_TIMEOUT_SECONDS, Probe, ProtectedResource, formats, sql};
use crate::domain::kinds::{self, Counting, Profile, Stateful, any_of};
use crate::domain::nearest::nearest;

/// All probes are in the state of one execution, which is limited to 256 KiB.
const MOST_PROBES: usize = 50;
const RULE: &str = "a mapping of at most 50 probes by name";
/// From one second to five minutes.
const TIMEOUT: (u64, u64) = (1, 300);

pub fn read(
    faults: &mut Faults,
    document: &Object<'_>,
    resources: &BTreeMap<String, ParsedResource>,
) -> BTreeMap<String, Probe> {
    if let Some(Value::Object(map)) = document.get("probes")
        && map.len() > MOST_PROBES
    {
        faults.add("probes", format!("{} probes", map.len()), RULE);
    }
    named_entries(faults, document, "probes", RULE)
        .into_iter()
        .filter_map(|(name, object)| Some((name.clone(), probe(faults, &object?, resources)?)))
        .collect()
}

fn probe(faults: &mut Faults, object: &Object<'_>, resources: &BTreeMap<String, ParsedResource>) -> Option<Probe> {
    let name = object.get("resource").and_then(Value::as_str).unwrap_or("");
    let resource = resources.get(name);
    let kind = resource.and_then(|resource| resource.kind);
    match kind.and_then(Profile::stateful).and_then(Stateful::counting) {
        Some(Counting::Rows) => {
            object.only(faults, &["resource", "sql", "secret", "database", "timeout"]);
            let sql = object.text(faults, "sql", &sql::STATEMENT);
            let protected = resource.and_then(|resource| resource.protected.as_ref());
            let (secret, database) = match own_login(kind, protected) {
                Some((secret, database)) => (
                    own(faults, object, "secret", secret),
                    own(faults, object, "database", database),
                ),
                None => (
                    object.text(faults, "secret", &formats::SECRET),
                    object.text(faults, "database", &formats::DATABASE),
                ),
            };
            let timeout = object.optional_duration(faults, "timeout", TIMEOUT.0, TIMEOUT.1);
            let timeout_seconds = timeout.unwrap_or(DEFAULT_PROBE_TIMEOUT_SECONDS);
            let count = Count::Sql {
                sql: sql?,
                secret: secret?,
                database: database?,
                timeout_seconds,
            };
            Some(Probe {
                resource: name.to_owned(),
                count,
            })
        }
        Some(Counting::Items) => {
            object.only(faults, &["resource", "table"]);
            let protected = resource.and_then(|resource| resource.protected.as_ref());
            let Some(target) = protected.map(|protected| &protected.target) else {
                // Which table the resource means is not known; whether it can be one is.
                object.optional_text(faults, "table", &formats::TABLE);
                return None;
            };
            let table = kind?.stateful()?.member(faults, object, target)?;
            Some(Probe {
                resource: name.to_owned(),
                count: Count::Items { table },
            })
        }
        // The resource's own kind is already reported as a fault.
        None if resource.is_some_and(|resource| resource.kind.is_none()) => None,
        None => {
            object.only(faults, &["resource", "sql", "secret", "database", "timeout", "table"]);
            let counts = |kind: &dyn Profile| kind.stateful().and_then(Stateful::counting).is_some();
            let countable = || {
                let fits = move |read: &ParsedResource| read.kind.is_none_or(counts);
                resources
                    .iter()
                    .filter(move |(_, read)| fits(read))
                    .map(|(name, _)| name.as_str())
            };
            let guess = nearest(name, countable())
                .map(|name| format!("; did you mean {}?", bare(name)))
                .unwrap_or_default();
            let names = countable().map(bare).take(20).collect::<Vec<_>>();
            let names = if names.is_empty() {
                "there is none".to_owned()
            } else {
                names.join(", ")
            };
            let found = object.get("resource").map_or("(missing)".to_owned(), shown);
            faults.add(
                object.path("resource"),
                found,
                format!(
                    "the name of a resource of kind {}: {names}{guess}",
                    any_of(&kinds::names(counts))
                ),
            );
            None
        }
    }
}

/// The login secret and the name of a resource that is itself a database.
fn own_login<'a>(
    kind: Option<&'static dyn Profile>,
    protected: Option<&'a ProtectedResource>,
) -> Option<(&'a str, &'a str)> {
    kind?.stateful()?.own_login(&protected?.target)
}

/// A field that only repeats what the resource says: it may be left out.
fn own(faults: &mut Faults, object: &Object<'_>, field: &str, value: &str) -> Option<String> {
    match object.get(field) {
        None => Some(value.to_owned()),
        Some(given) if given.as_str() == Some(value) => Some(value.to_owned()),
        Some(given) => {
            let given = match field {
                "secret" => "(another)".to_owned(),
                _ => shown(given),
            };
            faults.add(
                object.path(field),
                given,
                format!("the resource's own {field}, or nothing"),
            );
            None
        }
    }
}
