#![allow(clippy::unwrap_used)]

mod attributes;
mod capture;
mod compare;
mod configure;
pub mod conformance;
mod copies;
mod discovery;
mod preflight;
mod recovery;
mod restore;
mod source;
mod undo;

use serde_json::Value;

use super::*;
use crate::domain::job::{Finished, Progress, Run};
use crate::domain::names;
use crate::domain::resource::RecoveryPoint;
use crate::kinds::{Backup, Deletion};
use crate::testing::replay::{Exchange, Replay, answers, cut, refuses, xml};
use crate::testing::samples::{reason, resource, run};

const ID: &str = "hf-hubs-prod-20261120-021500-ab12-0fa8e7";
const ARN: &str = "arn:aws:rds:eu-west-1:111122223333:cluster-snapshot:the-snapshot";

fn aurora(script: impl IntoIterator<Item = Exchange>) -> (Aurora, Replay) {
    let replay = Replay::new(script);
    (Aurora::from_config(&replay.config()), replay)
}

fn database() -> Resource {
    resource(Target::Aurora {
        cluster: "hubs-db".into(),
    })
}

fn id() -> String {
    names::recovery_point(&run().id, "thing")
}

fn point() -> RecoveryPoint {
    RecoveryPoint::ClusterSnapshot {
        id: ID.into(),
        arn: ARN.into(),
    }
}

fn cluster_is(status: &str) -> Exchange {
    xml(
        "DescribeDBClusters",
        &format!(
            "<DBClusters><DBCluster><DBClusterIdentifier>hubs-db</DBClusterIdentifier><Status>{status}</Status></DBCluster></DBClusters>"
        ),
    )
}

fn snapshot(status: &str, percent: u32, source: &str, set: &str) -> Exchange {
    snapshots(&[shown(status, percent, source, set)])
}

fn snapshots(of: &[String]) -> Exchange {
    let all = format!("<DBClusterSnapshots>{}</DBClusterSnapshots>", of.concat());
    xml("DescribeDBClusterSnapshots", &all)
}

fn shown(status: &str, percent: u32, source: &str, set: &str) -> String {
    let id = id();
    format!(
        "<DBClusterSnapshot><DBClusterSnapshotIdentifier>{id}</DBClusterSnapshotIdentifier>\
         <DBClusterIdentifier>{source}</DBClusterIdentifier><DBClusterSnapshotArn>{ARN}</DBClusterSnapshotArn>\
         <SnapshotCreateTime>2026-11-20T02:16:01.250Z</SnapshotCreateTime><Status>{status}</Status>\
         <PercentProgress>{percent}</PercentProgress><AllocatedStorage>3</AllocatedStorage><TagList>\
         <Tag><Key>holdfast:deployment</Key><Value>hubs-prod</Value></Tag>\
         <Tag><Key>holdfast:set</Key><Value>{set}</Value></Tag>\
         <Tag><Key>holdfast:resource</Key><Value>thing</Value></Tag>\
         </TagList></DBClusterSnapshot>"
    )
}

fn ours(status: &str) -> Exchange {
    snapshot(
        status,
        if status == "available" { 100 } else { 40 },
        "hubs-db",
        &run().id,
    )
}

fn none() -> Exchange {
    refuses("DescribeDBClusterSnapshots", 404, "DBClusterSnapshotNotFoundFault")
}

fn created() -> Exchange {
    xml(
        "CreateDBClusterSnapshot",
        "<DBClusterSnapshot><Status>creating</Status></DBClusterSnapshot>",
    )
}

#[tokio::test]
async fn a_snapshot_is_made_once_under_our_name_with_our_tags() {
    let (aurora, replay) = aurora([
        none(),
        cluster_is("available"),
        created(),
        ours("creating"),
        ours("creating"),
    ]);
    let first = aurora.back_up(&run(), &database()).await.unwrap();
    let second = aurora.back_up(&run(), &database()).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(
        first.recovery_point,
        RecoveryPoint::ClusterSnapshot {
            id: id(),
            arn: ARN.into()
        }
    );
    assert_eq!(first.started_at, "2026-11-20T02:16:01.25Z".parse().unwrap());
    let asked = &replay.played()[2].body;
    for part in [
        format!("DBClusterSnapshotIdentifier={}", id()),
        "DBClusterIdentifier=hubs-db".into(),
        "Tags.Tag.1.Key=holdfast%3Adeployment&Tags.Tag.1.Value=hubs-prod".into(),
        format!("Tags.Tag.2.Key=holdfast%3Aset&Tags.Tag.2.Value={}", run().id),
        "Tags.Tag.3.Key=holdfast%3Aresource&Tags.Tag.3.Value=thing".into(),
    ] {
        assert!(asked.contains(&part), "{part} in {asked}");
    }
}

