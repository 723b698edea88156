//! How a restored database differs from the one that was dumped.

use serde_json::Value;

/// What must be the same. The version and the size of the server's files, and what is attached, may differ.
const COMPARED: &[(&str, &str)] = &[
    ("owner", "owner"),
    ("encoding", "encoding"),
    ("collate", "collation"),
    ("ctype", "character classes"),
    ("locale_provider", "locale provider"),
    ("locale", "locale"),
    ("settings", "settings"),
    ("grants", "privileges"),
];

/// The number of tables on both sides, if it differs. The source was described just before the dump's snapshot, so that a table may have
/// been created or dropped in between: that proves nothing against the copy.
pub fn other_tables(captured: &Value, copy: &Value) -> Option<String> {
    let (before, after) = (&captured["tables"], &copy["tables"]);
    (before != after)
        .then(|| format!("was {before}, is {after}; tables may have been created or dropped just before the dump"))
}

/// The differences between two descriptions, each with its name and both sides. An extension may have another version, which the
/// server's packages decide; it must not be missing.
pub fn differences(captured: &Value, copy: &Value) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = COMPARED
        .iter()
        .filter(|(field, _)| captured[*field] != copy[*field])
        .map(|(field, words)| {
            let detail = format!("was {}, is {}", captured[*field], copy[*field]);
            ((*words).to_owned(), detail)
        })
        .collect();
    let names = |of: &Value| -> Vec<String> {
        let extensions = of["extensions"].as_object().into_iter().flatten();
        extensions.map(|(name, _)| name.clone()).collect()
    };
    let restored = names(copy);
    let missing = names(captured).into_iter().filter(|name| !restored.contains(name));
    found.extend(missing.map(|name| (format!("extension {name}"), "was there, is missing".to_owned())));
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_dump_brings_back_is_compared_and_nothing_else() {
        let captured = json!({"owner": "app", "tables": 3, "size_bytes": 9, "server_version": "16.1",
            "extensions": {"citext": "1.6", "pgcrypto": "1.3"}, "connection_limit": -1});
        let copy = json!({"owner": "app", "tables": 3, "size_bytes": 5, "server_version": "17.1",
            "extensions": {"citext": "1.7", "pgcrypto": "1.3"}, "connection_limit": -1});
        assert_eq!(differences(&captured, &copy), []);
        let less = json!({"owner": "other", "tables": 2, "extensions": {"citext": "1.7"}});
        let names: Vec<String> = differences(&captured, &less)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["owner", "extension pgcrypto"]);
        assert_eq!(other_tables(&captured, &copy), None);
        assert!(other_tables(&captured, &less).is_some());
    }
}
