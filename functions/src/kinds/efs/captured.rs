//! Reads a captured configuration, which is JSON as EFS describes it.

use serde_json::Value;

/// The elements of a captured list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
