//! Reads a captured configuration, which is JSON under RDS's own attribute names.

use serde_json::Value;

use crate::kinds::part;

/// Whether a tag is the owner's: not AWS's or a run's.
pub fn is_own(key: &str) -> bool {
    !["aws:", "rds:", "holdfast:"]
        .iter()
        .any(|prefix| key.starts_with(prefix))
}

pub fn text(of: &Value, name: &str) -> Option<String> {
    part(of, name).as_str().map(str::to_owned)
}

pub fn number(of: &Value, name: &str) -> Option<i32> {
    part(of, name).as_i64().and_then(|number| i32::try_from(number).ok())
}

/// The texts of a list, in order.
pub fn texts(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten();
    let mut texts: Vec<String> = texts.filter_map(|text| text.as_str().map(str::to_owned)).collect();
    texts.sort_unstable();
    texts
}

/// The elements of a list.
pub fn members<'a>(of: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    part(of, name).as_array().into_iter().flatten()
}
