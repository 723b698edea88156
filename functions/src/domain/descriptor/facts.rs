//! The facts of a restored copy, by their names in a descriptor.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cut_over::Fact;
use super::reader::{Faults, Object, TextFormat, quoted, shown};
use crate::domain::kinds::{self, Stateful};
use crate::domain::nearest::nearest;

/// The facts of all kinds.
pub fn all() -> Vec<(&'static str, Fact)> {
    let facts = kinds::ALL.iter().filter_map(|kind| kind.stateful());
    facts.flat_map(Stateful::facts).copied().collect()
}

/// The keys of a secret, and what each of them holds.
pub fn values(
    faults: &mut Faults,
    object: &Object<'_>,
    facts: &[(&'static str, Fact)],
    known: bool,
) -> Option<BTreeMap<String, Fact>> {
    let path = object.path("values");
    let rule = format!("a mapping from keys of the secret's JSON to facts: {}", list(facts));
    let Some(value) = object.get("values") else {
        let cluster = facts.iter().any(|(_, fact)| *fact == Fact::Host);
        return match (known, cluster) {
            (false, _) => None,
            (true, true) => Some(BTreeMap::from([
                ("host".to_owned(), Fact::Host),
                ("port".to_owned(), Fact::Port),
            ])),
            (true, false) => {
                faults.add(path, "(missing)", rule);
                None
            }
        };
    };
    let map = Object::open(faults, &path, value, &rule)?;
    if map.entries().is_empty() {
        faults.add(path, "{}", rule);
    }
    let mut values = BTreeMap::new();
    for (key, value) in map.entries() {
        if !(KEY.accepts)(key) {
            faults.add(map.path(key), quoted(key), KEY.rule);
        }
        if let Some(fact) = fact(faults, map.path(key), value, facts) {
            values.insert(key.clone(), fact);
        }
    }
    Some(values)
}

const KEY: TextFormat = TextFormat {
    rule: "a key of 1 to 255 characters, without control characters",
    accepts: |text| (1..=255).contains(&text.chars().count()) && !text.chars().any(char::is_control),
    hidden: false,
};

pub fn fact(faults: &mut Faults, path: String, value: &Value, facts: &[(&'static str, Fact)]) -> Option<Fact> {
    let text = value.as_str().unwrap_or("");
    let found = facts.iter().find(|(name, _)| *name == text);
    if found.is_none() {
        let guess = nearest(text, facts.iter().map(|(name, _)| *name))
            .map(|name| format!("; did you mean {name}?"))
            .unwrap_or_default();
        // Someone may have written the value itself, and it may be secret.
        let known = value
            .as_str()
            .filter(|text| all().iter().any(|(name, _)| name == text) || text.is_empty());
        let found = match (known, value) {
            (Some(text), _) => quoted(text),
            (None, Value::String(text)) => format!("(text of {} characters, not shown)", text.chars().count()),
            (None, Value::Number(_)) => "(number, not shown)".to_owned(),
            (None, other) => shown(other),
        };
        faults.add(path, found, format!("one of {}{guess}", list(facts)));
    }
    found.map(|(_, fact)| *fact)
}

fn list(facts: &[(&str, Fact)]) -> String {
    facts.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}
