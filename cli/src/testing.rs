//! Records for tests.
#![allow(clippy::unwrap_used)]

pub mod leftovers;
pub mod watch;

use holdfast::domain::job::Run;
use holdfast::domain::resource::{RecoveryPoint, Resource, Target};
use holdfast::domain::restore::RestoreRecord;
use holdfast::domain::set::{BackupSet, Point, PointStatus, Purpose, RunRecord, SetStatus};
use jiff::Timestamp;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A run of `backup` of the deployment `hubs`.
fn begun(id: &str, started_at: &str) -> Run {
    Run {
        deployment: "hubs".into(),
        id: id.into(),
        execution: format!("arn:aws:states:us-east-1:000000000000:execution:holdfast-backup:{id}"),
        started_at: at(started_at),
    }
}

pub fn set(id: &str, status: SetStatus, started_at: &str) -> BackupSet {
    BackupSet {
        status,
        ..BackupSet::begun(&begun(id, started_at), vec!["database".into(), "storage".into()])
    }
}

pub fn run(id: &str, started_at: &str, ended_at: Option<&str>) -> RunRecord {
    RunRecord {
        ended_at: ended_at.map(at),
        ..RunRecord::begun(&begun(id, started_at), Purpose::Backup)
    }
}

/// A restore that asks about `about` until 04:00.
pub fn asking(about: &str) -> RestoreRecord {
    let started = "2025-01-31T23:00:00Z";
    let question = serde_json::json!({
        "about": about, "token": "a-key", "asked_at": started, "until": "2025-02-01T04:00:00Z",
    });
    let plan = serde_json::json!({
        "set": "hubs-20250131-020000-ab12", "at_rest": true, "made_at": started, "resources": [], "cut_over": "ask",
        "approval": true, "safety_backup": false, "dry_run": false, "on_failure": "undo",
    });
    serde_json::from_value(serde_json::json!({
        "id": "hubs-20250131-230000-cd34", "deployment": "hubs", "execution": "arn:x", "started_at": started,
        "status": "running", "plan": plan, "question": question,
    }))
    .unwrap()
}

/// A point of the cluster `hubs-db`, as resource `name`.
pub fn point(set: &str, name: &str, status: PointStatus, started_at: &str) -> Point {
    let id = format!("hf-{set}-0a1b2c");
    let resource = Resource {
        name: name.into(),
        target: Target::Aurora {
            cluster: "hubs-db".into(),
        },
        deadline_seconds: 21_600,
    };
    Point {
        status,
        recovery_point: Some(RecoveryPoint::ClusterSnapshot {
            arn: format!("arn:aws:rds:us-east-1:000000000000:cluster-snapshot:{id}"),
            id,
        }),
        configuration: serde_json::json!({ "engine": "aurora-postgresql" }),
        started_at: Some(at(started_at)),
        ..Point::begun(set, resource)
    }
}
