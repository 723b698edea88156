//! A secret's value: a JSON object of which some keys are replaced and all others are kept. Nothing here shows a value.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::descriptor::{Fact, Switch};
use crate::error::{Error, Fault, Result};
use crate::switches::switch::fault;

/// The largest integer that a floating-point number represents exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The value with these facts in place of its keys' values, each in the JSON type of the present value: a port number that is
/// stored as text stays text. `None` if it already has them.
///
/// # Errors
/// `InvalidInput`, with all faults.
pub fn replaced(switch: &Switch, text: &str, facts: &[(&str, Value)]) -> Result<Option<String>> {
    let mut object = object(switch, text).map_err(|fault| Error::InvalidInput(vec![fault]))?;
    let (mut faults, mut changed) = (Vec::new(), false);
    for (key, fact) in facts {
        match object.get_mut(*key).ok_or(MISSING).and_then(|held| {
            let fitting = like(held, fact)?;
            Ok((held, fitting))
        }) {
            Ok((held, fitting)) => {
                changed |= *held != fitting;
                *held = fitting;
            }
            Err((value, allowed)) => faults.push(fault(switch, &format!("values.{key}"), value, allowed)),
        }
    }
    if !faults.is_empty() {
        return Err(Error::InvalidInput(faults));
    }
    Ok(changed.then(|| Value::Object(object).to_string()))
}

/// What would prevent replacing these keys.
pub fn faults(switch: &Switch, text: &str, values: &BTreeMap<String, Fact>) -> Vec<Fault> {
    // Any fact of the right type is an example.
    let example = |fact: &Fact| match fact {
        Fact::Port => Value::from(5432),
        _ => Value::from("text"),
    };
    let facts: Vec<(&str, Value)> = values.iter().map(|(key, fact)| (key.as_str(), example(fact))).collect();
    match replaced(switch, text, &facts) {
        Err(Error::InvalidInput(faults)) => faults,
        _ => Vec::new(),
    }
}

/// The value of a key, a number as its digits; `None` if it is neither text nor number.
pub fn text_of(text: &str, key: &str) -> Option<String> {
    let document: Value = serde_json::from_str(text).ok()?;
    match document.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn object(switch: &Switch, text: &str) -> Result<Map<String, Value>, Fault> {
    let wrong = |value, allowed| fault(switch, "secret", value, allowed);
    let Ok(Value::Object(object)) = serde_json::from_str(text) else {
        return Err(wrong(
            "a value that is no JSON object",
            "a secret whose value is a JSON object, to switch keys of it",
        ));
    };
    if !object.values().all(is_exact) {
        return Err(wrong(
            "a value that holds a number of too many digits",
            "numbers that JSON readers keep exactly: write this one as a text",
        ));
    }
    Ok(object)
}

/// Whether a value can be written again without losing a digit.
fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_u64() || number.is_i64() || number.as_f64().is_some_and(|f| f.abs() < EXACT),
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(members) => members.values().all(is_exact),
        _ => true,
    }
}

/// What was found, and what is allowed.
type DocumentFault = (&'static str, &'static str);

const MISSING: DocumentFault = (
    "a key that the secret does not have",
    "a key that the application reads from the secret",
);

/// A fact in the JSON type of the present value.
fn like(held: &Value, fact: &Value) -> Result<Value, DocumentFault> {
    match (held, fact) {
        (Value::String(_), Value::String(_)) | (Value::Number(_), Value::Number(_)) => Ok(fact.clone()),
        (Value::String(_), Value::Number(number)) => Ok(number.to_string().into()),
        (Value::Number(_), _) => Err(("a key that holds a number", "a key that holds a text, for this fact")),
        _ => Err((
            "a key that holds neither text nor number",
            "a key that holds a text or a number",
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::testing::switches::secret_switch;

    const TEXT: &str = r#"{"username":"hubs","password":"p\u00e4ss ","port":5432,"host":"old","nested":{"a":[1,2.5]},"id":18446744073709551615}"#;

    fn read(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn only_the_named_keys_change_and_keep_their_type() {
        let facts = [("host", json!("new")), ("port", json!(5433))];
        let after = replaced(&secret_switch(), TEXT, &facts).unwrap().unwrap();
        let mut wanted = read(TEXT);
        wanted["host"] = json!("new");
        wanted["port"] = json!(5433);
        assert_eq!(read(&after), wanted);
        let text = TEXT.replace("5432", "\"5432\"");
        let after = replaced(&secret_switch(), &text, &facts).unwrap().unwrap();
        assert_eq!(read(&after)["port"], json!("5433"));
    }

    #[test]
    fn a_secret_that_holds_the_facts_is_left_alone() {
        let facts = [("host", json!("old")), ("port", json!(5432))];
        assert_eq!(replaced(&secret_switch(), TEXT, &facts).unwrap(), None);
    }

    #[test]
    fn what_cannot_be_switched_is_said_without_a_value() {
        let facts = |key: &'static str| [(key, json!("new-host"))];
        for (text, key, word) in [
            ("no json s3cret", "host", "no JSON object"),
            (r#"["s3cret"]"#, "host", "no JSON object"),
            (r#"{"host":"s3cret"}"#, "hots", "does not have"),
            (r#"{"host":17}"#, "host", "holds a number"),
            (r#"{"host":null}"#, "host", "neither"),
            (
                r#"{"host":"s3cret","n":123456789012345678901234}"#,
                "host",
                "too many digits",
            ),
        ] {
            let error = replaced(&secret_switch(), text, &facts(key)).unwrap_err();
            assert_eq!(error.name(), "InvalidInput");
            assert!(error.to_string().contains(word), "{error}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
