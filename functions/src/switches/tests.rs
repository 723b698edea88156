#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::testing::replay::{Replay, answers};
use crate::testing::switches::{cluster, db_cluster, db_clusters, run, secret_switch, switch, table, transfers};

fn rename() -> Switch {
    switch(json!({"name": "name", "resource": "database", "kind": "rename"}))
}

#[test]
fn a_table_of_a_prefix_is_found_by_both_names() {
    let mut item = table();
    item.planned.resource.name = "hubs.hubs-rooms".to_owned();
    let of = |table: Option<&str>| {
        let mut switch = secret_switch();
        switch.resource = "hubs".to_owned();
        switch.table = table.map(str::to_owned);
        switch
    };
    assert!(item_of(&of(Some("hubs-rooms")), std::slice::from_ref(&item)).is_some());
    assert!(item_of(&of(None), std::slice::from_ref(&item)).is_none());
}

#[tokio::test]
async fn switches_of_what_is_not_restored_are_passed_over() {
    let replay = Replay::new([]);
    let switches = Switches::from_config(&replay.config(), &transfers());
    let faults = switches
        .preflight(&run(), &[secret_switch()], &[table()])
        .await
        .unwrap();
    assert_eq!(faults, []);
    replay.played();
}

#[tokio::test]
async fn all_faults_are_found_at_once() {
    let replay = Replay::new([
        answers("DescribeSecret", r#"{"DeletedDate":1.0}"#),
        db_clusters(&[db_cluster("taken", "cluster-X", "available", None)]),
    ]);
    let switches = Switches::from_config(&replay.config(), &transfers());
    let faults = switches
        .preflight(&run(), &[secret_switch(), rename()], &[cluster()])
        .await
        .unwrap();
    assert_eq!(faults.len(), 2, "{faults:?}");
    replay.played();
}
