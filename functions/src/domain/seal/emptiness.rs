//! Whether a recovery point of a file system may hold nothing: only where it is known that the file system held nothing.

use crate::domain::efs_access::roots::WHOLE;
use crate::domain::set::{Point, Sample};

/// What EFS meters of a file system without a file, in bytes (EFS API, examples of DescribeFileSystems); a file adds its own
/// metadata to it.
const METERED_OF_NONE: u64 = 6 * 1024;

/// Files that were counted in all of the file system, or else its metered size, say that it held no byte.
pub fn is_known(point: &Point) -> bool {
    match counted(point) {
        Some((_, bytes)) => bytes == 0,
        None => metered(point).is_some_and(|bytes| bytes <= METERED_OF_NONE),
    }
}

/// What speaks against it, in words.
pub fn against(point: &Point) -> String {
    match (counted(point), metered(point)) {
        (Some((files, bytes)), _) => format!("though {files} files of {bytes} bytes were counted when it began"),
        (None, Some(bytes)) => format!("though EFS metered {bytes} bytes in the file system"),
        (None, None) => "and that the file system was empty is not known".to_owned(),
    }
}

/// Files and bytes of all of the file system, where all were counted; or of a part of it that was not empty.
fn counted(point: &Point) -> Option<(u64, u64)> {
    let Some(Sample::Files {
        files,
        bytes,
        complete,
        roots,
        ..
    }) = &point.sample
    else {
        return None;
    };
    let whole = *complete && (roots.is_empty() || roots.iter().any(|root| root.path == WHOLE));
    (whole || *bytes > 0).then_some((*files, *bytes))
}

fn metered(point: &Point) -> Option<u64> {
    point.configuration.pointer("/FileSystem/SizeInBytes/Value")?.as_u64()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    fn point(sample: Value, metered: Value) -> Point {
        serde_json::from_value(json!({
            "set": "s", "status": "available", "resource": {"name": "f", "kind": "efs", "file_system": "fs-1", "deadline_seconds": 60},
            "sample": sample, "size_bytes": 0, "configuration": {"FileSystem": {"SizeInBytes": {"Value": metered}}},
        }))
        .unwrap()
    }

    fn files(files: u64, bytes: u64, complete: bool, roots: &[&str]) -> Value {
        let root = |path: &&str| json!({"path": path, "files": files, "bytes": bytes, "complete": complete});
        let roots: Vec<Value> = roots.iter().map(root).collect();
        json!({"of": "files", "files": files, "bytes": bytes, "complete": complete, "sampled": [], "roots": roots})
    }

    #[test]
    fn a_file_system_is_known_to_be_empty_by_its_count_or_else_by_its_metered_size() {
        for (sample, metered, known) in [
            (files(0, 0, true, &["/"]), json!(6144), true),
            (files(0, 0, true, &[]), json!(90_000), true),
            // Files without a byte.
            (files(3, 0, true, &["/"]), json!(18_432), true),
            (files(3, 30, true, &["/"]), json!(6144), false),
            (files(3, 30, false, &["/storage"]), json!(6144), false),
            // A part says nothing of the rest.
            (files(0, 0, true, &["/storage"]), json!(90_000), false),
            (files(0, 0, true, &["/storage"]), json!(6144), true),
            (files(0, 0, false, &["/"]), json!(90_000), false),
            (Value::Null, json!(6144), true),
            (Value::Null, json!(12_288), false),
            (Value::Null, Value::Null, false),
        ] {
            let point = point(sample.clone(), metered.clone());
            assert_eq!(is_known(&point), known, "{sample} {metered}");
            assert!(known || !against(&point).is_empty());
        }
    }
}
