//! Wrong inputs, each with exactly its faults, as files to be read from top to bottom.
//!
//! A case consists of changes to a valid input, one per line, and then each resulting fault, after `> `. An empty line separates
//! cases; a line after `#` is a heading.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use crate::domain::descriptor::Descriptor;
use crate::error::Result;

/// Holds if every case of a file is refused with its faults and no others; otherwise shows the cases as they should be.
#[track_caller]
pub fn check<T>(file: &str, right: &Value, parse: impl Fn(&Value) -> Result<T>) {
    assert!(parse(right).is_ok(), "{right} is what the cases change");
    let cases: Vec<Case<'_>> = file.split("\n\n").filter_map(Case::of).collect();
    assert!(!cases.is_empty(), "no case");
    let differing: Vec<String> = cases.iter().filter_map(|case| case.differing(right, &parse)).collect();
    assert!(differing.is_empty(), "these differ:\n\n{}", differing.join("\n\n"));
}

/// As [`check`], for the resources of one kind: the file's first case is a mapping of resources by name, and is right. A cluster
/// `main` is added, since a deployment has at least one resource that is restored.
#[track_caller]
pub fn check_resources(file: &str) {
    let (resources, cases) = right_resources(file);
    let mut document = json!({"deployment": "hubs-prod", "resources": resources});
    document["resources"]["main"] = json!({"kind": "aurora", "cluster": "main"});
    check(cases, &document, Descriptor::parse);
}

/// The resources that the file of a kind begins with, and its cases.
pub fn right_resources(file: &str) -> (Value, &str) {
    let mut lines = file.lines();
    let right = lines.find(|line| !line.is_empty() && !line.starts_with('#')).unwrap();
    (serde_json::from_str(right).unwrap(), file.split_once(right).unwrap().1)
}

struct Case<'a> {
    changes: Vec<&'a str>,
    faults: Vec<&'a str>,
}

impl<'a> Case<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let (faults, changes): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with("> "));
        (!changes.is_empty()).then_some(Self { changes, faults })
    }

    /// The case as it should be, if it differs.
    fn differing<T>(&self, right: &Value, parse: impl Fn(&Value) -> Result<T>) -> Option<String> {
        let mut input = right.clone();
        for line in &self.changes {
            change(&mut input, line);
        }
        let error = parse(&input).err().map(|error| error.to_string()).unwrap_or_default();
        let faults: Vec<String> = error.lines().map(|fault| format!("> {fault}")).collect();
        (faults.is_empty() || faults != self.faults).then(|| [self.changes.join("\n"), faults.join("\n")].join("\n"))
    }
}

/// `/json/pointer = value` sets a value, at the end of a list under `+`; `/json/pointer -` removes it; `/ = value` is the whole
/// input.
fn change(input: &mut Value, line: &str) {
    if let Some(pointer) = line.strip_suffix(" -") {
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        let parent = input.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
        parent.remove(field).unwrap();
        return;
    }
    let (pointer, value) = line
        .split_once(" = ")
        .unwrap_or_else(|| panic!("{line:?} is no change"));
    let value = serde_json::from_str(value).unwrap_or_else(|error| panic!("{line:?}: {error}"));
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    match input.pointer_mut(parent).unwrap() {
        whole if pointer == "/" => *whole = value,
        Value::Array(list) if field == "+" => list.push(value),
        Value::Array(list) => list[field.parse::<usize>().unwrap()] = value,
        map => map[field] = value,
    }
}

mod tests {
    use serde_json::json;

    use super::check;
    use crate::domain::request::Request;

    #[test]
    #[should_panic(expected = "/dry_run = true\n> dry_run: true is not allowed")]
    fn a_case_that_is_told_something_else_is_shown_as_it_should_be() {
        let cases = "# Fields\n\n/dry_run = true\n> dry_run: no";
        check(cases, &json!({"deployment": "hubs"}), Request::parse);
    }
}
