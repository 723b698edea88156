//! Removing a copy.

use serde_json::{Value, json};

use super::copies::*;
use super::*;
use crate::domain::restore::item::UndoProgress;
use crate::kinds::Restore;

pub fn copy(changes: &[(&str, Value)]) -> Value {
    let mut cluster = faithful()["DBCluster"].clone();
    cluster["DeletionProtection"] = false.into();
    for (name, value) in changes {
        cluster[*name] = value.clone();
    }
    cluster
}

fn instances(statuses: [&str; 2]) -> Exchange {
    let mut instances = faithful()["DBInstances"].clone();
    for (number, status) in statuses.into_iter().enumerate() {
        instances[number]["DBInstanceStatus"] = status.into();
    }
    instances_answer(&instances)
}

pub fn groups(owner: &str) -> Vec<Exchange> {
    let tags = tag_list(&[], owner);
    vec![
        cluster_group_answer(&configuration()["DBClusterParameterGroup"]),
        tags_answer(&tags),
        instance_group_answer(&configuration()["DBParameterGroups"][0]),
        tags_answer(&tags),
    ]
}

fn no_groups() -> [Exchange; 2] {
    [
        refuses("DescribeDBClusterParameterGroups", 404, "DBParameterGroupNotFound"),
        refuses("DescribeDBParameterGroups", 404, "DBParameterGroupNotFound"),
    ]
}

async fn undone(script: Vec<Exchange>) -> (UndoProgress, Vec<crate::testing::replay::Asked>) {
    let (aurora, replay) = aurora(script);
    let undoing = aurora
        .undo(&restore(), &item(from_snapshot(), configuration()))
        .await
        .unwrap();
    (undoing, replay.played())
}

/// What it waits for.
#[track_caller]
fn waiting(undoing: UndoProgress) -> String {
    match undoing {
        UndoProgress::Underway(words) => words,
        other => panic!("not under way: {other:?}"),
    }
}

#[tokio::test]
async fn a_copy_goes_with_its_instances_its_scaling_and_its_parameter_groups() {
    // Deletion protection first.
    let script = vec![
        cluster_answer(&copy(&[("DeletionProtection", true.into())]), "available"),
        xml("ModifyDBCluster", ""),
    ];
    let (undoing, asked) = undone(script).await;
    assert_eq!(
        waiting(undoing),
        "cluster hubs-db-r1 is being modified to disable deletion protection"
    );
    assert_eq!(asked[1].field("DeletionProtection").as_deref(), Some("false"));
    // Then everything in it, including an instance that is not in the plan, and the cluster without a final snapshot.
    let mut all = faithful()["DBInstances"].clone();
    let mut autoscaled = all[0].clone();
    autoscaled["DBInstanceIdentifier"] = "application-autoscaling-1".into();
    all.as_array_mut().unwrap().push(autoscaled);
    let script = vec![
        cluster_answer(&copy(&[]), "available"),
        answers("DeregisterScalableTarget", "{}"),
        instances_answer(&all),
        xml("DeleteDBInstance", ""),
        xml("DeleteDBInstance", ""),
        xml("DeleteDBInstance", ""),
        xml("DeleteDBCluster", ""),
    ];
    let (undoing, asked) = undone(script).await;
    assert_eq!(waiting(undoing), "cluster hubs-db-r1 is deleting");
    assert_eq!(asked[1].json()["ResourceId"], "cluster:hubs-db-r1");
    let deleted = [3, 4, 5].map(|at: usize| asked[at].field("DBInstanceIdentifier").unwrap());
    assert_eq!(deleted, ["hubs-db-1-r1", "hubs-db-2-r1", "application-autoscaling-1"]);
    assert_eq!(asked[6].field("DBClusterIdentifier").as_deref(), Some(TARGET));
    assert_eq!(asked[6].field("SkipFinalSnapshot").as_deref(), Some("true"));
    assert_eq!(asked[6].field("DeleteAutomatedBackups").as_deref(), Some("true"));
    let (undoing, _) = undone(vec![cluster_answer(&copy(&[]), "deleting")]).await;
    assert_eq!(waiting(undoing), "cluster hubs-db-r1 is deleting");
    // Then the parameter groups that this restore created; repeating it changes nothing.
    let mut script = vec![no_cluster()];
    let mut groups = groups(&restore().id);
    groups.insert(2, xml("DeleteDBClusterParameterGroup", ""));
    groups.push(xml("DeleteDBParameterGroup", ""));
    script.extend(groups);
    assert_eq!(undone(script).await.0, UndoProgress::Gone);
    let mut script = vec![no_cluster()];
    script.extend(no_groups());
    assert_eq!(undone(script).await.0, UndoProgress::Gone);
}

