#![allow(clippy::unwrap_used)]
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::postgres::testing;
use crate::rds::cluster::{Endpoint, Pending};
use crate::rds::initial_state::empty;
use crate::rds::job::Job;
use crate::rds::settings::Settings;
use crate::rds::snapshot::Kind;
use crate::rds::tags::Tags;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn state() -> State {
    let dir = tempfile::tempdir().unwrap();
    empty(&testing::world(dir.path()))
}

fn cluster(id: &str) -> Cluster {
    Cluster {
        id: id.to_owned(),
        arn: format!("arn:aws:rds:us-east-1:000000000000:cluster:{id}"),
        resource_id: format!("cluster-{id}"),
        created: at(0),
        settings: Settings::defaults("16.8"),
        tags: Tags::new(),
        roles: Vec::new(),
        secret: None,
        endpoint: Endpoint {
            writer: String::new(),
            reader: String::new(),
            port: 5432,
        },
        phase: cluster::Phase::Available,
        writer: None,
        server: None,
        backed_up_since: Some(at(0)),
        pending: Pending::default(),
        clone_group: None,
    }
}

fn instance(id: &str, of: &str, tier: u32) -> Instance {
    Instance {
        id: id.to_owned(),
        arn: String::new(),
        resource_id: String::new(),
        cluster: of.to_owned(),
        class: "db.r6g.large".to_owned(),
        created: at(0),
        zone: String::new(),
        tier,
        parameter_group: String::new(),
        publicly_accessible: false,
        maintenance_window: String::new(),
        auto_minor_version_upgrade: true,
        monitoring_interval: 0,
        monitoring_role: None,
        performance_insights: false,
        insights_key: None,
        insights_retention_days: 7,
        ca: String::new(),
        tags: Tags::new(),
        phase: instance::Phase::Available,
    }
}

fn snapshot(id: &str, of: &str, kind: Kind) -> Snapshot {
    Snapshot {
        id: id.to_owned(),
        arn: String::new(),
        kind,
        cluster: of.to_owned(),
        cluster_resource_id: format!("cluster-{of}"),
        cluster_created: at(0),
        created: at(0),
        vpc: String::new(),
        settings: Settings::defaults("16.8"),
        source_arn: None,
        tags: Tags::new(),
        shared_with: BTreeSet::new(),
        phase: snapshot::Phase::Available,
        path: Path::new("/snapshots").join(id),
    }
}

fn add(state: &mut State, snapshot: Snapshot) {
    state.snapshots.insert(snapshot.id.clone(), snapshot);
}

#[test]
fn a_snapshot_is_there_when_its_job_is_done_and_leaves_its_directory_to_be_removed() {
    let mut state = state();
    let mut new = snapshot("s", "c", Kind::Manual);
    new.phase = snapshot::Phase::Creating(Job::lasting(at(100), Duration::from_secs(10)).of_time_only());
    add(&mut state, new);
    assert!(state.advance(at(109)).is_empty());
    assert_eq!(state.snapshot("S").unwrap().status(), "creating");
    assert!(state.advance(at(110)).is_empty());
    assert_eq!(state.snapshot("s").unwrap().status(), "available");
    state.snapshot_mut("s").unwrap().phase = snapshot::Phase::Deleting(at(120));
    assert!(state.advance(at(119)).is_empty());
    let discards = state.advance(at(120));
    assert_eq!(discards[0].path.as_deref(), Some(Path::new("/snapshots/s")));
    assert_eq!(state.snapshot("s").unwrap_err().code, "DBClusterSnapshotNotFoundFault");
}