#[tokio::test]
async fn one_that_appears_meanwhile_is_adopted_and_one_not_shown_yet_is_looked_for_again() {
    let exists = || refuses("CreateDBClusterSnapshot", 400, "DBClusterSnapshotAlreadyExistsFault");
    let (kind, _) = aurora([none(), cluster_is("available"), exists(), ours("creating")]);
    kind.back_up(&run(), &database()).await.unwrap();
    let (kind, _) = aurora([none(), cluster_is("available"), created(), none()]);
    assert_eq!(
        kind.back_up(&run(), &database()).await.unwrap_err().name(),
        "Unavailable"
    );
}

/// This run's snapshot before it shows its tags.
fn untagged(made: &str) -> Exchange {
    let id = id();
    let of = "<DBClusterIdentifier>hubs-db</DBClusterIdentifier>";
    let snapshot = format!("<DBClusterSnapshotIdentifier>{id}</DBClusterSnapshotIdentifier>{of}{made}");
    let list = format!("<DBClusterSnapshots><DBClusterSnapshot>{snapshot}</DBClusterSnapshot></DBClusterSnapshots>");
    xml("DescribeDBClusterSnapshots", &list)
}

/// AWS shows the tags of new resources with a delay.
#[tokio::test]
async fn a_snapshot_that_shows_no_tags_yet_is_looked_at_again() {
    let made = |at: &str| format!("<SnapshotCreateTime>{at}</SnapshotCreateTime>");
    for (time, name) in [
        (String::new(), "Unavailable"),
        (made("2026-11-20T02:16:01Z"), "Unavailable"),
        (made("2026-11-19T02:16:01Z"), "Conflict"),
    ] {
        let (kind, replay) = aurora([none(), cluster_is("available"), created(), untagged(&time)]);
        let error = kind.back_up(&run(), &database()).await.unwrap_err();
        assert_eq!(error.name(), name, "{error}");
        replay.played();
        let (kind, _) = aurora([untagged(&time)]);
        let found = kind.find(&run(), &database()).await;
        assert_eq!(
            found.map_err(|error| error.name()).err(),
            (name == "Unavailable").then_some(name)
        );
    }
}

#[tokio::test]
async fn a_name_taken_by_something_else_is_a_conflict() {
    let elses = [
        snapshot("available", 100, "hubs-db", "another-set"),
        snapshot("available", 100, "other-db", &run().id),
    ];
    for other in elses {
        let (aurora, replay) = aurora([other]);
        let error = aurora.back_up(&run(), &database()).await.unwrap_err();
        assert_eq!(error.name(), "Conflict", "{error}");
        replay.played();
    }
}

#[tokio::test]
async fn what_a_lost_run_made_is_found_and_nothing_else() {
    for (answer, found) in [
        (ours("available"), true),
        (ours("creating"), true),
        (none(), false),
        (snapshot("available", 100, "hubs-db", "another-set"), false),
        (snapshot("available", 100, "other-db", &run().id), false),
    ] {
        let (aurora, replay) = aurora([answer]);
        let point = RecoveryPoint::ClusterSnapshot {
            id: id(),
            arn: ARN.into(),
        };
        assert_eq!(aurora.find(&run(), &database()).await.unwrap(), found.then_some(point));
        let requests = replay.played();
        assert_eq!(requests[0].field("DBClusterSnapshotIdentifier"), Some(id()));
    }
}

#[tokio::test]
async fn a_cluster_that_is_not_available_is_waited_for_or_refused() {
    for (status, name) in [
        ("backing-up", "NotReady"),
        ("modifying", "NotReady"),
        ("upgrading", "NotReady"),
        ("starting", "NotReady"),
        ("stopped", "JobFailed"),
        ("inaccessible-encryption-credentials-recoverable", "JobFailed"),
        ("migration-failed", "JobFailed"),
    ] {
        let (aurora, replay) = aurora([none(), cluster_is(status)]);
        let error = aurora.back_up(&run(), &database()).await.unwrap_err();
        assert_eq!(error.name(), name, "{error}");
        assert!(error.to_string().contains(status), "{error}");
        replay.played();
    }
}

