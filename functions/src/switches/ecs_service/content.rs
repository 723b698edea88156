//! Compares the content of two task definitions.

use serde_json::{Map, Value};

/// Attributes that ECS adds to a definition or sets itself.
const ITS_OWN: &[&str] = &[
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
];

/// Whether two definitions run the same: the same family with the same content, whatever their revision numbers.
pub fn is_alike(one: &Value, other: &Value) -> bool {
    let content = |of: &Value| -> Value {
        let members = of.as_object().into_iter().flatten();
        let theirs = members.filter(|(name, _)| !ITS_OWN.contains(&name.as_str()));
        let theirs: Map<String, Value> = theirs.map(|(name, value)| (name.clone(), value.clone())).collect();
        theirs.into()
    };
    let (one, other) = (content(one), content(other));
    kept(&one, &other) && kept(&other, &one)
}

/// The attributes of `before` that a revision lacks or has changed, except `part`.
pub fn differing<'a>(before: &'a Value, after: &Value, part: &str) -> Vec<&'a str> {
    let attributes = before.as_object().into_iter().flatten();
    attributes
        .filter(|(name, value)| {
            !ITS_OWN.contains(&name.as_str()) && *name != part && !kept(value, &after[name.as_str()])
        })
        .map(|(name, _)| name.as_str())
        .collect()
}

/// Whether `after` has everything in `before`; ECS may add defaults.
pub fn kept(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), _) => before.iter().all(|(name, value)| kept(value, &after[name.as_str()])),
        (Value::Array(before), Value::Array(after)) => {
            let (before, after) = (ordered(before), ordered(after));
            before.len() == after.len() && before.iter().zip(after).all(|(before, after)| kept(before, after))
        }
        (Value::Array(before), Value::Null) => before.is_empty(),
        (Value::String(before), Value::Null) => before.is_empty(),
        (before, after) => before == after,
    }
}

/// A list in a fixed order: ECS keeps none, for example of the environment and the secrets of a container.
fn ordered(list: &[Value]) -> Vec<&Value> {
    let key = |one: &Value| {
        let named =
            ["name", "containerPath", "containerPort", "sourceContainer", "key"].map(|member| one[member].to_string());
        (
            named,
            if one.is_object() {
                String::new()
            } else {
                one.to_string()
            },
        )
    };
    let mut ordered: Vec<&Value> = list.iter().collect();
    ordered.sort_by_cached_key(|one| key(one));
    ordered
}
