//! Readers for fields of a restore request: lists of resources, mappings by resource, and words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::domain::descriptor::formats;
use crate::domain::descriptor::reader::{Faults, Object, TextFormat, quoted, shown};
use crate::domain::nearest::nearest;

const MOST_NAMES: usize = 200;
const RESOURCE: TextFormat = TextFormat {
    rule: "the name of a resource such as database, or of a table of a prefix such as tables.hubs-rooms",
    accepts: formats::is_resource,
    hidden: false,
};

pub fn list(faults: &mut Faults, object: &Object<'_>, field: &str) -> Vec<String> {
    let Some(value) = object.get(field) else {
        return Vec::new();
    };
    let Some(entries) = value.as_array().filter(|list| (1..=MOST_NAMES).contains(&list.len())) else {
        let rule = format!("a list of 1 to {MOST_NAMES} resources such as [\"database\"]");
        faults.add(field, shown(value), rule);
        return Vec::new();
    };
    let mut seen = BTreeSet::new();
    let mut names = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("{field}[{index}]");
        match entry.as_str().filter(|text| (RESOURCE.accepts)(text)) {
            None => faults.add(path, shown(entry), RESOURCE.rule),
            Some(name) if !seen.insert(name) => faults.add(path, quoted(name), "each resource once"),
            Some(name) => names.push(name.to_owned()),
        }
    }
    names
}

pub fn by_resource<T>(
    faults: &mut Faults,
    object: &Object<'_>,
    field: &str,
    read: impl Fn(&mut Faults, String, &Value) -> Option<T>,
) -> BTreeMap<String, T> {
    let Some(value) = object.get(field) else {
        return BTreeMap::new();
    };
    let Some(map) = Object::open(faults, field, value, "a mapping by resource name") else {
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    for (name, value) in map.entries() {
        let path = map.path(name);
        if !(RESOURCE.accepts)(name) {
            faults.add(&path, quoted(name), RESOURCE.rule);
        }
        if let Some(value) = read(faults, path, value) {
            found.insert(name.clone(), value);
        }
    }
    found
}

pub fn texts_by_resource(
    faults: &mut Faults,
    object: &Object<'_>,
    field: &str,
    format: &TextFormat,
) -> BTreeMap<String, String> {
    by_resource(faults, object, field, |faults, path, value| {
        let text = value.as_str().filter(|text| (format.accepts)(text)).map(str::to_owned);
        if text.is_none() {
            faults.add(path, shown(value), format.rule);
        }
        text
    })
}

pub fn word<T: Copy>(faults: &mut Faults, object: &Object<'_>, field: &str, words: &[(&str, T)]) -> Option<T> {
    one_of(faults, object.path(field), object.get(field)?, words)
}

pub fn one_of<T: Copy>(faults: &mut Faults, path: String, value: &Value, words: &[(&str, T)]) -> Option<T> {
    let text = value.as_str().unwrap_or("");
    let found = words.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let guess = nearest(text, words.iter().map(|(word, _)| *word))
            .map(|word| format!("; did you mean {word}?"))
            .unwrap_or_default();
        let words: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        faults.add(path, shown(value), format!("one of {}{guess}", words.join(", ")));
    }
    found.map(|(_, value)| *value)
}
