#![allow(clippy::unwrap_used)]

mod early_end;
mod failure;
mod limits;
mod success;
mod undo;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::domain::machine::Machine;
use crate::domain::message::{EarlyEnd, Event, Severity};
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::{Question, RestoreRecord};
use crate::domain::set::Reason;

pub const ARN: &str = "arn:aws:states:eu-west-1:123456789012:execution:holdfast-restore:at-night";
pub const REMOVE: &str = "holdfast undo-restore hubs-20261120-041500-cd34";

pub fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn reason(subject: &str, error: &str, message: &str) -> Reason {
    Reason {
        subject: subject.into(),
        error: error.into(),
        message: message.into(),
    }
}

/// A restore of a cluster and a guard from a set.
pub fn record(status: &str, more: Value) -> RestoreRecord {
    let planned = [planned("database"), planned("login")];
    let mut record = json!({
        "id": "hubs-20261120-041500-cd34", "deployment": "hubs", "execution": ARN, "status": status,
        "started_at": "2026-11-20T04:15:00Z",
        "plan": {
            "set": "hubs-20261120-021500-ab12", "at_rest": true, "made_at": "2026-11-20T04:15:02Z", "resources": planned,
            "not_covered": ["the search index is not in the deployment"],
            "remarks": ["set hubs-20261120-031500-ef56 is newer and was passed over"],
            "cut_over": "yes", "approval": false, "safety_backup": false, "dry_run": false, "on_failure": "undo",
            "switches": ["secret hubs/db: host and port lead to the copy"], "expected_seconds": 1500,
        },
    });
    for (field, value) in more.as_object().unwrap() {
        match record["plan"].get(field).is_some() {
            true => record["plan"][field] = value.clone(),
            false => record[field] = value.clone(),
        }
    }
    read(record)
}

fn planned(name: &str) -> Value {
    match name {
        "database" => json!({
            "resource": {"name": "database", "kind": "aurora", "cluster": "hubs-db", "deadline_seconds": 60},
            "source": {"from": "cluster_snapshot", "id": "hf-hubs-1", "arn": "arn"},
            "beside": {"into": "cluster", "cluster": "hubs-db-r20261120-041500"},
            "holds": "2026-11-20T02:15:09Z", "loss_seconds": 7200, "size_bytes": 5368709120u64, "usual_seconds": 1500,
            "creates": ["parameter group hubs-15"],
        }),
        _ => json!({
            "resource": {"name": "login", "kind": "secret", "secret": "hubs/login", "deadline_seconds": 60},
            "source": {"from": "versions", "versions": [{"name": "hubs/login", "version": "1"}]},
            "beside": {"into": "nothing"}, "holds": "2026-11-20T02:15:09Z",
        }),
    }
}

/// The items of that restore, in this status.
pub fn items(status: &str) -> Vec<RestoreItem> {
    let made = json!({
        "made": "cluster", "cluster": "hubs-db-r20261120-041500", "arn": "arn", "host": "new.rds", "reader_host": "ro.rds", "port": 5432,
    });
    read(json!([
        {"restore": "r", "planned": planned("database"), "status": status, "remarks": ["a role was attached again"],
         "made": if status == "planned" { json!(null) } else { made }},
        {"restore": "r", "planned": planned("login"), "status": "restored", "remarks": ["version 2 is newer than the set's"]},
    ]))
}

pub fn verification(outcome: &str) -> Value {
    let database = match outcome {
        "verified" => json!({"name": "probe users", "finding": "same", "detail": "562 in the set, 562 in the copy"}),
        "unproven" => json!({"name": "probe users", "finding": "unproven", "detail": "0 in the set, 0 in the copy"}),
        _ => json!({"name": "probe users", "finding": "different", "detail": "562 in the set, 0 in the copy"}),
    };
    let same = json!({"name": "database: configuration", "finding": "same", "detail": "as captured"});
    json!({"outcome": outcome, "checks": [database, same], "at": "2026-11-20T04:40:00Z"})
}

pub fn switched(state: &str) -> Value {
    json!([{
        "switch": {"name": "app", "resource": "database", "kind": "secret", "secret": "hubs/db", "values": {"host": "host", "port": "port"}},
        "state": state, "before": {"version": "v1"}, "after": {"version": "v2"}, "at": "2026-11-20T04:41:00Z",
    }])
}

pub fn plain<'a>() -> RestoreReport<'a> {
    RestoreReport {
        deployment: Some("hubs"),
        execution: ARN,
        started_at: at("2026-11-20T04:15:00Z"),
        now: at("2026-11-20T04:45:00Z"),
        run: None,
        record: None,
        items: &[],
        failure: None,
        newest_sealed: None,
        unreadable: None,
    }
}

pub fn told(record: &RestoreRecord, items: &[RestoreItem]) -> (Message, RestoreOutcome, bool) {
    restore(&RestoreReport {
        record: Some(record),
        items,
        ..plain()
    })
}

/// The same words, without regard to line breaks.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub fn assert_says(message: &Message, parts: &[&str]) {
    let text = flat(&message.text);
    for part in parts {
        assert!(text.contains(&flat(part)), "{part:?} is not in\n{}", message.text);
    }
}

pub fn assert_says_nothing_of(message: &Message, parts: &[&str]) {
    for part in parts {
        let said = message.text.contains(part) || message.json.to_string().contains(part);
        assert!(!said, "{part:?} is in\n{}", message.text);
    }
}
