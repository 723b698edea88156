//! Plain JSON: what people and other programs read, and what `cumulus-api backup` writes. It has no binary, no sets, and numbers only as
//! exact as their reader makes them, so an item may not be the same after it: [`inexact`] lists what is lost.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;

use super::number::Number;
use super::value::{Item, Value};

/// Deeper than any item: DynamoDB nests 32 levels.
const MOST_LEVELS: usize = 64;

/// Appends the item's line, with its line feed. Binary is written in base64, a set as an array.
///
/// # Errors
/// None is known: memory is written, and every name is text.
pub fn write_line(item: &Item, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    serde_json::to_writer(&mut *out, &PlainMembers(item))?;
    out.push(b'\n');
    Ok(())
}

/// Reads an item's line: texts, numbers with all their digits, booleans, null, objects and arrays.
///
/// # Errors
/// What is wrong with it.
pub fn read_line(line: &[u8]) -> Result<Item, String> {
    let raw: &RawValue = serde_json::from_slice(line).map_err(|error| format!("not JSON: {error}"))?;
    match value(raw, 0)? {
        Value::M(item) => Ok(item),
        _ => Err("not an item: a JSON object is expected".to_owned()),
    }
}

fn value(raw: &RawValue, level: usize) -> Result<Value, String> {
    if level > MOST_LEVELS {
        return Err(format!("nested deeper than {MOST_LEVELS} levels; DynamoDB allows 32"));
    }
    let text = raw.get().trim();
    let read = |error: serde_json::Error| format!("not JSON: {error}");
    match text.as_bytes().first() {
        Some(b'"') => Ok(Value::S(serde_json::from_str(text).map_err(read)?)),
        Some(b'{') => {
            let Members(raw) = serde_json::from_str(text).map_err(read)?;
            let members = raw.into_iter().map(|(name, raw)| Ok((name, value(raw, level + 1)?)));
            Ok(Value::M(members.collect::<Result<_, String>>()?))
        }
        Some(b'[') => {
            let raw: Vec<&RawValue> = serde_json::from_str(text).map_err(read)?;
            Ok(Value::L(
                raw.into_iter()
                    .map(|raw| value(raw, level + 1))
                    .collect::<Result<_, _>>()?,
            ))
        }
        Some(b't') => Ok(Value::Bool(true)),
        Some(b'f') => Ok(Value::Bool(false)),
        Some(b'n') => Ok(Value::Null),
        _ => Ok(Value::N(Number::parse(text)?)),
    }
}

/// Members of an object, none twice.
struct Members<'a>(BTreeMap<String, &'a RawValue>);

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, raw)) = map.next_entry::<String, &RawValue>()? {
                    if members.insert(name.clone(), raw).is_some() {
                        return Err(serde::de::Error::custom(format!("attribute {name:?} occurs twice")));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

struct PlainMembers<'a>(&'a BTreeMap<String, Value>);

impl Serialize for PlainMembers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, &Plain(value))?;
        }
        map.end()
    }
}

struct Plain<'a>(&'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::S(text) => serializer.serialize_str(text),
            Value::N(number) => plain_number(number, serializer),
            Value::B(bytes) => serializer.serialize_str(&STANDARD.encode(bytes)),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Null => serializer.serialize_unit(),
            Value::M(members) => PlainMembers(members).serialize(serializer),
            Value::L(elements) => serializer.collect_seq(elements.iter().map(Plain)),
            Value::Ss(texts) => serializer.collect_seq(texts),
            Value::Ns(numbers) => {
                let mut sequence = serializer.serialize_seq(Some(numbers.len()))?;
                for number in numbers {
                    sequence.serialize_element(&PlainNumber(number))?;
                }
                sequence.end()
            }
            Value::Bs(blobs) => serializer.collect_seq(blobs.iter().map(|blob| STANDARD.encode(blob))),
        }
    }
}

struct PlainNumber<'a>(&'a Number);

impl Serialize for PlainNumber<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        plain_number(self.0, serializer)
    }
}

fn plain_number<S: Serializer>(number: &Number, serializer: S) -> Result<S::Ok, S::Error> {
    let raw = RawValue::from_string(number.to_json().into_owned()).map_err(S::Error::custom)?;
    raw.serialize(serializer)
}

/// Where plain JSON does not represent an item exactly, and why: `images[2].hash: binary`. Empty if it does.
pub fn inexact(item: &Item) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in item {
        collect(name, value, &mut found);
    }
    found
}

fn collect(path: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::B(_) => found.push(format!("{path}: binary")),
        Value::Ss(_) => found.push(format!("{path}: a set of strings")),
        Value::Ns(_) => found.push(format!("{path}: a set of numbers")),
        Value::Bs(_) => found.push(format!("{path}: a set of binary values")),
        Value::N(number) if !number.survives_floating_point() => {
            found.push(format!(
                "{path}: the number {} has more digits than most readers of JSON keep",
                number.as_str()
            ));
        }
        Value::M(members) => {
            for (name, value) in members {
                collect(&format!("{path}.{name}"), value, found);
            }
        }
        Value::L(elements) => {
            for (index, value) in elements.iter().enumerate() {
                collect(&format!("{path}[{index}]"), value, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_of_cumulus_is_read_with_all_its_digits() {
        let line = br#" {"granuleId":"MOD09","n":12345678901234567890.5,"e":1e-7,"ok":true,"none":null,"files":[{"size":17},""],"u":"\u00e9\ud83d\ude00"} "#;
        let item = read_line(line).unwrap();
        assert_eq!(item["n"], Value::N(Number::parse("12345678901234567890.5").unwrap()));
        assert_eq!(item["u"], Value::S("é😀".into()));
        assert_eq!(item["none"], Value::Null);
        let mut written = Vec::new();
        write_line(&item, &mut written).unwrap();
        assert_eq!(read_line(&written).unwrap(), item);
    }

    #[test]
    fn what_is_lost_is_named_with_its_place() {
        let line = br#"{"Item":{"id":{"S":"a"},"hash":{"B":"AA=="},"tags":{"SS":["x"]},"deep":{"L":[{"M":{"n":{"N":"9007199254740993"}}}]},"fine":{"N":"0.1"}}}"#;
        let item = super::super::dynamodb_json::read_line(line).unwrap();
        let found = inexact(&item);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[0].starts_with("deep[0].n: the number 9007199254740993 has more digits"),
            "{found:?}"
        );
        assert_eq!(found[1..], ["hash: binary", "tags: a set of strings"]);
    }

    #[test]
    fn what_is_no_item_is_refused_with_its_reason() {
        let deep = "[".repeat(100) + &"]".repeat(100);
        for (line, reason) in [
            ("[1]", "a JSON object is expected"),
            ("17", "a JSON object is expected"),
            (r#"{"a":01}"#, "not JSON"),
            (r#"{"a":1,"a":2}"#, "\"a\" occurs twice"),
            (r#"{"a":NaN}"#, "not JSON"),
            ("{", "not JSON"),
            (&format!(r#"{{"a":{deep}}}"#), "nested deeper"),
        ] {
            let error = read_line(line.as_bytes()).unwrap_err();
            assert!(error.contains(reason), "{line}: {error}");
        }
    }
}
