//! A request to Application Auto Scaling, and a page of its response.

use serde_json::{Value, json};

use crate::rest::without_nulls;

/// Namespace, resource and dimension: the key of a target, and with a name, of a policy.
pub type Key = (String, String, String);

/// An error's code and message.
pub type Refused = (&'static str, String);

pub fn key(request: &Value) -> Result<Key, Refused> {
    let [namespace, resource, dimension] =
        ["ServiceNamespace", "ResourceId", "ScalableDimension"].map(|name| text(request, name));
    Ok((namespace?, resource?, dimension?))
}

pub fn text(request: &Value, name: &str) -> Result<String, Refused> {
    let found = request[name]
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned);
    found.ok_or_else(|| invalid(format!("{name} is missing")))
}

/// Whether an optional member of the request has the same value in `item`.
pub fn same(request: &Value, item: &Value, name: &str) -> bool {
    request[name].is_null() || request[name] == item[name]
}

pub fn page(request: &Value, list: &str, items: &[&Value]) -> Value {
    let from = request["NextToken"]
        .as_str()
        .and_then(|token| token.parse().ok())
        .unwrap_or(0);
    let size = request["MaxResults"]
        .as_u64()
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or(50)
        .max(1);
    let page: Vec<&&Value> = items.iter().skip(from).take(size).collect();
    let next = (items.len() > from + size).then(|| (from + size).to_string());
    without_nulls(json!({ list: page, "NextToken": next }))
}

pub fn invalid(message: impl Into<String>) -> Refused {
    ("ValidationException", message.into())
}

pub fn no_target(key: &Key) -> Refused {
    let message = format!(
        "No scalable target registered for namespace: {}, resource ID: {}, scalable dimension: {}",
        key.0, key.1, key.2
    );
    ("ObjectNotFoundException", message)
}