#[tokio::test]
async fn what_is_not_ours_is_left_alone() {
    for tags in [json!([]), tag_list(&[], "another-restore")] {
        let made = ("ClusterCreateTime", "2026-11-01T02:15:00Z".into());
        let mut script = vec![cluster_answer(&copy(&[("TagList", tags), made]), "available")];
        script.extend(groups("another-restore"));
        assert_eq!(undone(script).await.0, UndoProgress::Gone);
    }
}

#[tokio::test]
async fn a_half_made_copy_is_waited_for() {
    let cluster = |status| cluster_answer(&copy(&[]), status);
    let none = || vec![answers("DeregisterScalableTarget", "{}"), instances_answer(&json!([]))];
    let mut script = vec![cluster("creating")];
    script.extend(none());
    script.push(refuses("DeleteDBCluster", 400, "InvalidDBClusterStateFault"));
    assert_eq!(
        waiting(undone(script).await.0),
        "cluster hubs-db-r1 is creating, and cannot be deleted before that has ended"
    );
    let script = vec![
        cluster("available"),
        refuses("DeregisterScalableTarget", 400, "ObjectNotFoundException"),
        instances(["creating", "available"]),
        refuses("DeleteDBInstance", 400, "InvalidDBInstanceState"),
        xml("DeleteDBInstance", ""),
    ];
    assert_eq!(
        waiting(undone(script).await.0),
        "cluster hubs-db-r1: instance hubs-db-1-r1 is creating, and cannot be deleted before"
    );
    // Its instances are being deleted: the cluster can be too.
    let script = vec![
        cluster("available"),
        answers("DeregisterScalableTarget", "{}"),
        instances(["deleting", "available"]),
        refuses("DeleteDBInstance", 404, "DBInstanceNotFound"),
        refuses("DeleteDBCluster", 404, "DBClusterNotFoundFault"),
    ];
    waiting(undone(script).await.0);
    // Protection cannot be turned off while it is being modified.
    let script = vec![
        cluster_answer(&copy(&[("DeletionProtection", true.into())]), "modifying"),
        refuses("ModifyDBCluster", 400, "InvalidDBClusterStateFault"),
    ];
    assert!(waiting(undone(script).await.0).contains("InvalidDBClusterStateFault"));
}

#[tokio::test]
async fn a_copy_in_any_status_can_be_removed() {
    for status in ["available", "incompatible-restore", "stopped", "never-heard-of"] {
        let script = vec![
            cluster_answer(&copy(&[]), status),
            answers("DeregisterScalableTarget", "{}"),
            instances_answer(&json!([])),
            xml("DeleteDBCluster", ""),
        ];
        waiting(undone(script).await.0);
    }
}

#[tokio::test]
async fn a_parameter_group_waits_for_its_last_user() {
    let mut script = vec![no_cluster()];
    let mut groups = groups(&restore().id);
    groups.insert(
        2,
        refuses("DeleteDBClusterParameterGroup", 400, "InvalidDBParameterGroupState"),
    );
    groups.push(refuses("DeleteDBParameterGroup", 404, "DBParameterGroupNotFound"));
    script.extend(groups);
    assert_eq!(
        waiting(undone(script).await.0),
        "cluster parameter group tuned is still in use"
    );
}

#[tokio::test]
async fn what_may_not_be_deleted_is_left_to_a_person() {
    let script = vec![
        cluster_answer(&copy(&[]), "available"),
        answers("DeregisterScalableTarget", "{}"),
        instances_answer(&json!([])),
        refuses("DeleteDBCluster", 403, "AccessDenied"),
    ];
    let (undoing, _) = undone(script).await;
    assert!(
        matches!(&undoing, UndoProgress::Remains(what) if what.contains("hubs-db-r1") && what.contains("AccessDenied")),
        "{undoing:?}"
    );
}

#[tokio::test]
async fn what_was_not_heard_is_tried_again() {
    for script in [
        vec![cut("DescribeDBClusters")],
        vec![
            cluster_answer(&copy(&[]), "available"),
            answers("DeregisterScalableTarget", "{}"),
            instances_answer(&json!([])),
            cut("DeleteDBCluster"),
        ],
    ] {
        let (aurora, replay) = aurora(script);
        let error = aurora
            .undo(&restore(), &item(from_snapshot(), configuration()))
            .await
            .unwrap_err();
        assert_eq!(error.name(), "Unavailable", "{error}");
        replay.played();
    }
}
