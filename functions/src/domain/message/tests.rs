#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::domain::set::{BackupSet, Point, Reason, RunRecord};

pub mod limits;

pub const ARN: &str = "arn:aws:states:eu-west-1:123456789012:execution:holdfast-backup:20261120-021500-hubs";

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

pub fn reason(subject: &str, error: &str, message: &str) -> Reason {
    Reason {
        subject: subject.into(),
        error: error.into(),
        message: message.into(),
    }
}

pub fn set(status: &str) -> BackupSet {
    read(json!({
        "id": "hubs-20261120-021500-ab12", "deployment": "hubs", "status": status, "execution": ARN,
        "started_at": "2026-11-20T02:15:00Z", "ended_at": "2026-11-20T02:46:00Z", "resources": ["database", "rooms"],
        "captured_from": "2026-11-20T02:15:07Z", "captured_to": "2026-11-20T02:15:09Z", "skew_seconds": 2.0,
        "probes": [{"name": "users", "count": 562}],
    }))
}

pub fn yesterday() -> BackupSet {
    read(json!({
        "id": "hubs-20261119-021500-cd34", "deployment": "hubs", "status": "sealed", "execution": ARN,
        "started_at": "2026-11-19T02:15:00Z", "captured_to": "2026-11-19T02:16:00Z",
    }))
}

pub fn points() -> Vec<Point> {
    read(json!([
        {
            "set": "s", "status": "available", "size_bytes": 5368709120u64, "captured_at": "2026-11-20T02:15:07Z",
            "resource": {"name": "database", "kind": "aurora", "cluster": "hubs-db", "deadline_seconds": 60},
            "recovery_point": {"type": "cluster_snapshot", "id": "hf", "arn": "arn"},
        },
        {
            "set": "s", "status": "failed",
            "resource": {"name": "rooms", "kind": "dynamodb", "table": "hubs-rooms", "deadline_seconds": 60},
            "failure": {"error": "AccessDenied", "cause": "backing up hubs-rooms: AWS returned AccessDenied"},
        },
    ]))
}

pub fn run(more: Value) -> RunRecord {
    let mut record = json!({"id": "s", "deployment": "hubs", "execution": ARN, "started_at": "2026-11-20T02:15:00Z"});
    record
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    read(record)
}

pub fn plain<'a>() -> BackupReport<'a> {
    BackupReport {
        deployment: Some("hubs"),
        execution: ARN,
        started_at: at("2026-11-20T02:15:00Z"),
        now: at("2026-11-20T02:46:00Z"),
        run: None,
        set: None,
        points: &[],
        newest_sealed: None,
        failure: None,
        unreadable: None,
    }
}

#[test]
fn a_sealed_set_is_told_in_full_and_asks_for_nothing() {
    let (set, run, mut points) = (set("sealed"), run(json!({})), points());
    points.truncate(1);
    points.push(Point {
        resource: read(json!({"name": "rooms", "kind": "dynamodb", "table": "hubs-rooms", "deadline_seconds": 60})),
        ..points[0].clone()
    });
    let message = backup(&BackupReport {
        set: Some(&set),
        run: Some(&run),
        points: &points,
        newest_sealed: Some(&set),
        ..plain()
    });
    assert_eq!((message.event, message.severity), (Event::BackupSealed, Severity::Info));
    assert_eq!(
        message.text,
        "Holdfast: hubs backed up, 2 of 2 recovery points sealed

Set hubs-20261120-021500-ab12 is sealed: 2 of 2 recovery points, after 31 minutes.
hubs can be restored as it was at 2026-11-20 02:15:09 UTC.
Now: Nothing. To look at the set: holdfast show hubs hubs-20261120-021500-ab12 --region eu-west-1

Recovery points:
  - database (aurora hubs-db): available, 5 GiB, data of 2026-11-20 02:15:07 UTC
  - rooms (dynamodb hubs-rooms): available, 5 GiB, data of 2026-11-20 02:15:07 UTC

Also:
  - Counted before the capture: users 562.
  - The first and the last capture are 2 s apart (skew).

The execution in account 123456789012, started 2026-11-20 02:15:00 UTC:
https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:holdfast-backup:20261120-021500-hubs
"
    );
}

