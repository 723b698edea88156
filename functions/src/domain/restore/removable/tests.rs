#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// One resource of a restore that was cut over, in part or whole.
#[derive(Debug, Clone)]
struct Restored {
    kind: &'static str,
    /// The states of its switches.
    switches: Vec<&'static str>,
    rename: bool,
    /// Whether there was an old cluster to give the side name.
    had_old: bool,
    /// Whether the descriptor could be changed.
    followed: bool,
    /// Where its data was in the file system.
    root: &'static str,
}

fn restored() -> impl Strategy<Value = Restored> {
    let state = prop::sample::select(vec!["done", "done", "done", "begun", "returned"]);
    (
        prop::sample::select(vec!["aurora", "dynamodb", "efs", "new efs", "in a prefix"]),
        prop::collection::vec(state, 0..3),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        prop::sample::select(vec![
            "/",
            "/uploads",
            "/aws-backup-restore_new",
            "/aws-backup-restore_new/data",
            "/aws",
        ]),
    )
        .prop_map(|(kind, switches, rename, had_old, followed, root)| Restored {
            kind,
            rename: rename && kind == "aurora",
            switches,
            had_old,
            followed,
            root,
        })
}

fn name(at: usize, of: &Restored) -> String {
    match of.kind {
        "in a prefix" => format!("tables.t{at}"),
        _ => format!("r{at}"),
    }
}

