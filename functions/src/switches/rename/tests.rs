#![allow(clippy::unwrap_used)]

mod databases;

use serde_json::{Value, json};

use super::*;
use crate::testing::replay::{Exchange, Replay, cut, refuses, xml};
use crate::testing::switches::{RESTORE, cluster, db_cluster, db_clusters, directory, run, switch, transfers};

const SIDE: &str = "hubs-db-before-r20261120-021500-9517";

fn rename_switch() -> Switch {
    switch(json!({"name": "database-name", "resource": "database", "kind": "rename"}))
}

fn script(exchanges: Vec<Exchange>) -> (Replay, Rename) {
    let replay = Replay::new(exchanges);
    let rename = Rename::from_config(&replay.config(), &transfers());
    (replay, rename)
}

fn gone() -> Exchange {
    refuses("DescribeDBClusters", 404, "DBClusterNotFoundFault")
}

fn before() -> Value {
    json!({"cluster": "hubs-db", "side": SIDE, "copy": "hubs-db-r1", "old": "cluster-OLD", "new": "cluster-NEW"})
}

/// The old cluster and the copy, under these names and in these states.
fn both(old: (&str, &str), new: (&str, &str)) -> Exchange {
    db_clusters(&[
        db_cluster(old.0, "cluster-OLD", old.1, None),
        db_cluster(new.0, "cluster-NEW", new.1, Some(RESTORE)),
    ])
}

fn modified() -> Exchange {
    xml("ModifyDBCluster", "<DBCluster><Status>renaming</Status></DBCluster>")
}

async fn apply(rename: &Rename, before: Value) -> Result<SwitchProgress> {
    rename
        .apply(&run(), &rename_switch(), &cluster(), &before, &Value::Null)
        .await
}

async fn revert(rename: &Rename, before: Value) -> Result<SwitchProgress> {
    rename
        .revert(
            &run(),
            &rename_switch(),
            &cluster(),
            &before,
            &Value::Null,
            &Value::Null,
        )
        .await
}

fn names(replay: &Replay) -> Vec<(String, String)> {
    let requests = replay.played();
    let modified = requests.iter().filter(|request| request.action == "ModifyDBCluster");
    modified
        .map(|request| {
            assert_eq!(request.field("ApplyImmediately").as_deref(), Some("true"));
            (
                request.field("DBClusterIdentifier").unwrap(),
                request.field("NewDBClusterIdentifier").unwrap(),
            )
        })
        .collect()
}

#[tokio::test]
async fn both_clusters_are_observed_by_what_no_rename_changes() {
    let (replay, rename) = script(vec![
        db_clusters(&[db_cluster("hubs-db-r1", "cluster-NEW", "available", Some(RESTORE))]),
        db_clusters(&[db_cluster("hubs-db", "cluster-OLD", "available", None)]),
    ]);
    let seen = rename.observe(&run(), &rename_switch(), &cluster()).await.unwrap();
    assert_eq!(seen, before());
    replay.played();
}

#[tokio::test]
async fn a_lost_cluster_has_no_side_name() {
    let (replay, rename) = script(vec![
        db_clusters(&[db_cluster("hubs-db-r1", "cluster-NEW", "available", Some(RESTORE))]),
        gone(),
    ]);
    let seen = rename.observe(&run(), &rename_switch(), &cluster()).await.unwrap();
    assert_eq!(seen["old"], Value::Null);
    replay.played();
    let new = |name: &str| db_clusters(&[db_cluster(name, "cluster-NEW", "available", Some(RESTORE))]);
    let (replay, rename) = script(vec![new("hubs-db-r1"), modified(), new("hubs-db")]);
    assert!(matches!(
        apply(&rename, seen.clone()).await.unwrap(),
        SwitchProgress::Underway { .. }
    ));
    assert!(matches!(apply(&rename, seen).await.unwrap(), SwitchProgress::Done(_)));
    assert_eq!(names(&replay), [("hubs-db-r1".into(), "hubs-db".into())]);
}

#[tokio::test]
async fn a_copy_that_is_not_ours_is_not_renamed() {
    let other = db_clusters(&[db_cluster("hubs-db-r1", "cluster-X", "available", Some("another"))]);
    let (replay, rename) = script(vec![other]);
    let error = rename.observe(&run(), &rename_switch(), &cluster()).await.unwrap_err();
    assert_eq!(error.name(), "NotFound");
    replay.played();
}

/// RDS may keep a name for a moment after its cluster was renamed.
#[tokio::test]
async fn a_name_that_was_freed_just_now_is_waited_for_and_anothers_is_not() {
    let ok = "available";
    let taken = || {
        [
            both((SIDE, ok), ("hubs-db-r1", ok)),
            refuses("ModifyDBCluster", 400, "DBClusterAlreadyExistsFault"),
        ]
    };
    let ours = db_clusters(&[db_cluster("hubs-db", "cluster-OLD", "renaming", None)]);
    for holder in [gone(), ours] {
        let (replay, rename) = script(taken().into_iter().chain([holder]).collect());
        let looked = apply(&rename, before()).await.unwrap();
        assert!(matches!(looked, SwitchProgress::Underway { .. }), "{looked:?}");
        replay.played();
    }
    let theirs = db_clusters(&[db_cluster("hubs-db", "cluster-X", ok, None)]);
    let (replay, rename) = script(taken().into_iter().chain([theirs]).collect());
    assert_eq!(apply(&rename, before()).await.unwrap_err().name(), "Conflict");
    replay.played();
}