#[tokio::test]
async fn failures_have_their_names() {
    for (code, status, name) in [
        ("Throttling", 400, "Throttled"),
        ("InternalFailure", 500, "Unavailable"),
        ("AccessDenied", 403, "AccessDenied"),
        ("InvalidDBClusterStateFault", 400, "NotReady"),
        ("SnapshotQuotaExceeded", 400, "QuotaExceeded"),
        ("DBClusterNotFoundFault", 404, "NotFound"),
    ] {
        let (aurora, _) = aurora([
            none(),
            cluster_is("available"),
            refuses("CreateDBClusterSnapshot", status, code),
        ]);
        assert_eq!(
            aurora.back_up(&run(), &database()).await.unwrap_err().name(),
            name,
            "{code}"
        );
    }
    let (kind, _) = aurora([refuses("DescribeDBClusterSnapshots", 400, "ThrottlingException")]);
    assert_eq!(kind.poll(&database(), &point()).await.unwrap_err().name(), "Throttled");
}

#[tokio::test]
async fn a_look_says_what_became_of_the_snapshot() {
    let (kind, _) = aurora([ours("creating"), ours("available"), ours("available")]);
    assert_eq!(
        kind.poll(&database(), &point()).await.unwrap(),
        Progress::InProgress { percent: Some(40.0) }
    );
    let done = kind.poll(&database(), &point()).await.unwrap();
    let finished = Finished {
        captured_at: "2026-11-20T02:16:01.25Z".parse().unwrap(),
        finished_at: None,
        size_bytes: Some(3 << 30),
        probes: Vec::new(),
    };
    assert_eq!(done, Progress::Succeeded(finished));
    assert_eq!(kind.poll(&database(), &point()).await.unwrap(), done);
    let (kind, _) = aurora([
        snapshot("available", 99, "hubs-db", "s"),
        ours("copying"),
        ours("never-heard-of"),
    ]);
    for percent in [99.0, 40.0, 40.0] {
        let progress = kind.poll(&database(), &point()).await.unwrap();
        assert_eq!(progress, Progress::InProgress { percent: Some(percent) });
    }
}

#[tokio::test]
async fn every_lost_status_and_a_missing_snapshot_have_failed() {
    for status in [
        "deleted",
        "deleting",
        "failed",
        "incompatible-restore",
        "incompatible-parameters",
    ] {
        let (aurora, _) = aurora([ours(status)]);
        let reason = reason(aurora.poll(&database(), &point()).await.unwrap());
        assert!(reason.contains(status) && reason.contains(ID), "{reason}");
    }
    let (aurora, _) = aurora([none()]);
    assert!(reason(aurora.poll(&database(), &point()).await.unwrap()).contains("deleted"));
}

#[tokio::test]
async fn a_deletion_may_be_under_way_or_refused() {
    let delete = |code: &str, status| refuses("DeleteDBClusterSnapshot", status, code);
    let (kind, replay) = aurora([
        ours("available"),
        xml("DeleteDBClusterSnapshot", ""),
        ours("deleting"),
        ours("deleting"),
        ours("creating"),
        delete("InvalidDBClusterSnapshotStateFault", 400),
    ]);
    for _ in 0..3 {
        assert_eq!(kind.delete(&run(), &point()).await.unwrap(), Deletion::Underway);
    }
    replay.played();
    let (kind, _) = aurora([ours("available"), delete("DBClusterSnapshotNotFoundFault", 404)]);
    assert_eq!(kind.delete(&run(), &point()).await.unwrap(), Deletion::Gone);
    let (kind, _) = aurora([ours("available"), delete("AccessDenied", 403)]);
    assert!(
        matches!(kind.delete(&run(), &point()).await.unwrap(), Deletion::Protected(reason) if reason.contains("AccessDenied"))
    );
    let (kind, _) = aurora([ours("available"), delete("Throttling", 400)]);
    assert_eq!(kind.delete(&run(), &point()).await.unwrap_err().name(), "Throttled");
}

#[tokio::test]
async fn a_snapshot_of_a_sealed_set_says_so_by_its_tag() {
    let (aurora, replay) = aurora([xml("AddTagsToResource", "")]);
    aurora.mark_sealed(&point(), 3).await.unwrap();
    let asked = &replay.played()[0].body;
    for part in [
        "ResourceName=arn%3Aaws%3Ards%3Aeu-west-1%3A111122223333%3Acluster-snapshot%3Athe-snapshot",
        "Tags.Tag.1.Key=holdfast%3Asealed&Tags.Tag.1.Value=3",
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
}
