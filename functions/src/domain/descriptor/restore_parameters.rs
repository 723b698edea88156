//! Reads the `stack` of a descriptor, with what fills its restore parameters.

use std::collections::BTreeMap;

use serde_json::Value;

use super::formats;
use super::reader::{Faults, Object, bare, quoted, shown};
use super::resources::ParsedResource;
use super::stack::{DeploymentStack, RestoreParameter, StackValue};
use crate::domain::kinds::{self, Profile, any_of};
use crate::domain::nearest::nearest;

/// A template has at most as many parameters (CloudFormation User Guide, "CloudFormation quotas").
const MOST: usize = 200;
const RULE: &str = "a mapping of at most 200 parameters of the stack by name, each with value and resource";

pub fn read(
    faults: &mut Faults,
    document: &Object<'_>,
    resources: &BTreeMap<String, ParsedResource>,
) -> Option<DeploymentStack> {
    let value = document.get("stack")?;
    let rule = "a mapping with the fields name, restore_parameters";
    let object = Object::open(faults, "stack", value, rule)?;
    object.only(faults, &["name", "restore_parameters"]);
    let name = object.text(faults, "name", &formats::STACK);
    let restore_parameters = object
        .get("restore_parameters")
        .map(|value| parameters(faults, &object.path("restore_parameters"), value, resources))
        .unwrap_or_default();
    Some(DeploymentStack {
        name: name?,
        restore_parameters,
    })
}

fn parameters(
    faults: &mut Faults,
    path: &str,
    value: &Value,
    resources: &BTreeMap<String, ParsedResource>,
) -> BTreeMap<String, RestoreParameter> {
    let Some(map) = Object::open(faults, path, value, RULE) else {
        return BTreeMap::new();
    };
    let entries = map.entries();
    if entries.len() > MOST {
        faults.add(path, format!("{} parameters", entries.len()), RULE);
    }
    let mut read = BTreeMap::new();
    for (name, value) in entries {
        let path = map.path(name);
        if !(formats::LOGICAL_ID.accepts)(name) {
            faults.add(
                &path,
                quoted(name),
                "the name of a parameter: 1 to 255 letters and digits",
            );
        }
        let rule = "a mapping with the fields resource, value";
        let object = Object::open(faults, &path, value, rule);
        if let Some(parameter) = object.and_then(|object| parameter(faults, &object, resources)) {
            read.insert(name.clone(), parameter);
        }
    }
    read
}

fn parameter(
    faults: &mut Faults,
    object: &Object<'_>,
    resources: &BTreeMap<String, ParsedResource>,
) -> Option<RestoreParameter> {
    object.only(faults, &["resource", "value"]);
    let given = object.get("value");
    let value = StackValue::ALL
        .into_iter()
        .find(|value| given == Some(&Value::from(value.name())));
    let Some(value) = value else {
        let names = StackValue::ALL.map(StackValue::name).join(", ");
        let found = given.map_or("(missing)".to_owned(), shown);
        faults.add(object.path("value"), found, format!("one of {names}"));
        return None;
    };
    if value == StackValue::Stack {
        if let Some(resource) = object.get("resource") {
            let allowed = "no resource: the value is the name of the old stack";
            faults.add(object.path("resource"), shown(resource), allowed);
        }
        return Some(RestoreParameter { resource: None, value });
    }
    let resource = resource(faults, object, value, resources)?;
    Some(RestoreParameter {
        resource: Some(resource),
        value,
    })
}

/// A resource that has the value, and is no pattern: that has many recovery points.
fn resource(
    faults: &mut Faults,
    object: &Object<'_>,
    value: StackValue,
    resources: &BTreeMap<String, ParsedResource>,
) -> Option<String> {
    let name = object.get("resource").and_then(Value::as_str).unwrap_or("");
    let has = |kind: &dyn Profile| kind.stack_values().contains(&value);
    match resources.get(name) {
        // Its kind is already reported as a fault.
        Some(ParsedResource { kind: None, .. }) => return None,
        Some(ParsedResource { kind: Some(kind), .. }) if has(*kind) => return Some(name.to_owned()),
        _ => {}
    }
    let fitting = || {
        let fits = move |read: &ParsedResource| read.kind.is_none_or(has);
        resources
            .iter()
            .filter(move |(_, read)| fits(read))
            .map(|(name, _)| name.as_str())
    };
    let guess = nearest(name, fitting())
        .map(|name| format!("; did you mean {}?", bare(name)))
        .unwrap_or_default();
    let names: Vec<String> = fitting().map(bare).take(20).collect();
    let names = if names.is_empty() {
        "there is none".to_owned()
    } else {
        names.join(", ")
    };
    let found = object.get("resource").map_or("(missing)".to_owned(), shown);
    let allowed = format!(
        "the name of a resource with {}, of kind {}: {names}{guess}",
        value.name(),
        any_of(&kinds::names(has))
    );
    faults.add(object.path("resource"), found, allowed);
    None
}
