//! The task of a restore job, parsed from its metadata. AWS Backup accepts any metadata and fails the job later, so this
//! is checked when the job runs.

use std::collections::BTreeMap;
use std::path::{Component, PathBuf};

use serde_json::Value;

use crate::efs;

const KEYS: &[&str] = &[
    "file-system-id",
    "newFileSystem",
    "Encrypted",
    "KmsKeyId",
    "PerformanceMode",
    "CreationToken",
    "ItemsToRestore",
    "itemsToRestore",
];

/// Parsed metadata.
#[derive(Debug)]
pub(super) struct RestoreOrder {
    /// The file system to restore into, if it is not a new one.
    pub file_system: String,
    /// The file system to create.
    pub new: Option<efs::FileSystemOrder>,
    /// What to restore, relative to the root; everything when empty.
    pub items: Vec<PathBuf>,
}

/// Parses the metadata, or returns what is wrong with it.
pub(super) fn read(metadata: &BTreeMap<String, String>) -> Result<RestoreOrder, String> {
    let get = |key: &str| metadata.get(key).map(String::as_str).filter(|value| !value.is_empty());
    if let Some(unknown) = metadata.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!("Invalid restore metadata: {unknown} is not known for EFS"));
    }
    let flag = |key: &str| match get(key) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(other) => Err(format!("Invalid restore metadata: {key} is {other}, not true or false")),
    };
    let missing = |key: &str| format!("Invalid restore metadata: {key} is missing");
    let file_system = get("file-system-id")
        .ok_or_else(|| missing("file-system-id"))?
        .to_owned();
    let is_new = flag("newFileSystem")?.ok_or_else(|| missing("newFileSystem"))?;
    let token = get("CreationToken").ok_or_else(|| missing("CreationToken"))?;
    let encrypted = flag("Encrypted")?.unwrap_or(false);
    let kms_key = get("KmsKeyId").map(str::to_owned);
    if kms_key.is_some() && !encrypted {
        return Err("Invalid restore metadata: KmsKeyId needs Encrypted to be true".to_owned());
    }
    let mode = get("PerformanceMode").unwrap_or("generalPurpose");
    if !["generalPurpose", "maxIO"].contains(&mode) {
        return Err(format!("Invalid restore metadata: PerformanceMode is {mode}"));
    }
    let new = is_new.then(|| efs::FileSystemOrder {
        creation_token: token.to_owned(),
        performance_mode: mode.to_owned(),
        throughput_mode: "bursting".to_owned(),
        encrypted,
        kms_key,
        ..efs::FileSystemOrder::default()
    });
    let items = items(get("ItemsToRestore").or(get("itemsToRestore")))?;
    Ok(RestoreOrder {
        file_system,
        new,
        items,
    })
}

fn items(text: Option<&str>) -> Result<Vec<PathBuf>, String> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let wrong =
        || format!("Invalid restore metadata: ItemsToRestore {text} is not a JSON list of 1 to 5 absolute paths");
    let list: Vec<Value> = serde_json::from_str(text).map_err(|_| wrong())?;
    if list.is_empty() || list.len() > 5 {
        return Err(wrong());
    }
    let path = |item: &Value| {
        let path = PathBuf::from(item.as_str()?.strip_prefix('/')?);
        path.components()
            .all(|part| matches!(part, Component::Normal(_)))
            .then_some(path)
    };
    list.iter().map(|item| path(item).ok_or_else(wrong)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn metadata(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let base = [
            ("file-system-id", "fs-1"),
            ("newFileSystem", "false"),
            ("CreationToken", "t"),
        ];
        base.iter()
            .chain(pairs)
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn a_restore_into_the_same_file_system_and_into_a_new_one() {
        let order = read(&metadata(&[])).unwrap();
        assert!(order.new.is_none() && order.items.is_empty());
        assert_eq!(order.file_system, "fs-1");
        let new = metadata(&[("newFileSystem", "true"), ("Encrypted", "true"), ("KmsKeyId", "k")]);
        let made = read(&new).unwrap().new.unwrap();
        assert_eq!((made.creation_token.as_str(), made.encrypted), ("t", true));
    }

    #[test]
    fn items_are_paths_below_the_root() {
        let order = read(&metadata(&[("ItemsToRestore", r#"["/a/b.txt", "/c"]"#)])).unwrap();
        assert_eq!(order.items, [PathBuf::from("a/b.txt"), PathBuf::from("c")]);
        for wrong in [
            "/a",
            r#"["a"]"#,
            r#"["/../x"]"#,
            "[]",
            r#"["/1","/2","/3","/4","/5","/6"]"#,
        ] {
            assert!(read(&metadata(&[("itemsToRestore", wrong)])).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (pairs, name) in [
            (&[("CreationToken", "")], "CreationToken"),
            (&[("file-system-id", "")], "file-system-id"),
            (&[("newFileSystem", "no")], "newFileSystem"),
            (&[("KmsKeyId", "k")], "Encrypted"),
            (&[("PerformanceMode", "fast")], "PerformanceMode"),
            (&[("Coffee", "black")], "Coffee"),
        ] {
            assert!(read(&metadata(pairs)).unwrap_err().contains(name), "{name}");
        }
    }
}