#[test]
fn a_failed_set_says_why_how_old_the_newest_sealed_one_is_and_what_to_do() {
    let failed = BackupSet {
        reasons: vec![reason("rooms", "AccessDenied", "backing up hubs-rooms: refused")],
        ..set("failed")
    };
    let newest = yesterday();
    let message = backup(&BackupReport {
        set: Some(&failed),
        points: &points(),
        newest_sealed: Some(&newest),
        ..plain()
    });
    assert_eq!(
        (message.event, message.severity),
        (Event::BackupFailed, Severity::Critical)
    );
    assert_eq!(
        message.text,
        "Holdfast: BACKUP OF hubs FAILED (rooms: AccessDenied)

The backup of hubs failed. Set hubs-20261120-021500-ab12 is not sealed: 1 of 2 recovery points are
available.
The newest sealed set is hubs-20261119-021500-cd34, 1 day old: it holds the data of 2026-11-19
02:16:00 UTC. A restore today would lose what was written since.
Now: rooms: it was denied what the reason names. If a database denied it, do what the reason says.
     If AWS did, check the policy of the key or the vault that it names; or, if it names neither,
     the stack's patterns (ClusterPattern, TablePattern, FileSystemPattern, VaultPattern,
     BackupRolePattern). Then back up again:
     holdfast backup hubs --watch --region eu-west-1

Why:
  - rooms: AccessDenied: backing up hubs-rooms: refused

Its recovery points:
  - rooms (dynamodb hubs-rooms): FAILED, AccessDenied
  - database (aurora hubs-db): available, 5 GiB, data of 2026-11-20 02:15:07 UTC

The execution in account 123456789012, started 2026-11-20 02:15:00 UTC:
https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:holdfast-backup:20261120-021500-hubs
"
    );
    assert_eq!(message.json["newest_sealed"]["age_seconds"], 88_200);
    assert_eq!(message.json["reasons"][0]["error"], "AccessDenied");
}

#[test]
fn a_deployment_that_was_never_sealed_hears_so_in_capitals() {
    let failed = set("failed");
    let message = backup(&BackupReport {
        set: Some(&failed),
        ..plain()
    });
    assert!(
        message.text.contains("TODAY THERE IS NOTHING TO RESTORE FROM"),
        "{}",
        message.text
    );
    assert_eq!(message.json["newest_sealed"], Value::Null);
}

#[test]
fn an_application_left_at_rest_comes_first_even_when_the_set_is_sealed() {
    let set = set("sealed");
    let run = run(
        json!({"quiesced_at": "2026-11-20T02:15:02Z", "warnings": [{"subject": "Resume", "error": "Unavailable", "message": "no answer"}]}),
    );
    let message = backup(&BackupReport {
        set: Some(&set),
        run: Some(&run),
        ..plain()
    });
    assert_eq!(message.severity, Severity::Critical);
    assert!(
        message
            .subject
            .starts_with("Holdfast: hubs IS STILL QUIESCED; backed up"),
        "{}",
        message.subject
    );
    assert!(
        message.text.contains("Now: See whether hubs serves its users"),
        "{}",
        message.text
    );
    assert_eq!(message.json["left_quiesced_at"], "2026-11-20T02:15:02Z");
}

/// However long the error is that is cut: the steps have all of it.
#[test]
fn an_application_left_at_rest_is_resumed_by_hand_as_its_hooks_recorded() {
    let at = "2026-11-20T02:15:02Z";
    let by_hand = |hooks: Value| facts::resume_by_hand(Some(&run(json!({"quiesced_at": at, "hooks": hooks}))));
    let hook = |name: &str, phase: &str, more: Value| {
        let mut hook = json!({"name": name, "phase": phase, "begun_at": at, "by_hand": format!("start {name}")});
        for (field, value) in more.as_object().unwrap() {
            hook[field] = value.clone();
        }
        hook
    };
    let quiesced = [
        hook("web", "quiesce", json!({})),
        hook("ingest", "quiesce", json!({"undone_at": at})),
        hook("jobs", "quiesce", json!({"did_nothing": true})),
        hook("mail", "quiesce", json!({})),
    ];
    assert_eq!(by_hand(json!(quiesced)), "start mail; start web");
    let mut unsaid = quiesced.to_vec();
    unsaid[0]["by_hand"] = json!("");
    assert_eq!(
        by_hand(json!(unsaid)),
        "start mail; do what its hook web does to resume"
    );
    let mut listed = unsaid;
    listed.push(hook("online", "resume", json!({"done_at": at})));
    listed.push(hook("cache", "resume", json!({})));
    assert_eq!(
        by_hand(json!(listed)),
        "start cache",
        "the list `resume` resumes, and no undo"
    );
    let off = hook("web", "quiesce", json!({"undo_begun_at": at}));
    let online = hook("online", "resume", json!({"done_at": at}));
    assert_eq!(by_hand(json!([off, online])), "start web", "seen to be off still");
    assert_eq!(by_hand(json!(null)), "do what its hooks do to resume");
}

