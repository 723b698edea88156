//! Items and the values of their attributes, of every type that DynamoDB has.

use std::collections::BTreeMap;

use super::number::Number;

/// An item: its attributes by name.
pub type Item = BTreeMap<String, Value>;

/// The most that DynamoDB stores in one item, in bytes of [`item_size`].
pub const MOST_ITEM_BYTES: u64 = 400 * 1024;

/// The value of an attribute. The variants are named as DynamoDB names its types.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    S(String),
    N(Number),
    B(Vec<u8>),
    Bool(bool),
    Null,
    M(BTreeMap<String, Value>),
    L(Vec<Value>),
    Ss(Vec<String>),
    Ns(Vec<Number>),
    Bs(Vec<Vec<u8>>),
}

impl Value {
    /// The type's name in DynamoDB's JSON.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::S(_) => "S",
            Value::N(_) => "N",
            Value::B(_) => "B",
            Value::Bool(_) => "BOOL",
            Value::Null => "NULL",
            Value::M(_) => "M",
            Value::L(_) => "L",
            Value::Ss(_) => "SS",
            Value::Ns(_) => "NS",
            Value::Bs(_) => "BS",
        }
    }

    /// The bytes that DynamoDB counts for the value. For numbers it documents only "approximately"; this is the least that it can
    /// mean, a byte for two digits and one more, so that no item is rejected here which DynamoDB accepts.
    /// (Developer Guide, "DynamoDB item sizes and formats".)
    pub fn size(&self) -> u64 {
        let of = |bytes: usize| bytes as u64;
        match self {
            Value::S(text) => of(text.len()),
            Value::N(number) => number.size(),
            Value::B(bytes) => of(bytes.len()),
            Value::Bool(_) | Value::Null => 1,
            Value::M(members) => {
                3 + members
                    .iter()
                    .map(|(name, v)| of(name.len()) + v.size() + 1)
                    .sum::<u64>()
            }
            Value::L(elements) => 3 + elements.iter().map(|value| value.size() + 1).sum::<u64>(),
            Value::Ss(texts) => texts.iter().map(|text| of(text.len())).sum(),
            Value::Ns(numbers) => numbers.iter().map(Number::size).sum(),
            Value::Bs(blobs) => blobs.iter().map(|bytes| of(bytes.len())).sum(),
        }
    }
}

/// The bytes that DynamoDB counts for an item: names and values.
pub fn item_size(item: &Item) -> u64 {
    item.iter().map(|(name, value)| name.len() as u64 + value.size()).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_items_size_is_counted_as_dynamodb_documents_it() {
        let number = |text: &str| Value::N(Number::parse(text).unwrap());
        let item = Item::from([
            ("id".to_owned(), Value::S("é".into())),
            ("n".to_owned(), number("-12345")),
            ("l".to_owned(), Value::L(vec![Value::Null, Value::Bool(true)])),
            (
                "m".to_owned(),
                Value::M(BTreeMap::from([("ab".into(), Value::B(vec![0; 10]))])),
            ),
            ("s".to_owned(), Value::Ss(vec!["x".into(), "yz".into()])),
        ]);
        assert_eq!(
            item_size(&item),
            (2 + 2) + (1 + 5) + (1 + 3 + 2 + 2) + (1 + 3 + 2 + 10 + 1) + (1 + 3)
        );
    }
}
