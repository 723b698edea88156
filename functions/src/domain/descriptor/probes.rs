//! The `probes` of a descriptor.

use std::collections::BTreeMap;

use serde_json::Value;

use super::reader::{Faults, Object, bare, named_entries, shown};
use super::resources::Read;
use super::{Count, DEFAULT_PROBE_TIMEOUT_SECONDS, Probe, formats, sql};
use crate::domain::nearest::nearest;
use crate::domain::resource::Target;

/// All probes travel in the state of one execution, which holds 256 KiB.
const MOST_PROBES: usize = 50;
const RULE: &str = "a mapping from the names of at most 50 probes to what they count";
/// One second and five minutes.
const TIMEOUT: (u64, u64) = (1, 300);

pub fn read(faults: &mut Faults, document: &Object<'_>, resources: &BTreeMap<String, Read>) -> BTreeMap<String, Probe> {
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

fn probe(faults: &mut Faults, object: &Object<'_>, resources: &BTreeMap<String, Read>) -> Option<Probe> {
    let name = object.get("resource").and_then(Value::as_str).unwrap_or("");
    let resource = resources.get(name);
    match resource.map(|resource| resource.kind) {
        Some(Some("aurora")) => {
            object.only(faults, &["resource", "sql", "secret", "database", "timeout"]);
            let sql = object.text(faults, "sql", &sql::STATEMENT);
            let secret = object.text(faults, "secret", &formats::SECRET);
            let database = object.text(faults, "database", &formats::DATABASE);
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
        Some(Some("dynamodb")) => {
            object.only(faults, &["resource", "table"]);
            let target = resource
                .and_then(|resource| resource.protected.as_ref())
                .map(|protected| &protected.target);
            let table = table(faults, object, target)?;
            Some(Probe {
                resource: name.to_owned(),
                count: Count::Items { table },
            })
        }
        // The resource's own kind is at fault, and said so.
        Some(None) => None,
        _ => {
            object.only(faults, &["resource", "sql", "secret", "database", "timeout", "table"]);
            let countable = || {
                let fits = |read: &Read| matches!(read.kind, Some("aurora" | "dynamodb") | None);
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
                "none is here".to_owned()
            } else {
                names.join(", ")
            };
            let found = object.get("resource").map_or("(missing)".to_owned(), shown);
            faults.add(
                object.path("resource"),
                found,
                format!("the name of an aurora or dynamodb resource: {names}{guess}"),
            );
            None
        }
    }
}

/// The table that a probe counts, where the probe has to name it. `None` only where there is a fault.
fn table(faults: &mut Faults, object: &Object<'_>, target: Option<&Target>) -> Option<Option<String>> {
    let given = object.optional_text(faults, "table", &formats::TABLE);
    match (target?, object.get("table"), given) {
        (Target::DynamodbPrefix { prefix }, None, _) => {
            faults.add(
                object.path("table"),
                "(missing)",
                format!("the name of a table that begins with {prefix}"),
            );
            None
        }
        (Target::DynamodbPrefix { prefix }, Some(value), Some(table)) if !table.starts_with(prefix.as_str()) => {
            faults.add(
                object.path("table"),
                shown(value),
                format!("the name of a table that begins with {prefix}"),
            );
            None
        }
        (Target::DynamoDb { table }, Some(value), Some(given)) if *table != given => {
            faults.add(
                object.path("table"),
                shown(value),
                format!("{table}, the resource's own table, or nothing"),
            );
            None
        }
        (_, Some(_), None) => None,
        (_, _, given) => Some(given),
    }
}
