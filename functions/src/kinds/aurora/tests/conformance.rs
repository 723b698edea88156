//! RDS's responses for the conformance suite.

use std::sync::Arc;

use serde_json::json;

use super::compare::broken;
use super::copies::{
    captured, cluster_answer, configuration, faithful, from_snapshot, groups_are_there, instances_answer, item, made,
    no_cluster, restore as restore_run, restored, snapshot_is, tag_list, versions,
};
use super::preflight::Answers;
use super::recovery::{RESTORABLE, backups, cluster, no_backups};
use super::undo::{copy, groups};
use super::*;
use crate::domain::restore::item::RestoreItem;
use crate::testing::conformance::{BackupAnswers, PlanningAnswers, RecoveryAnswers, RestoreAnswers};

pub fn backup() -> BackupAnswers {
    BackupAnswers {
        kind: |aws| Arc::new(Aurora::from_config(aws)),
        resource: database(),
        point: RecoveryPoint::ClusterSnapshot {
            id: id(),
            arn: ARN.into(),
        },
        capture: || {
            vec![
                xml(
                    "DescribeDBClusters",
                    "<DBClusters><DBCluster><DBClusterIdentifier>hubs-db</DBClusterIdentifier><Engine>aurora-postgresql</Engine>\
                     </DBCluster></DBClusters>",
                ),
                xml("DescribeDBInstances", "<DBInstances/>"),
                xml("DescribeDBClusterEndpoints", "<DBClusterEndpoints/>"),
                answers("DescribeScalableTargets", r#"{"ScalableTargets":[]}"#),
            ]
        },
        back_up: || vec![none(), cluster_is("available"), created(), ours("creating")],
        create: Some("CreateDBClusterSnapshot"),
        adopt: || vec![ours("creating")],
        conflict: Some(|| vec![snapshot("available", 100, "hubs-db", "another-set")]),
        find: || vec![ours("available")],
        find_foreign: || vec![snapshot("available", 100, "other-db", &run().id)],
        find_unclear: Some(|| vec![untagged("")]),
        poll: || vec![ours("available")],
        poll_running: || vec![ours("creating")],
        poll_failed: || vec![ours("failed")],
        poll_gone: || vec![none()],
        blocked: None,
        abandon: Vec::new,
        abandon_again: Vec::new,
        mark_sealed: || vec![xml("AddTagsToResource", "")],
        tagged: || {
            let untagged = "<DBClusterSnapshot><Status>available</Status></DBClusterSnapshot>".to_owned();
            let creating = shown("creating", 40, "hubs-db", &run().id);
            let ours = shown("available", 100, "hubs-db", &run().id);
            vec![snapshots(&[untagged, creating, ours])]
        },
        delete: || vec![ours("available"), xml("DeleteDBClusterSnapshot", ""), none()],
        remove: Some("DeleteDBClusterSnapshot"),
        delete_again: || vec![none()],
    }
}

pub fn recovery() -> RecoveryAnswers {
    RecoveryAnswers {
        kind: |aws| Arc::new(Aurora::from_config(aws)),
        resource: database(),
        exists: || vec![cluster("")],
        gone: Some(|| vec![no_cluster()]),
        continuous: Some((|| vec![cluster(RESTORABLE)], || vec![no_cluster(), no_backups()])),
        kept: Some((
            || vec![no_cluster(), backups(&[("cluster-A", "19")])],
            || vec![no_cluster(), no_backups(), snapshots(&[])],
        )),
        destination: [Vec::new, Vec::new],
        configuration: configuration(),
        instance_classes: &["/DBInstances/0/DBInstanceClass", "/DBInstances/1/DBInstanceClass"],
        ca_certificates: &[
            "/DBInstances/0/CACertificateIdentifier",
            "/DBInstances/1/CACertificateIdentifier",
        ],
    }
}

pub fn planning() -> PlanningAnswers {
    PlanningAnswers {
        endpoint: Some((
            || {
                let engine = "<Engine>aurora-postgresql</Engine>";
                vec![cluster(&format!(
                    "{engine}<Endpoint>hubs.example</Endpoint><Port>5432</Port>"
                ))]
            },
            || vec![no_cluster()],
        )),
        backup_quota: Some((
            || {
                let quota = "<AccountQuota><AccountQuotaName>ManualClusterSnapshots</AccountQuotaName><Used>40</Used><Max>100</Max>\
                             </AccountQuota>";
                vec![xml(
                    "DescribeAccountAttributes",
                    &format!("<AccountQuotas>{quota}</AccountQuotas>"),
                )]
            },
            || vec![xml("DescribeAccountAttributes", "<AccountQuotas/>")],
        )),
        dependents: Some((
            || {
                let proxies = "<DBProxies><member><DBProxyName>pool</DBProxyName></member></DBProxies>";
                let target = "<Targets><member><TrackedClusterId>hubs-db</TrackedClusterId></member></Targets>";
                vec![
                    xml("DescribeDBProxies", proxies),
                    xml("DescribeDBProxyTargets", target),
                    xml("DescribeEventSubscriptions", "<EventSubscriptionsList/>"),
                ]
            },
            || {
                let denied = |action| refuses(action, 403, "AccessDenied");
                vec![denied("DescribeDBProxies"), denied("DescribeEventSubscriptions")]
            },
        )),
        master_user: Some((
            || {
                vec![cluster_answer(
                    &copy(&[("MasterUsername", json!("postgres"))]),
                    "available",
                )]
            },
            || vec![anothers()],
        )),
        set_master_password: [
            || vec![xml("ModifyDBCluster", "<DBCluster></DBCluster>")],
            || vec![refuses("ModifyDBCluster", 400, "InvalidParameterValue")],
        ],
        ..PlanningAnswers::of_none(backup(), restore())
    }
}

pub fn restore() -> RestoreAnswers {
    let item = item(from_snapshot(), configuration());
    RestoreAnswers {
        kind: |aws| Arc::new(Aurora::from_config(aws)),
        run: restore_run(),
        item: item.clone(),
        preflight: || Answers::good().script(),
        preflight_taken: Some(|| {
            let target = anothers();
            Answers {
                target,
                ..Answers::good()
            }
            .script()
        }),
        begin: || {
            let mut script = vec![
                no_cluster(),
                snapshot_is("available", "16.4"),
                versions(&[("16.4", "available")]),
            ];
            script.extend(groups_are_there());
            script.push(restored("RestoreDBClusterFromSnapshot"));
            script
        },
        create: Some("RestoreDBClusterFromSnapshot"),
        in_progress: || vec![cluster_answer(&copy(&[]), "creating")],
        later_looks: || configure::looks().into(),
        conflict: Some(|| vec![anothers()]),
        created: RestoreItem {
            created: Some(made()),
            ..item
        },
        compare: || captured(&faithful()),
        compare_different: (
            || captured(&broken(|copy| copy["DBCluster"]["Port"] = 5432.into())),
            "Port",
        ),
        sample: Vec::new,
        undo_nothing: gone,
        undo: || {
            vec![
                cluster_answer(&copy(&[]), "available"),
                answers("DeregisterScalableTarget", "{}"),
                instances_answer(&json!([])),
                xml("DeleteDBCluster", ""),
            ]
        },
        remove: Some("DeleteDBCluster"),
        undo_again: gone,
        undo_foreign: Some(|| {
            let mut script = vec![anothers()];
            script.extend(groups("another-restore"));
            script
        }),
    }
}

/// A cluster that another restore created under the copy's name.
fn anothers() -> Exchange {
    let tags = tag_list(&[], "another-restore");
    cluster_answer(&copy(&[("TagList", tags)]), "available")
}

/// No copy, and no parameter groups that this restore created.
fn gone() -> Vec<Exchange> {
    let mut script = vec![no_cluster()];
    script.extend(groups_are_there());
    script
}
