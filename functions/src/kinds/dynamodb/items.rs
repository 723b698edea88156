//! Items as canonical text, which is always the same for the same item: DynamoDB's JSON with sorted keys and sorted sets, and
//! numbers unchanged.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::base64;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An item by attribute name, as in the SDK.
pub type Item = HashMap<String, AttributeValue>;

/// SHA-256 of an item's canonical JSON, in hexadecimal digits; `None` for an attribute type that the SDK does not know.
pub fn sha256(item: &Item) -> Option<String> {
    let text = canonical(item)?.to_string();
    let digits = Sha256::digest(text.as_bytes());
    Some(digits.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The attributes of `names` in DynamoDB's JSON; `None` if the item lacks one.
pub fn key_of(item: &Item, names: &[String]) -> Option<Value> {
    let attributes = names.iter().map(|name| Some((name.clone(), item.get(name)?.clone())));
    canonical(&attributes.collect::<Option<Item>>()?)
}

/// Parses a key that [`key_of`] wrote: strings, numbers and binaries, which are all that a key can contain.
pub fn key_from(key: &Value) -> Option<Item> {
    let read = |(name, value): (&String, &Value)| {
        let (kind, text) = value.as_object()?.iter().next()?;
        let text = text.as_str()?.to_owned();
        let value = match kind.as_str() {
            "S" => AttributeValue::S(text),
            "N" => AttributeValue::N(text),
            "B" => AttributeValue::B(Blob::new(base64::decode(text).ok()?)),
            _ => return None,
        };
        Some((name.clone(), value))
    };
    key.as_object()?.iter().map(read).collect()
}

fn canonical(item: &Item) -> Option<Value> {
    let sorted: BTreeMap<&String, &AttributeValue> = item.iter().collect();
    let members = sorted
        .into_iter()
        .map(|(name, value)| Some((name.clone(), attribute(value)?)));
    members.collect::<Option<serde_json::Map<_, _>>>().map(Value::from)
}

fn attribute(value: &AttributeValue) -> Option<Value> {
    Some(match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::B(bytes) => json!({ "B": base64::encode(bytes) }),
        AttributeValue::Bool(truth) => json!({ "BOOL": truth }),
        AttributeValue::Null(null) => json!({ "NULL": *null }),
        AttributeValue::L(list) => json!({ "L": list.iter().map(attribute).collect::<Option<Vec<_>>>()? }),
        AttributeValue::M(map) => json!({ "M": canonical(map)? }),
        AttributeValue::Ss(set) => json!({ "SS": sorted(set.clone()) }),
        AttributeValue::Ns(set) => json!({ "NS": sorted(set.clone()) }),
        AttributeValue::Bs(set) => json!({ "BS": sorted(set.iter().map(base64::encode).collect()) }),
        _ => return None,
    })
}

/// A set is unordered.
fn sorted(mut set: Vec<String>) -> Vec<String> {
    set.sort();
    set
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn blob(bytes: &[u8]) -> Blob {
        Blob::new(bytes)
    }

    /// One attribute of each type.
    fn whole() -> Item {
        let inner = Item::from([
            ("z".to_owned(), AttributeValue::S("last".into())),
            ("a".to_owned(), AttributeValue::N("1.50".into())),
        ]);
        [
            ("text", AttributeValue::S("é\"\n".into())),
            ("number", AttributeValue::N("42".into())),
            ("binary", AttributeValue::B(blob(&[0, 255]))),
            ("truth", AttributeValue::Bool(true)),
            ("null", AttributeValue::Null(true)),
            (
                "list",
                AttributeValue::L(vec![AttributeValue::N("2".into()), AttributeValue::N("1".into())]),
            ),
            ("map", AttributeValue::M(inner)),
            ("texts", AttributeValue::Ss(texts(&["b", "a"]))),
            ("numbers", AttributeValue::Ns(texts(&["10", "9"]))),
            ("binaries", AttributeValue::Bs(vec![blob(&[2]), blob(&[1])])),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    #[test]
    fn every_type_has_one_text_with_sorted_keys_and_sorted_sets() {
        assert_eq!(
            canonical(&whole()).unwrap().to_string(),
            r#"{"binaries":{"BS":["AQ==","Ag=="]},"binary":{"B":"AP8="},"list":{"L":[{"N":"2"},{"N":"1"}]},"map":{"M":{"a":{"N":"1.50"},"z":{"S":"last"}}},"null":{"NULL":true},"number":{"N":"42"},"numbers":{"NS":["10","9"]},"text":{"S":"é\"\n"},"texts":{"SS":["a","b"]},"truth":{"BOOL":true}}"#
        );
        // printf '{"id":{"S":"a"}}' | sha256sum
        let small = Item::from([("id".to_owned(), AttributeValue::S("a".into()))]);
        assert_eq!(
            sha256(&small).unwrap(),
            "749b5c1af783257792b1d09113f0f74675b8152acbb10024a848f8029f898d87"
        );
    }

    #[test]
    fn a_change_of_any_attribute_is_seen_and_another_order_of_a_set_is_not() {
        let before = sha256(&whole()).unwrap();
        let with = |name: &str, value: AttributeValue| {
            let mut item = whole();
            item.insert(name.to_owned(), value);
            sha256(&item).unwrap()
        };
        assert_eq!(with("texts", AttributeValue::Ss(texts(&["a", "b"]))), before);
        assert_eq!(
            with("binaries", AttributeValue::Bs(vec![blob(&[1]), blob(&[2])])),
            before
        );
        for (name, value) in [
            ("text", AttributeValue::S("e".into())),
            ("number", AttributeValue::N("42.0".into())),
            ("number", AttributeValue::S("42".into())),
            ("binary", AttributeValue::B(blob(&[0]))),
            ("truth", AttributeValue::Bool(false)),
            ("null", AttributeValue::Bool(true)),
            (
                "list",
                AttributeValue::L(vec![AttributeValue::N("1".into()), AttributeValue::N("2".into())]),
            ),
            ("map", AttributeValue::M(Item::new())),
            ("texts", AttributeValue::L(Vec::new())),
            ("numbers", AttributeValue::Ns(texts(&["10"]))),
            ("new", AttributeValue::Null(true)),
        ] {
            assert_ne!(with(name, value.clone()), before, "{name} {value:?}");
        }
    }

    #[test]
    fn a_key_is_read_back_as_it_was() {
        let names = texts(&["text", "number", "binary"]);
        let key = key_of(&whole(), &names).unwrap();
        let read = key_from(&key).unwrap();
        assert_eq!(read.len(), 3);
        for name in &names {
            assert_eq!(read[name], whole()[name]);
        }
        assert_eq!(key_of(&whole(), &texts(&["text", "missing"])), None);
        assert_eq!(key_from(&json!({"id": {"SS": ["a"]}})), None);
    }
}