#[test]
fn a_probe_or_a_pruning_that_failed_is_a_warning() {
    let mut set = set("sealed");
    set.probes = read(
        json!([{"name": "users", "failure": {"error": "Unavailable", "cause": "{\"errorMessage\": \"no route\"}"}}]),
    );
    let pruning = reason("PruneSets", "States.Timeout", "");
    let message = backup(&BackupReport {
        set: Some(&set),
        failure: Some(&pruning),
        ..plain()
    });
    assert_eq!(message.severity, Severity::Warning);
    assert!(message.subject.ends_with("with 2 warnings"), "{}", message.subject);
    assert!(
        message
            .text
            .contains("  - probe users: Unavailable: no route\n  - PruneSets: States.Timeout"),
        "{}",
        message.text
    );
}

#[test]
fn a_run_that_was_not_started_says_that_nothing_was_touched() {
    let newest = yesterday();
    let busy = reason("PlanBackup", "DeploymentBusy", "another run has the lease");
    let message = backup(&BackupReport {
        failure: Some(&busy),
        newest_sealed: Some(&newest),
        ..plain()
    });
    assert_eq!(
        (message.event, message.severity),
        (Event::BackupNotStarted, Severity::Warning)
    );
    assert!(
        message.text.contains("was not started; nothing was touched.\n")
            && message
                .text
                .contains("  - PlanBackup: DeploymentBusy: another run has the lease\n")
    );
    assert!(!message.text.contains("Back up again"), "{}", message.text);

    let invalid = reason("PlanBackup", "InvalidInput", "deployment: (missing) is not allowed");
    let message = backup(&BackupReport {
        deployment: None,
        failure: Some(&invalid),
        ..plain()
    });
    assert_eq!(message.severity, Severity::Critical);
    assert_eq!(
        message.subject,
        "Holdfast: backup of (no deployment) NOT STARTED (InvalidInput)"
    );
    assert!(message.text.contains("holdfast deployments"));
}

#[test]
fn an_aborted_execution_is_told_with_what_the_clean_up_did() {
    let running = set("running");
    let run = run(json!({"quiesced_at": "2026-11-20T02:15:02Z", "resumed_at": "2026-11-20T02:20:00Z"}));
    let newest = yesterday();
    let facts = BackupReport {
        set: Some(&running),
        run: Some(&run),
        points: &points(),
        newest_sealed: Some(&newest),
        ..plain()
    };
    let message = ended(
        &facts,
        &EarlyEnd {
            status: "ABORTED",
            cause: Some("by\nme"),
            lease_released: true,
        },
    );
    assert_eq!(
        (message.event, message.severity),
        (Event::BackupEnded, Severity::Critical)
    );
    assert_eq!(message.subject, "Holdfast: backup of hubs ended ABORTED, NO SET SEALED");
    for part in [
        "Step Functions says: by me",
        "The application was resumed at 2026-11-20 02:20:00 UTC.",
        "The deployment is free for another run.",
        "The newest sealed set is hubs-20261119-021500-cd34, 1 day old",
        "Unless it was stopped on purpose, back up again: holdfast backup hubs --watch",
    ] {
        let text = message.text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(part), "{part} is not in\n{}", message.text);
    }
    assert_eq!(message.json["execution_status"], "ABORTED");
}
