//! What the objects of a dump say of themselves in S3: metadata that is known before an object is written, and tags afterwards.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::version::ServerVersion;
use crate::store::StoredObject;

/// S3's limit for all names and values together is 2 KB; the probes get what the rest surely leaves.
const MOST_FOR_PROBES: usize = 1_000;

/// The metadata of every object of a dump. Counts that are too long for it are in the manifest alone.
#[must_use]
pub fn before(
    labels: &BTreeMap<String, String>,
    database: &str,
    server: ServerVersion,
    client: &str,
    captured_at: Timestamp,
    probes: &BTreeMap<String, i64>,
) -> BTreeMap<String, String> {
    let mut metadata: BTreeMap<String, String> = labels
        .iter()
        .map(|(name, value)| (format!("holdfast-{name}"), ascii(value)))
        .collect();
    let mut add = |name: &str, value: String| metadata.insert(format!("holdfast-{name}"), value);
    add("database", ascii(database));
    add("server-version", server.to_string());
    add("pg-dump-version", client.to_owned());
    add("captured-at", captured_at.to_string());
    let counts = probes.iter().map(|(name, count)| format!("{}={count}", ascii(name)));
    let counts = counts.collect::<Vec<_>>().join(" ");
    if !counts.is_empty() && counts.len() <= MOST_FOR_PROBES {
        add("probes", counts);
    }
    metadata
}

/// The tags of one object: at most ten, with S3's characters.
#[must_use]
pub fn after(labels: &BTreeMap<String, String>, object: &StoredObject) -> BTreeMap<String, String> {
    let mut tags: BTreeMap<String, String> = labels
        .iter()
        .map(|(name, value)| (format!("holdfast:{name}"), value.clone()))
        .collect();
    tags.insert("holdfast:size".to_owned(), object.size.to_string());
    tags.insert("holdfast:sha256".to_owned(), object.sha256.clone());
    tags
}

/// A header's value: other characters than printable ASCII as `%` and hexadecimal digits.
fn ascii(text: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'!'..=b'~' if byte != b'%' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encoded).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn metadata(probes: &BTreeMap<String, i64>) -> BTreeMap<String, String> {
        let labels = BTreeMap::from([("set".to_owned(), "sportfin-1".to_owned())]);
        let at = "2026-11-29T04:00:00Z".parse().unwrap();
        before(&labels, "Bücher 100%", ServerVersion(170_010), "17.10", at, probes)
    }

    #[test]
    fn an_object_says_whose_dump_it_is() {
        let found = metadata(&BTreeMap::from([("users".to_owned(), 562)]));
        let shown: Vec<String> = found.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(
            shown,
            [
                "holdfast-captured-at: 2026-11-29T04:00:00Z",
                "holdfast-database: B%C3%BCcher%20100%25",
                "holdfast-pg-dump-version: 17.10",
                "holdfast-probes: users=562",
                "holdfast-server-version: 17.10",
                "holdfast-set: sportfin-1",
            ]
        );
    }

    #[test]
    fn metadata_stays_below_the_limit_of_s3() {
        let many = (0..500).map(|number| (format!("probe-{number}"), 1)).collect();
        let bytes: usize = metadata(&many)
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        assert!(bytes < 2_048, "{bytes}");
    }
}
