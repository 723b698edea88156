//! A table's key: what every item must have.

use serde::{Deserialize, Serialize};

use super::digest::canonical_key;
use super::value::{Item, Value};

/// The attributes of a table's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySchema {
    /// The partition key, then the sort key if the table has one.
    pub attributes: Vec<KeyAttribute>,
}

/// An attribute of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAttribute {
    pub name: String,
    /// `S`, `N` or `B`.
    #[serde(rename = "type")]
    pub type_name: String,
}

impl KeySchema {
    /// Why DynamoDB would not accept an item because of its key; `None` if it would.
    pub fn fault(&self, item: &Item) -> Option<String> {
        self.attributes
            .iter()
            .find_map(|KeyAttribute { name, type_name }| match item.get(name) {
                None => Some(format!("the key attribute {name:?} is missing")),
                Some(value) if value.type_name() != type_name => Some(format!(
                    "the key attribute {name:?} is of type {}; the table's is {type_name}",
                    value.type_name()
                )),
                Some(Value::S(text)) if text.is_empty() => Some(format!("the key attribute {name:?} is empty")),
                Some(Value::B(bytes)) if bytes.is_empty() => Some(format!("the key attribute {name:?} is empty")),
                Some(_) => None,
            })
    }

    /// The item's key, so that equal keys have equal bytes and no others.
    pub fn of(&self, item: &Item) -> Vec<u8> {
        canonical_key(self.attributes.iter().filter_map(|attribute| item.get(&attribute.name)))
    }

    /// The item's key, for a person: `{"id":{"S":"a"}}`.
    pub fn shown(&self, item: &Item) -> String {
        let key: Item = self
            .attributes
            .iter()
            .filter_map(|attribute| item.get_key_value(&attribute.name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        serde_json::to_string(&key).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::table::plain_json::read_line;

    #[test]
    fn an_item_without_a_usable_key_is_refused_with_its_reason() {
        let attribute = |name: &str, type_name: &str| KeyAttribute {
            name: name.into(),
            type_name: type_name.into(),
        };
        let schema = KeySchema {
            attributes: vec![attribute("id", "S"), attribute("at", "N")],
        };
        for (line, fault) in [
            (r#"{"id":"a","at":1,"x":""}"#, None),
            (r#"{"at":1}"#, Some("\"id\" is missing")),
            (r#"{"id":"","at":1}"#, Some("\"id\" is empty")),
            (r#"{"id":"a","at":"1"}"#, Some("\"at\" is of type S; the table's is N")),
        ] {
            let found = schema.fault(&read_line(line.as_bytes()).unwrap());
            assert_eq!(found.is_some(), fault.is_some(), "{line}");
            assert!(found.unwrap_or_default().contains(fault.unwrap_or_default()), "{line}");
        }
        let key = |line: &str| schema.of(&read_line(line.as_bytes()).unwrap());
        assert_eq!(key(r#"{"id":"a","at":1,"x":1}"#), key(r#"{"at":1.0,"id":"a"}"#));
        assert_ne!(key(r#"{"id":"a","at":1}"#), key(r#"{"id":"a","at":2}"#));
    }
}
