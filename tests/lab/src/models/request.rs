//! The members of a request by their names in the model, whether from JSON, a form, a path or a query.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::check::{Violation, ViolationKind};
use super::shape::{Model, Part, Shape};
use crate::service::{Call, Protocol};

/// The members of a call's input.
///
/// # Errors
/// If its body is not a JSON object, or a form has a name that is not in the model.
pub fn read(call: &Call, model: &Model, input: &Shape) -> Result<Map<String, Value>, Violation> {
    match call.protocol {
        Protocol::Query => Ok(form(call, model, input)),
        Protocol::Json => Ok(named(model, input, body(call)?)),
        Protocol::RestJson | Protocol::RestXml => rest(call, model, input),
    }
}

fn body(call: &Call) -> Result<Map<String, Value>, Violation> {
    match call.json() {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(unreadable("the body is not a JSON object")),
        Err(error) => Err(unreadable(&error.to_string())),
    }
}

fn unreadable(why: &str) -> Violation {
    Violation {
        at: String::new(),
        value: None,
        what: ViolationKind::Unreadable(why.to_owned()),
    }
}

/// Members of JSON by the model's names instead of the request's, recursively.
fn named(model: &Model, shape: &Shape, members: Map<String, Value>) -> Map<String, Value> {
    let renames = |shape: &Shape| shape.members.iter().any(|(name, part)| *name != part.wire);
    if !renames(shape)
        && !shape
            .members
            .values()
            .any(|part| model.shape(&part.shape).is_some_and(is_deep))
    {
        return members;
    }
    let named_so = |wire: &str| shape.members.iter().find(|(_, part)| part.wire == wire);
    let each = members.into_iter().map(|(wire, value)| match named_so(&wire) {
        Some((name, part)) => (name.clone(), below(model, part, value)),
        None => (wire, value),
    });
    each.collect()
}

fn below(model: &Model, part: &Part, value: Value) -> Value {
    let Some(shape) = model.shape(&part.shape) else {
        return value;
    };
    match (value, &shape.member, &shape.value) {
        (Value::Object(entries), _, Some(part)) => {
            let each = entries.into_iter().map(|(key, value)| (key, below(model, part, value)));
            Value::Object(each.collect())
        }
        (Value::Object(members), ..) if !shape.document => Value::Object(named(model, shape, members)),
        (Value::Array(items), Some(part), _) => items.into_iter().map(|item| below(model, part, item)).collect(),
        (value, ..) => value,
    }
}

fn is_deep(shape: &Shape) -> bool {
    matches!(shape.kind.as_str(), "structure" | "list" | "map")
}

/// The members of a REST call: labels of its path, its query, and the body.
fn rest(call: &Call, model: &Model, input: &Shape) -> Result<Map<String, Value>, Violation> {
    let labels = call.labels();
    let query = call.query_pairs();
    let mut members = match &input.payload {
        // Bytes, such as a function's event, are not parsed.
        Some(_) => Map::new(),
        None if call.protocol == Protocol::RestXml => Map::new(),
        None => named(model, input, body(call)?),
    };
    for (name, part) in &input.members {
        let shape = model.shape(&part.shape);
        match (part.location.as_deref(), shape) {
            (Some("uri"), Some(shape)) => {
                let label = labels.get(&part.wire);
                members.extend(label.map(|text| (name.clone(), typed(shape, text))));
            }
            (Some("querystring"), Some(shape)) => {
                let texts = query.iter().filter(|(key, _)| *key == part.wire).map(|(_, text)| text);
                let member = shape.member.as_ref().and_then(|part| model.shape(&part.shape));
                let values: Vec<Value> = texts.map(|text| typed(member.unwrap_or(shape), text)).collect();
                if member.is_some() && !values.is_empty() {
                    members.insert(name.clone(), Value::Array(values));
                } else if let Some(value) = values.into_iter().next() {
                    members.insert(name.clone(), value);
                }
            }
            (Some("header" | "headers"), _) => {
                // The lab's clients set headers themselves; they are not validated.
                let given = call.headers.get(&part.wire).and_then(|value| value.to_str().ok());
                members.extend(given.zip(shape).map(|(text, shape)| (name.clone(), typed(shape, text))));
            }
            _ => {}
        }
    }
    Ok(members)
}

/// The members in a form: `Tags.Tag.1.Key=…`.
fn form(call: &Call, model: &Model, input: &Shape) -> Map<String, Value> {
    let mut root = Node::default();
    let mut fields = call.form();
    for name in ["Action", "Version"] {
        fields.remove(name);
    }
    fields.retain(|name, _| !name.starts_with("X-Amz-"));
    for (path, text) in fields {
        let mut node = &mut root;
        for step in path.split('.') {
            node = node.below.entry(step.to_owned()).or_default();
        }
        node.text = Some(text);
    }
    root.members(model, input)
}

/// A form's fields as a tree, by the paths in their names.
#[derive(Default)]
struct Node {
    text: Option<String>,
    below: BTreeMap<String, Node>,
}

impl Node {
    fn members(&self, model: &Model, shape: &Shape) -> Map<String, Value> {
        let named_so = |wire: &str| shape.members.iter().find(|(_, part)| part.wire == wire);
        let each = self.below.iter().map(|(wire, node)| match named_so(wire) {
            Some((name, part)) => (name.clone(), node.value(model, part)),
            None => (wire.clone(), Value::String(node.text.clone().unwrap_or_default())),
        });
        each.collect()
    }

    fn value(&self, model: &Model, part: &Part) -> Value {
        let Some(shape) = model.shape(&part.shape) else {
            return Value::Null;
        };
        match (shape.kind.as_str(), &shape.member, &shape.key, &shape.value) {
            // An empty list or structure is only its name.
            ("structure", ..) => Value::Object(self.members(model, shape)),
            ("list", Some(member), ..) => self.items().into_iter().map(|item| item.value(model, member)).collect(),
            ("map", _, Some(key), Some(value)) => {
                let entries = self.items().into_iter().filter_map(|entry| {
                    let name = entry.below.get(&key.wire)?.text.clone()?;
                    Some((name, entry.below.get(&value.wire)?.value(model, value)))
                });
                Value::Object(entries.collect())
            }
            _ => self.text.as_ref().map_or(Value::Null, |text| typed(shape, text)),
        }
    }

    /// A list's members by number, with any member name: `Ids.member.1`, `Ids.DBId.1` and `Ids.1` are the first.
    fn items(&self) -> Vec<&Node> {
        let numbered = |node: &Node| node.below.keys().any(|key| key.parse::<u32>().is_ok());
        let holder = match self.below.values().find(|node| numbered(node)) {
            Some(holder) if !numbered(self) => holder,
            _ => self,
        };
        let numbers = holder
            .below
            .iter()
            .filter_map(|(key, node)| Some((key.parse::<u32>().ok()?, node)));
        numbers.collect::<BTreeMap<u32, &Node>>().into_values().collect()
    }
}

/// A text of a form, a path or a query as its shape's type; unchanged if it isn't of that type.
fn typed(shape: &Shape, text: &str) -> Value {
    let read = match shape.kind.as_str() {
        "integer" | "long" => text.parse::<i64>().ok().map(Value::from),
        "float" | "double" => text.parse::<f64>().ok().map(Value::from),
        "boolean" => text.to_ascii_lowercase().parse::<bool>().ok().map(Value::from),
        _ => None,
    };
    read.unwrap_or_else(|| Value::String(text.to_owned()))
}
