//! The formats of files: one item a line.

use serde::{Deserialize, Serialize};

use super::value::Item;
use super::{dynamodb_json, plain_json};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `{"Item": {"id": {"S": "a"}}}`: nothing is lost.
    #[default]
    DynamodbJson,
    /// `{"id": "a"}`: for people and other programs.
    Jsonl,
}

impl Format {
    /// The format of a file by its first line: DynamoDB's if it is an object `Item` of typed values.
    pub fn of_line(line: &[u8]) -> Self {
        match dynamodb_json::read_line(line) {
            Ok(_) => Format::DynamodbJson,
            Err(_) => match serde_json::from_slice::<serde_json::Value>(line) {
                // A faulty item is still one of DynamoDB's format.
                Ok(serde_json::Value::Object(members)) if members.keys().eq(["Item"]) => {
                    let typed = |value: &serde_json::Value| value.as_object().is_some_and(|value| value.len() == 1);
                    match members["Item"].as_object() {
                        Some(item) if item.values().all(typed) => Format::DynamodbJson,
                        _ => Format::Jsonl,
                    }
                }
                _ => Format::Jsonl,
            },
        }
    }

    /// # Errors
    /// What is wrong with the line.
    pub fn read_line(self, line: &[u8]) -> Result<Item, String> {
        match self {
            Format::DynamodbJson => dynamodb_json::read_line(line),
            Format::Jsonl => plain_json::read_line(line),
        }
    }

    /// Appends the item's line.
    ///
    /// # Errors
    /// None is known.
    pub fn write_line(self, item: &Item, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        match self {
            Format::DynamodbJson => dynamodb_json::write_line(item, out),
            Format::Jsonl => plain_json::write_line(item, out),
        }
    }

    /// Where the format does not represent the item exactly, and why; empty if it does.
    pub fn inexact(self, item: &Item) -> Vec<String> {
        match self {
            Format::DynamodbJson => Vec::new(),
            Format::Jsonl => plain_json::inexact(item),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_format_is_known_by_its_first_line() {
        for (line, format) in [
            (r#"{"Item":{"id":{"S":"a"}}}"#, Format::DynamodbJson),
            (r#"{"Item":{"id":{"X":"a"}}}"#, Format::DynamodbJson),
            (r#"{"Item":{"id":"a"}}"#, Format::Jsonl),
            (r#"{"Item":"a"}"#, Format::Jsonl),
            (r#"{"granuleId":"a"}"#, Format::Jsonl),
            ("nonsense", Format::Jsonl),
        ] {
            assert_eq!(Format::of_line(line.as_bytes()), format, "{line}");
        }
    }
}
