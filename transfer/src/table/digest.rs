//! The digest of all items of a table, whatever their order.
//!
//! Each item is hashed in a canonical form, in which attributes are sorted by name, the members of a set are sorted, and numbers are
//! compared by value (DynamoDB returns `1.0` as `1`). The hashes are added modulo 2^256. So the digest of a table is the sum of those of
//! its segments, the order of a scan does not matter, and an item that occurs twice does not cancel itself, as it would with XOR.
//!
//! It proves that two tables have the same items against faults, omissions and bugs, not against a person who chooses items so that a
//! sum of hashes comes out equal: a sum of 256 bits is weaker than its hash there. The text form begins with the version of the
//! canonical form: digests of different versions cannot be compared.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::number::Number;
use super::value::{Item, Value, item_size};

/// The key of the hash: what is hashed for another purpose never has the hash of an item.
const DOMAIN: &[u8; 64] = b"holdfast table digest, version 1: one item in its canonical form";
const VERSION: &str = "v1";

/// Count, size and hash of a set of items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDigest {
    pub items: u64,
    /// As DynamoDB counts it, at least: see [`item_size`].
    pub bytes: u64,
    pub sum: Sum,
}

/// A sum of hashes, modulo 2^256. The least significant word is the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum([u64; 4]);

impl TableDigest {
    /// Adds the items of another digest: of another segment, say.
    pub fn merge(&mut self, other: &TableDigest) {
        self.items += other.items;
        self.bytes += other.bytes;
        self.sum.add(other.sum);
    }
}

impl fmt::Display for TableDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} items, {} bytes)", self.sum, self.items, self.bytes)
    }
}

impl Sum {
    fn add(&mut self, other: Sum) {
        let mut carry = false;
        for (word, more) in self.0.iter_mut().zip(other.0) {
            let (sum, first) = word.overflowing_add(more);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*word, carry) = (sum, first || second);
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{VERSION}:{d:016x}{c:016x}{b:016x}{a:016x}")
    }
}

impl FromStr for Sum {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hex = text.strip_prefix(VERSION).and_then(|rest| rest.strip_prefix(':'));
        let hex = hex.filter(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let wrong =
            || format!("{text:?} is not a digest of this version: expected {VERSION}: and 64 hexadecimal digits");
        let hex = hex.ok_or_else(wrong)?;
        let word = |at: usize| u64::from_str_radix(&hex[at..at + 16], 16).map_err(|_| wrong());
        Ok(Self([word(48)?, word(32)?, word(16)?, word(0)?]))
    }
}

impl Serialize for Sum {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Computes a digest item by item, with one buffer for all of them.
#[derive(Debug, Clone)]
pub struct Digester {
    keyed: Sha256,
    canonical: Vec<u8>,
    digest: TableDigest,
}

impl Default for Digester {
    fn default() -> Self {
        Self {
            keyed: Sha256::new_with_prefix(DOMAIN),
            canonical: Vec::new(),
            digest: TableDigest::default(),
        }
    }
}

impl Digester {
    /// Continues a digest of other items.
    pub fn continued(digest: TableDigest) -> Self {
        Self {
            digest,
            ..Self::default()
        }
    }

    pub fn add(&mut self, item: &Item) {
        self.canonical.clear();
        write_members(item, &mut self.canonical);
        let mut hash = self.keyed.clone();
        hash.update(&self.canonical);
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(hash.finalize().chunks_exact(8)) {
            *word = bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        }
        self.digest.merge(&TableDigest {
            items: 1,
            bytes: item_size(item),
            sum: Sum(words),
        });
    }

    pub fn digest(&self) -> TableDigest {
        self.digest
    }
}

/// The canonical form: a type's letter, and the length of whatever has one, so that no two items have the same bytes.
fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::S(text) => write_bytes(b'S', text.as_bytes(), out),
        Value::N(number) => write_number(number, out),
        Value::B(bytes) => write_bytes(b'B', bytes, out),
        Value::Bool(value) => out.extend([b'b', u8::from(*value)]),
        Value::Null => out.push(b'0'),
        Value::M(members) => {
            out.push(b'M');
            write_members(members, out);
        }
        Value::L(elements) => {
            out.push(b'L');
            write_length(elements.len(), out);
            elements.iter().for_each(|element| write_value(element, out));
        }
        Value::Ss(texts) => write_set(
            b's',
            texts.iter(),
            |text, out| write_bytes(b'S', text.as_bytes(), out),
            out,
        ),
        Value::Ns(numbers) => write_set(b'n', numbers.iter(), write_number, out),
        Value::Bs(blobs) => write_set(b'x', blobs.iter(), |blob, out| write_bytes(b'B', blob, out), out),
    }
}

/// The canonical form of a key's values.
pub(super) fn canonical_key<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<u8> {
    let mut key = Vec::new();
    values.for_each(|value| write_value(value, &mut key));
    key
}

/// The canonical form of an item, names included.
pub(super) fn canonical_item(item: &Item) -> Vec<u8> {
    let mut canonical = Vec::new();
    write_members(item, &mut canonical);
    canonical
}

