//! DynamoDB's own JSON, in which every value names its type: `{"S": "text"}`, `{"N": "1"}`, `{"B": "base64"}`. Nothing is lost in it.
//!
//! A line of a file is `{"Item": {...}}`, as DynamoDB itself writes and reads in S3.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::number::Number;
use super::value::{Item, Value};

/// One line of a file.
#[derive(serde::Serialize)]
struct Line<'a> {
    #[serde(rename = "Item")]
    item: &'a Item,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnedLine {
    #[serde(rename = "Item")]
    item: ReadItem,
}

/// An item that is read: no attribute twice.
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(super) struct ReadItem(#[serde(deserialize_with = "members")] pub Item);

/// Appends the item's line, with its line feed.
///
/// # Errors
/// None is known: memory is written, and every name is text.
pub fn write_line(item: &Item, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    serde_json::to_writer(&mut *out, &Line { item })?;
    out.push(b'\n');
    Ok(())
}

/// Reads an item's line.
///
/// # Errors
/// What is wrong with it, and where.
pub fn read_line(line: &[u8]) -> Result<Item, String> {
    match serde_json::from_slice::<OwnedLine>(line) {
        Ok(line) => Ok(line.item.0),
        Err(error) => Err(format!("not an item in DynamoDB's JSON: {error}")),
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        let name = self.type_name();
        match self {
            Value::S(text) => map.serialize_entry(name, text)?,
            Value::N(number) => map.serialize_entry(name, number.as_str())?,
            Value::B(bytes) => map.serialize_entry(name, &STANDARD.encode(bytes))?,
            Value::Bool(value) => map.serialize_entry(name, value)?,
            Value::Null => map.serialize_entry(name, &true)?,
            Value::M(members) => map.serialize_entry(name, members)?,
            Value::L(elements) => map.serialize_entry(name, elements)?,
            Value::Ss(texts) => map.serialize_entry(name, texts)?,
            Value::Ns(numbers) => {
                map.serialize_entry(name, &Each(numbers, |number: &Number| Cow::Borrowed(number.as_str())))?
            }
            Value::Bs(blobs) => {
                map.serialize_entry(name, &Each(blobs, |blob: &Vec<u8>| Cow::Owned(STANDARD.encode(blob))))?
            }
        }
        map.end()
    }
}

/// The members of a set, each as a text.
struct Each<'a, T>(&'a [T], fn(&T) -> Cow<'_, str>);

impl<T> Serialize for Each<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.0.len()))?;
        for member in self.0 {
            sequence.serialize_element(&self.1(member))?;
        }
        sequence.end()
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value with its type, such as {\"S\": \"text\"}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let Some(Text(name)) = map.next_key()? else {
            return Err(de::Error::custom("a value without a type"));
        };
        let value = match name.as_ref() {
            "S" => Value::S(map.next_value::<Text<'_>>()?.0.into_owned()),
            "N" => Value::N(number(map.next_value()?)?),
            "B" => Value::B(binary(map.next_value()?)?),
            "BOOL" => Value::Bool(map.next_value()?),
            "NULL" => match map.next_value()? {
                true => Value::Null,
                false => return Err(de::Error::custom("NULL is false: only true is allowed")),
            },
            "M" => Value::M(map.next_value::<ReadItem>()?.0),
            "L" => Value::L(map.next_value()?),
            "SS" => Value::Ss(map.next_value()?),
            "NS" => Value::Ns(each(map.next_value()?, number)?),
            "BS" => Value::Bs(each(map.next_value()?, binary)?),
            other => {
                return Err(de::Error::custom(format!(
                    "unknown type {other:?}: allowed are S, N, B, BOOL, NULL, M, L, SS, NS and BS"
                )));
            }
        };
        match map.next_key::<Text<'_>>()? {
            None => Ok(value),
            Some(Text(second)) => Err(de::Error::custom(format!(
                "a value with two types, {name} and {second}"
            ))),
        }
    }
}

/// A text that is borrowed from the input unless it has escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

fn each<T, E: de::Error>(texts: Vec<Text<'_>>, read: impl Fn(Text<'_>) -> Result<T, E>) -> Result<Vec<T>, E> {
    texts.into_iter().map(read).collect()
}

fn number<E: de::Error>(text: Text<'_>) -> Result<Number, E> {
    Number::parse(text.0).map_err(E::custom)
}

fn binary<E: de::Error>(text: Text<'_>) -> Result<Vec<u8>, E> {
    STANDARD
        .decode(text.0.as_bytes())
        .map_err(|error| E::custom(format!("binary that is not base64: {error}")))
}

/// Attributes by name. A name that occurs twice would lose a value.
fn members<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Value>, D::Error> {
    struct MembersVisitor;
    impl<'de> Visitor<'de> for MembersVisitor {
        type Value = BTreeMap<String, Value>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("attributes by name")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = BTreeMap::new();
            while let Some((name, value)) = map.next_entry::<String, Value>()? {
                if let Some(_earlier) = members.insert(name.clone(), value) {
                    return Err(de::Error::custom(format!("attribute {name:?} occurs twice")));
                }
            }
            Ok(members)
        }
    }
    deserializer.deserialize_map(MembersVisitor)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_is_as_dynamodb_writes_it() {
        let line = r#"{"Item":{"bin":{"B":"AAH/"},"bins":{"BS":["","AA=="]},"empty":{"S":""},"flag":{"BOOL":false},"list":{"L":[{"NULL":true},{"M":{"x":{"N":"1"}}}]},"nums":{"NS":["1","2.50"]},"texts":{"SS":["a","\"\n"]}}}"#;
        let item = read_line(line.as_bytes()).unwrap();
        assert_eq!(item["bin"], Value::B(vec![0, 1, 255]));
        let mut written = Vec::new();
        write_line(&item, &mut written).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), format!("{line}\n"));
    }

    #[test]
    fn what_is_no_item_is_refused_with_its_reason() {
        for (line, reason) in [
            (r#"{"Item":{"a":{"S":"x","N":"1"}}}"#, "two types, S and N"),
            (r#"{"Item":{"a":{}}}"#, "without a type"),
            (r#"{"Item":{"a":{"X":"x"}}}"#, "unknown type \"X\""),
            (r#"{"Item":{"a":{"N":"x"}}}"#, "\"x\" is not a number"),
            (r#"{"Item":{"a":{"N":1}}}"#, "expected a string"),
            (r#"{"Item":{"a":{"B":"A"}}}"#, "not base64"),
            (r#"{"Item":{"a":{"NULL":false}}}"#, "only true"),
            (r#"{"Item":{"a":{"S":"1"},"a":{"S":"2"}}}"#, "\"a\" occurs twice"),
            (
                r#"{"Item":{"a":{"M":{"b":{"S":"1"},"b":{"S":"2"}}}}}"#,
                "\"b\" occurs twice",
            ),
            (r#"{"Item":{},"Other":1}"#, "unknown field `Other`"),
            (r#"{"Item":{}} x"#, "trailing characters"),
            (r#"{"Item":{"a":{"S":"x"}"#, "EOF"),
            ("", "EOF"),
        ] {
            let error = read_line(line.as_bytes()).unwrap_err();
            assert!(error.contains(reason), "{line}: {error}");
        }
    }
}
