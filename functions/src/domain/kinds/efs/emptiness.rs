//! Whether a recovery point of a file system may be empty: only if the file system is known to have been empty.

use crate::domain::efs_access::roots::WHOLE;
use crate::domain::set::{Point, Sample};

/// The metered size of a file system without files, in bytes (EFS API, examples of DescribeFileSystems); each file adds its
/// metadata.
const METERED_IF_EMPTY: u64 = 6 * 1024;

/// Whether the file system is known to have been empty: by a count of all its files, or else by its metered size.
pub fn is_known(point: &Point) -> bool {
    match counted(point) {
        Some((_, bytes)) => bytes == 0,
        None => metered(point).is_some_and(|bytes| bytes <= METERED_IF_EMPTY),
    }
}

/// The evidence against an empty file system, as text.
pub fn against(point: &Point) -> String {
    match (counted(point), metered(point)) {
        (Some((files, bytes)), _) => format!("although {files} files with {bytes} bytes were counted when it started"),
        (None, Some(bytes)) => format!("although EFS metered {bytes} bytes in the file system"),
        (None, None) => "and the file system is not known to have been empty".to_owned(),
    }
}

/// Files and bytes of the whole file system, if all were counted; or of a part that was not empty.
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
            // Files without any bytes.
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