#[tokio::test]
async fn the_old_cluster_steps_aside_and_the_copy_takes_its_name() {
    let ok = "available";
    let (replay, rename) = script(vec![
        both(("hubs-db", ok), ("hubs-db-r1", ok)),
        modified(),
        both(("hubs-db", "renaming"), ("hubs-db-r1", ok)),
        both((SIDE, ok), ("hubs-db-r1", ok)),
        modified(),
        both((SIDE, ok), ("hubs-db-r1", "renaming")),
        both((SIDE, ok), ("hubs-db", ok)),
    ]);
    for _ in 0..4 {
        let looked = apply(&rename, before()).await.unwrap();
        assert!(matches!(looked, SwitchProgress::Underway { .. }), "{looked:?}");
    }
    let done = apply(&rename, before()).await.unwrap();
    assert_eq!(done, SwitchProgress::Done(json!({"cluster": "hubs-db"})));
    assert_eq!(
        names(&replay),
        [
            ("hubs-db".into(), SIDE.into()),
            ("hubs-db-r1".to_owned(), "hubs-db".to_owned())
        ]
    );
}

#[tokio::test]
async fn a_rename_of_which_nobody_heard_is_not_asked_for_twice() {
    let ok = "available";
    let (replay, rename) = script(vec![both(("hubs-db", ok), ("hubs-db-r1", ok)), cut("ModifyDBCluster")]);
    assert_eq!(apply(&rename, before()).await.unwrap_err().name(), "Unavailable");
    replay.played();
    let waiting = db_cluster("hubs-db", "cluster-OLD", ok, None).replace(
        "<Port>",
        "<PendingModifiedValues><DBClusterIdentifier>side</DBClusterIdentifier></PendingModifiedValues><Port>",
    );
    let new = db_cluster("hubs-db-r1", "cluster-NEW", ok, Some(RESTORE));
    let (replay, rename) = script(vec![
        db_clusters(&[waiting, new]),
        both(("hubs-db", ok), ("hubs-db-r1", ok)),
        refuses("ModifyDBCluster", 400, "InvalidDBClusterStateFault"),
    ]);
    for _ in 0..2 {
        assert!(matches!(
            apply(&rename, before()).await.unwrap(),
            SwitchProgress::Underway { .. }
        ));
    }
    replay.played();
}

#[tokio::test]
async fn switching_back_goes_the_other_way_from_wherever_it_stopped() {
    let ok = "available";
    let (replay, rename) = script(vec![
        both((SIDE, ok), ("hubs-db", ok)),
        modified(),
        both((SIDE, ok), ("hubs-db-r1", ok)),
        modified(),
        both(("hubs-db", ok), ("hubs-db-r1", ok)),
    ]);
    for _ in 0..2 {
        assert!(matches!(
            revert(&rename, before()).await.unwrap(),
            SwitchProgress::Underway { .. }
        ));
    }
    assert!(matches!(
        revert(&rename, before()).await.unwrap(),
        SwitchProgress::Done(_)
    ));
    assert_eq!(
        names(&replay),
        [
            ("hubs-db".into(), "hubs-db-r1".into()),
            (SIDE.to_owned(), "hubs-db".to_owned())
        ]
    );
}

#[tokio::test]
async fn a_cluster_that_somebody_renamed_or_deleted_is_left_alone() {
    let ok = "available";
    let (replay, rename) = script(vec![both(("hubs-old", ok), ("hubs-db-r1", ok))]);
    let error = apply(&rename, before()).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(error.to_string().contains("hubs-old"), "{error}");
    replay.played();
    let (replay, rename) = script(vec![db_clusters(&[db_cluster(
        "hubs-db",
        "cluster-NEW",
        ok,
        Some(RESTORE),
    )])]);
    assert_eq!(apply(&rename, before()).await.unwrap_err().name(), "NotFound");
    replay.played();
    let (replay, rename) = script(vec![
        both(("hubs-db", ok), ("hubs-db-r1", ok)),
        refuses("ModifyDBCluster", 400, "DBClusterAlreadyExistsFault"),
        db_clusters(&[db_cluster(SIDE, "cluster-X", ok, None)]),
    ]);
    assert_eq!(apply(&rename, before()).await.unwrap_err().name(), "Conflict");
    replay.played();
}

#[tokio::test]
async fn what_would_fail_is_found_before() {
    let (replay, rename) = script(vec![
        db_clusters(&[db_cluster(SIDE, "cluster-X", "available", None)]),
        gone(),
    ]);
    let taken = rename.preflight(&run(), &rename_switch(), &cluster()).await.unwrap();
    assert!(taken[0].to_string().contains(SIDE), "{taken:?}");
    assert_eq!(
        rename.preflight(&run(), &rename_switch(), &cluster()).await.unwrap(),
        []
    );
    let faults = rename.preflight(&run(), &rename_switch(), &directory()).await.unwrap();
    assert!(faults[0].to_string().contains("a cluster"), "{faults:?}");
    replay.played();
}