#[test]
fn the_instance_of_the_lowest_tier_follows_a_writer_that_goes() {
    let mut state = state();
    let mut one = cluster("c");
    one.writer = Some("w".to_owned());
    state.clusters.insert("c".to_owned(), one);
    for (id, tier) in [("w", 0), ("a", 5), ("b", 1)] {
        state.instances.insert(id.to_owned(), instance(id, "c", tier));
    }
    state.advance(at(1));
    assert_eq!(state.cluster("c").unwrap().writer.as_deref(), Some("w"));
    state.instance_mut("w").unwrap().phase = instance::Phase::Deleting(at(10));
    state.advance(at(2));
    assert_eq!(state.cluster("c").unwrap().writer.as_deref(), Some("b"));
    state.advance(at(10));
    assert_eq!(state.members(state.cluster("c").unwrap()).len(), 2);
}

#[test]
fn which_instance_is_the_writer_is_not_told_by_which_came_first() {
    let writer = |seed| {
        let mut state = state();
        state.order = ListOrder::new(seed);
        state.clusters.insert("c".to_owned(), cluster("c"));
        for (id, ready) in [("first", 10), ("second", 20)] {
            let mut new = instance(id, "c", 1);
            new.phase = instance::Phase::Creating(Job::lasting(at(0), Duration::from_secs(ready)).of_time_only());
            state.instances.insert(id.to_owned(), new);
        }
        state.advance(at(10));
        assert_eq!(state.cluster("c").unwrap().writer.as_deref(), Some("first"));
        state.advance(at(20));
        state.cluster("c").unwrap().writer.clone().unwrap()
    };
    let writers: BTreeSet<String> = (0..10).map(writer).collect();
    assert_eq!(writers.len(), 2);
    assert_eq!(writer(3), writer(3));
}

#[test]
fn a_cluster_goes_after_its_instances_with_its_automated_snapshots_only() {
    let mut state = state();
    let mut going = cluster("c");
    going.phase = cluster::Phase::Deleting(at(5));
    state.clusters.insert("c".to_owned(), going);
    let mut last = instance("i", "c", 1);
    last.phase = instance::Phase::Deleting(at(20));
    state.instances.insert("i".to_owned(), last);
    add(&mut state, snapshot("manual", "c", Kind::Manual));
    add(&mut state, snapshot("rds:automated", "c", Kind::Automated));
    state.advance(at(10));
    assert_eq!(state.cluster("c").unwrap().status(), "deleting");
    state.advance(at(20));
    assert_eq!(state.cluster("c").err().unwrap().code, "DBClusterNotFoundFault");
    assert_eq!(state.snapshots.keys().collect::<Vec<_>>(), ["manual"]);
}

#[test]
fn only_an_available_cluster_takes_operations() {
    let mut state = state();
    state.clusters.insert("c".to_owned(), cluster("c"));
    assert!(state.available_cluster("C").is_ok());
    let until = at(50);
    for phase in [
        cluster::Phase::Creating(Job::lasting(at(0), Duration::from_secs(1000))),
        cluster::Phase::Changing("modifying", until),
        cluster::Phase::Deleting(until),
        cluster::Phase::Broken("incompatible-restore"),
    ] {
        state.cluster_mut("c").unwrap().phase = phase;
        let fault = state.available_cluster("c").err().unwrap();
        assert_eq!((fault.code, fault.status), ("InvalidDBClusterStateFault", 400));
    }
    state.cluster_mut("c").unwrap().phase = cluster::Phase::Changing("modifying", until);
    state.advance(until);
    assert!(state.available_cluster("c").is_ok());
}

#[test]
fn the_quota_counts_manual_snapshots_only() {
    use crate::rds::actions::check_snapshot_name;
    let mut state = state();
    for number in 0..99 {
        add(&mut state, snapshot(&format!("s{number}"), "c", Kind::Manual));
    }
    add(&mut state, snapshot("rds:a", "c", Kind::Automated));
    assert!(check_snapshot_name(&state, "new").is_ok());
    add(&mut state, snapshot("s99", "c", Kind::Manual));
    assert_eq!(
        check_snapshot_name(&state, "new").unwrap_err().code,
        "SnapshotQuotaExceeded"
    );
    assert_eq!(
        check_snapshot_name(&state, "s1").unwrap_err().code,
        "DBClusterSnapshotAlreadyExistsFault"
    );
}