/// The record and the items of a restore.
fn outcome(all: &[Restored]) -> (RestoreRecord, Vec<RestoreItem>) {
    let (mut items, mut switched, mut followed) = (Vec::new(), Vec::new(), Vec::new());
    for (at, of) in all.iter().enumerate() {
        let name = name(at, of);
        let (kind, field, old, created) = match of.kind {
            "aurora" => (
                "aurora",
                "cluster",
                format!("old{at}"),
                json!({"made": "cluster", "cluster": format!("new{at}"), "arn": "a", "host": "h", "reader_host": "r", "port": 1}),
            ),
            "efs" => (
                "efs",
                "file_system",
                "fs-shared".to_owned(),
                json!({"made": "directory", "file_system": "fs-shared", "job": "j", "directory": "/aws-backup-restore_new"}),
            ),
            "new efs" => (
                "efs",
                "file_system",
                format!("fs-old{at}"),
                json!({"made": "file_system", "file_system": format!("fs-new{at}"), "job": "j", "directory": null}),
            ),
            _ => (
                "dynamodb",
                "table",
                format!("old{at}"),
                json!({"made": "table", "table": format!("new{at}"), "arn": "a"}),
            ),
        };
        let (beside, place) = match of.kind {
            "efs" => (json!({"into": "directory", "file_system": "fs-shared"}), "root"),
            "new efs" => (json!({"into": "file_system", "token": "t"}), "resource"),
            "aurora" => (json!({"into": "cluster", "cluster": format!("new{at}")}), "resource"),
            _ => (json!({"into": "table", "table": format!("new{at}")}), "resource"),
        };
        items.push(json!({
            "restore": "r", "status": "restored", "made": created,
            "planned": {
                "resource": {"name": name, "kind": kind, field: old, "deadline_seconds": 60},
                "source": {"from": "versions", "versions": []}, "beside": beside,
            },
        }));
        for (nth, state) in of.switches.iter().enumerate() {
            let mut switch = json!({"name": format!("s{at}-{nth}"), "resource": name, "kind": "parameter", "parameter": "/p", "value": "table"});
            if let Some((resource, table)) = name.split_once('.') {
                (switch["resource"], switch["table"]) = (json!(resource), json!(table));
            }
            if of.rename && nth == 0 {
                switch = json!({"name": format!("s{at}-{nth}"), "resource": name, "kind": "rename"});
            }
            let before = json!({"side": format!("side{at}"), "old": of.had_old.then_some("cluster-OLD")});
            switched.push(json!({"switch": switch, "state": state, "before": before}));
        }
        let whole = !of.switches.is_empty() && of.switches.iter().all(|state| *state == "done");
        if whole && of.followed && !of.rename && of.kind != "in a prefix" {
            let (from, to) = match of.kind {
                "efs" => (of.root.to_owned(), "/aws-backup-restore_new/x".to_owned()),
                "new efs" => (old, format!("fs-new{at}")),
                _ => (old, format!("new{at}")),
            };
            followed.push(json!({
                "resource": name, "in": place, "name": name, "field": field, "from": from, "to": to, "at": "2026-11-20T04:41:00Z",
            }));
        }
    }
    let record = json!({
        "id": "r", "deployment": "hubs", "execution": "arn", "status": "cut_over", "started_at": "2026-11-20T04:15:00Z",
        "switched": switched, "followed": followed,
        "plan": {
            "at_rest": true, "made_at": "2026-11-20T04:15:02Z", "resources": [], "cut_over": "yes", "approval": false,
            "safety_backup": false, "dry_run": false, "on_failure": "undo", "expected_seconds": 1,
        },
    });
    (read(record), read(Value::Array(items)))
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// What an application uses after the restore, derived only from the generated values.
fn live(at: usize, of: &Restored) -> Vec<String> {
    let whole = !of.switches.is_empty() && of.switches.iter().all(|state| *state == "done");
    let (old, new) = (format!("old{at}"), format!("new{at}"));
    match (of.kind, whole) {
        ("efs", _) => vec!["file system fs-shared".to_owned()],
        ("new efs", true) => vec![format!("file system fs-{new}")],
        ("new efs", false) => vec![format!("file system fs-{old}"), format!("file system fs-{new}")],
        // The copy then has the old name.
        ("aurora", true) if of.rename => vec![format!("cluster {old}"), format!("cluster {new}")],
        ("aurora", true) => vec![format!("cluster {new}")],
        ("aurora", false) => vec![
            format!("cluster {old}"),
            format!("cluster {new}"),
            format!("cluster side{at}"),
        ],
        (_, true) => vec![format!("table {new}")],
        (_, false) => vec![format!("table {old}"), format!("table {new}")],
    }
}

fn words(record: &RestoreRecord, items: &[RestoreItem]) -> Vec<String> {
    removable(record, items).iter().map(ToString::to_string).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_that_is_used_is_told_to_be_removed(all in prop::collection::vec(restored(), 1..7)) {
        let (record, items) = outcome(&all);
        let found = words(&record, &items);
        for (at, of) in all.iter().enumerate() {
            for used in live(at, of) {
                prop_assert!(!found.contains(&used), "{used} is used: {found:?}");
            }
        }
        for directory in found.iter().filter(|one| one.starts_with("directory ")) {
            prop_assert!(
                directory == "directory /uploads of file system fs-shared" || directory == "directory /aws of file system fs-shared",
                "{directory}"
            );
        }
    }
}

#[test]
fn what_was_replaced_is_told_by_its_exact_name() {
    let of = |kind, rename, had_old, followed, root| Restored {
        kind,
        switches: vec!["done"],
        rename,
        had_old,
        followed,
        root,
    };
    let all = [
        of("aurora", false, true, true, "/"),
        of("aurora", true, true, false, "/"),
        of("aurora", true, false, false, "/"),
        of("dynamodb", false, true, true, "/"),
        of("in a prefix", false, true, false, "/"),
        of("efs", false, true, true, "/uploads"),
        of("new efs", false, true, true, "/"),
        // If the descriptor no longer names it, it is not certain that nothing uses it.
        of("dynamodb", false, true, false, "/"),
    ];
    let (record, items) = outcome(&all);
    assert_eq!(
        words(&record, &items),
        [
            "cluster old0",
            "cluster side1",
            "directory /uploads of file system fs-shared",
            "file system fs-old6",
            "table old3",
            "table old4",
        ]
    );
}