fn write_members(members: &Item, out: &mut Vec<u8>) {
    write_length(members.len(), out);
    for (name, value) in members {
        write_bytes(b'a', name.as_bytes(), out);
        write_value(value, out);
    }
}

fn write_set<'a, T: 'a>(
    letter: u8,
    members: impl ExactSizeIterator<Item = &'a T>,
    write: impl Fn(&T, &mut Vec<u8>),
    out: &mut Vec<u8>,
) {
    out.push(letter);
    write_length(members.len(), out);
    let mut written: Vec<Vec<u8>> = members
        .map(|member| {
            let mut bytes = Vec::new();
            write(member, &mut bytes);
            bytes
        })
        .collect();
    written.sort_unstable();
    written.iter().for_each(|member| out.extend_from_slice(member));
}

fn write_number(number: &Number, out: &mut Vec<u8>) {
    let value = number.decimal();
    out.push(if value.negative { b'-' } else { b'+' });
    out.extend(value.exponent.to_be_bytes());
    write_bytes(b'd', &value.digits, out);
}

fn write_bytes(letter: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(letter);
    write_length(bytes.len(), out);
    out.extend_from_slice(bytes);
}

fn write_length(length: usize, out: &mut Vec<u8>) {
    out.extend((length as u64).to_be_bytes());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::table::dynamodb_json::read_line;

    fn digest(lines: &[&str]) -> TableDigest {
        let mut digester = Digester::default();
        for line in lines {
            digester.add(&read_line(format!("{{\"Item\":{line}}}").as_bytes()).unwrap());
        }
        digester.digest()
    }

    #[test]
    fn order_does_not_matter_and_sums_of_parts_are_the_whole() {
        let (a, b, c) = (r#"{"id":{"S":"a"}}"#, r#"{"id":{"S":"b"}}"#, r#"{"id":{"N":"3"}}"#);
        let whole = digest(&[a, b, c]);
        assert_eq!(whole, digest(&[c, a, b]));
        let mut parts = digest(&[c]);
        parts.merge(&digest(&[b, a]));
        assert_eq!(whole, parts);
        assert_ne!(
            digest(&[a, a, b]).sum,
            digest(&[b]).sum,
            "two equal items cancel each other"
        );
    }

    #[test]
    fn what_dynamodb_considers_equal_has_one_digest() {
        let one = digest(&[r#"{"n":{"N":"1.0"},"s":{"SS":["a","b"]},"k":{"NS":["10","2E0"]}}"#]);
        let other = digest(&[r#"{"s":{"SS":["b","a"]},"k":{"NS":["2","1E1"]},"n":{"N":"1"}}"#]);
        assert_eq!(one, other);
    }

    #[test]
    fn values_that_are_written_alike_differ_by_type_and_place() {
        let lines = [
            r#"{"a":{"S":"1"}}"#,
            r#"{"a":{"N":"1"}}"#,
            r#"{"a":{"N":"-1"}}"#,
            r#"{"a":{"N":"10"}}"#,
            r#"{"a":{"B":"MQ=="}}"#,
            r#"{"a":{"SS":["1"]}}"#,
            r#"{"a":{"NS":["1"]}}"#,
            r#"{"a":{"BS":["MQ=="]}}"#,
            r#"{"a":{"L":[{"S":"1"}]}}"#,
            r#"{"a":{"M":{"a":{"S":"1"}}}}"#,
            r#"{"a":{"BOOL":true}}"#,
            r#"{"a":{"BOOL":false}}"#,
            r#"{"a":{"NULL":true}}"#,
            r#"{"a":{"S":""}}"#,
            r#"{"a":{"L":[{"S":"1"},{"S":""}]}}"#,
            r#"{"a":{"L":[{"S":""},{"S":"1"}]}}"#,
            r#"{"a":{"SS":["a","bc"]}}"#,
            r#"{"a":{"SS":["ab","c"]}}"#,
            r#"{"ab":{"S":"c"}}"#,
            r#"{"a":{"S":"bc"}}"#,
        ];
        let sums: std::collections::BTreeSet<String> =
            lines.iter().map(|line| digest(&[line]).sum.to_string()).collect();
        assert_eq!(sums.len(), lines.len());
    }

    /// The canonical form is stored in manifests: it must not change without a new version.
    #[test]
    fn the_digest_of_a_known_item_never_changes() {
        let known = digest(&[
            r#"{"id":{"S":"a"},"n":{"N":"-1.50"},"b":{"B":"AAH/"},"f":{"BOOL":true},"z":{"NULL":true},"l":{"L":[{"S":""}]},"m":{"M":{"k":{"NS":["2","1"]}}},"s":{"SS":["y","x"]},"x":{"BS":["AA=="]}}"#,
        ]);
        assert_eq!(
            known.sum.to_string(),
            "v1:47aa38fee5168f8e4f9c43bf4a5941eb7dae77ae47cc7a4b05e4c1cea2f98bea"
        );
        assert_eq!(known.sum.to_string().parse::<Sum>().unwrap(), known.sum);
        assert!("v0:00".parse::<Sum>().is_err());
    }
}
